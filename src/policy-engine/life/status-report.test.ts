/** Status reports over real HTTP, held against OPA's struct field by field, unknown ones refused. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openEgress } from '../../egress/open.ts'
import { openService } from '../../egress/service.ts'
import { createLogger } from '../../observability/logger.ts'
import { BundleError, type VerifiedBundle } from '../engine.ts'
import { BundleTracker, policyStatus } from '../status.ts'
import { isUpdate } from './opa-status-fixture.ts'
import { type StatusReporter, startStatusReports } from './status-report.ts'

const egress = openEgress({ allow: ['127.0.0.1'], unlisted: 'none' })
let server: Server
let reports: { path: string; body: unknown }[]
let wake: (() => void)[]
let statusCode: number
let reporter: StatusReporter
let tracker: BundleTracker
beforeEach(async () => {
  reports = []
  wake = []
  statusCode = 200
  tracker = new BundleTracker('sallyport')
  server = createServer(async (request, reply) => {
    let text = ''
    for await (const chunk of request) text += chunk
    reports.push({ path: `${request.method} ${request.url}`, body: JSON.parse(text) })
    reply.writeHead(statusCode).end()
    for (const done of wake.splice(0)) done()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  await reporter.close()
  server.close()
  server.closeAllConnections()
})
const start = (intervalMs = 60_000, partition?: string) => {
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`)
  reporter = startStatusReports({
    service: openService({ name: 'control', url }, { egress }),
    intervalMs,
    labels: { id: 'i', version: '1' },
    status: () => policyStatus([tracker.status], [], true),
    logger: createLogger({ level: 'silent' }),
    ...(partition !== undefined && { partition }),
  })
}
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise<void>((resolve) => wake.push(resolve))
}
const bundle = { name: 'sallyport', revision: 'r1', version: 7, keyId: 'k', sizeBytes: 10 } as VerifiedBundle
const lastBundle = () => (reports.at(-1) as { body: { bundles: Record<string, object> } }).body.bundles.sallyport

it('reports at start, at each change, and nothing twice, as OPA reads it (OPA, "Status")', async () => {
  start()
  await until(() => reports.length === 1)
  expect(lastBundle()).toMatchObject({ last_request: '0001-01-01T00:00:00Z' })
  tracker.requested('2026-11-28T10:00:00.000Z')
  tracker.activated(bundle, '2026-11-28T10:00:01.000Z')
  reporter.changed()
  await until(() => reports.length === 2)
  expect(lastBundle()).toEqual({
    name: 'sallyport',
    active_revision: 'r1',
    type: 'snapshot',
    size: 10,
    last_request: '2026-11-28T10:00:00.000Z',
    last_successful_request: '2026-11-28T10:00:01.000Z',
    last_successful_download: '2026-11-28T10:00:01.000Z',
    last_successful_activation: '2026-11-28T10:00:01.000Z',
  })
  reporter.changed()
  tracker.refused(new BundleError('source_refused', 'the service answers 500'), '2026-11-28T10:00:02.000Z', {
    httpCode: 500,
  })
  reporter.changed()
  await until(() => reports.length === 3)
  expect(lastBundle()).toMatchObject({
    code: 'bundle_error',
    message: 'source_refused: the service answers 500',
    http_code: 500,
  })
  for (const { path, body } of reports) {
    expect(path).toBe('POST /v1/status')
    expect(isUpdate.faults(body)).toEqual([])
  }
})

it('reports again after the interval, to its partition', async () => {
  start(50, 'eu/one')
  await until(() => reports.length === 3)
  expect(reports[2]).toMatchObject({ path: 'POST /v1/status/eu/one' })
})

it('makes a report anew while it is refused, with the state at the time', async () => {
  statusCode = 503
  start()
  await until(() => reports.length === 2)
  tracker.activated(bundle, '2026-11-28T10:00:01.000Z')
  statusCode = 200
  await until(() => reports.length === 3)
  expect(lastBundle()).toMatchObject({ active_revision: 'r1' })
})
