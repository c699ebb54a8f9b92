/** The real OPA against the same bundle server and the same reader of status reports: what passes here is OPA's way. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type BundleServer, startBundleServer } from '../../../test/servers/bundle-server.ts'
import { FIXTURE_KEYS } from '../bundle/bundle-fixture.ts'
import { openRoom, packed, type Room } from './activator-fixture.ts'
import { isUpdate } from './opa-status-fixture.ts'

const OPA = resolve(process.env.OPA ?? '.toolchain/opa')
const folder = mkdtempSync(join(tmpdir(), 'opa-oracle-'))
let bundles: BundleServer
let status: Server
let room: Room
let opa: ChildProcess
const reports: unknown[] = []
let wake = () => {}

beforeAll(async () => {
  bundles = await startBundleServer()
  room = await openRoom()
  status = createServer(async (request, reply) => {
    let text = ''
    for await (const chunk of request) text += chunk
    reports.push(JSON.parse(text))
    reply.end()
    wake()
  })
  status.listen(0, '127.0.0.1')
  await once(status, 'listening')
  bundles.put(await packed(1), '"one"')
  const config = {
    services: {
      bundles: { url: bundles.url },
      status: { url: `http://127.0.0.1:${(status.address() as AddressInfo).port}` },
    },
    bundles: {
      sallyport: {
        service: 'bundles',
        polling: { min_delay_seconds: 1, max_delay_seconds: 1 },
        signing: { keyid: 'test' },
      },
    },
    keys: { test: { algorithm: 'ES256', key: FIXTURE_KEYS[0]?.key } },
    status: { service: 'status' },
  }
  writeFileSync(join(folder, 'opa.yaml'), JSON.stringify(config))
  const args = ['run', '--server', '--addr', '127.0.0.1:0', '--disable-telemetry', '-c', 'opa.yaml']
  opa = spawn(OPA, args, { cwd: folder, stdio: 'ignore' })
})
afterAll(async () => {
  opa.kill()
  await room.close()
  bundles.close()
  status.close()
  status.closeAllConnections()
  rmSync(folder, { recursive: true })
})

it('asks as OPA asks, deltas aside: same path, same ETag after activation', async () => {
  await bundles.seen(2)
  const theirs = bundles.requests.slice(0, 2)
  expect(theirs[1]).toMatchObject({ ifNoneMatch: '"one"' })
  await room.follow({ remote: room.service(bundles.url) })
  const asked = () => bundles.requests.filter(({ prefer }) => prefer === 'modes=snapshot')
  while (!asked().some(({ ifNoneMatch }) => ifNoneMatch === '"one"')) await bundles.seen(bundles.requests.length + 1)
  expect(asked()[0]).toMatchObject({ path: theirs[0]?.path, ifNoneMatch: undefined })
  expect(theirs[0]?.prefer).toBe('modes=snapshot,delta')
})

it('reports what a reader takes who takes what OPA itself reports, and nothing else', async () => {
  const active = () => reports.some((report) => JSON.stringify(report).includes('"active_revision"'))
  while (!active()) await new Promise<void>((resolve) => (wake = resolve))
  for (const report of reports) expect(isUpdate.faults(report)).toEqual([])
})
