import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { freePort } from '../../../test/servers/free-port.ts'
import { type Sallyport, startSallyport } from '../../../test/servers/sallyport.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-lock-'))
afterAll(() => rmSync(folder, { recursive: true }))
const running: Sallyport[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((sallyport) => sallyport.stop('SIGKILL')))
})

async function start(port: number): Promise<Sallyport> {
  const env = { AUTH_PORT: String(port), POLICY_PORT: String(await freePort()) }
  const sallyport = startSallyport(['serve', '--dev'], { cwd: folder, env })
  running.push(sallyport)
  return sallyport
}
const READY = /ready in \d+ ms/

test('a second demo on the same folder is refused, and changes nothing of the first', async () => {
  const port = await freePort()
  const first = await start(port)
  await first.says(READY, 60_000)
  const before = readFileSync(join(folder, 'var/dev/credentials.json'), 'utf8')
  const second = await start(await freePort())
  await second.says(new RegExp(`a demo runs on .*: process \\d+, http://localhost:${port}\\.`), 60_000)
  expect(readFileSync(join(folder, 'var/dev/credentials.json'), 'utf8')).toBe(before)
  expect(second.said).not.toMatch(READY)
})

test('the lock of a demo that was killed is taken over', async () => {
  const killed = await start(await freePort())
  await killed.says(READY, 60_000)
  await killed.stop('SIGKILL')
  expect(JSON.parse(readFileSync(join(folder, 'var/dev/running.json'), 'utf8'))).toEqual({
    pid: expect.any(Number),
    port: expect.any(Number),
  })
  const next = await start(await freePort())
  await next.says(READY, 60_000)
})
