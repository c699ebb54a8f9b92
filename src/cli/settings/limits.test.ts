import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadConfig } from '../../config/load.ts'
import { authLimits } from './limits.ts'

const folder = mkdtempSync(join(tmpdir(), 'limits-'))
afterAll(() => rmSync(folder, { recursive: true }))

function limits(text: string) {
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(file, text)
  return authLimits(loadConfig({ file, env: {} }))
}

test('rates are off for a demo on loopback, and on for everybody else, unless it is said (checklist 20)', () => {
  expect(limits('issuer: http://localhost:8080').rates).toBeUndefined()
  expect(limits('issuer: https://auth.example.com').rates).toMatchObject({
    windowSeconds: 60,
    batchShare: 0.1,
    table: { token: { address: 6000, client: 6000, person: 600 }, login: { address: 300, person: 120 } },
  })
  expect(limits('limits: {rate: {mode: "on", token: {client: 5}}}').rates?.table.token).toMatchObject({
    client: 5,
    address: 6000,
  })
  expect(limits('issuer: https://auth.example.com\nlimits: {rate: {mode: "off"}}').rates).toBeUndefined()
})

test('backpressure is on by default', () => {
  expect(limits('').pressure).toEqual({ inFlight: 1000, lagMs: 100 })
  expect(limits('limits: {in_flight: 0, event_loop_lag_ms: 0}').pressure).toEqual({ inFlight: 0, lagMs: 0 })
})
