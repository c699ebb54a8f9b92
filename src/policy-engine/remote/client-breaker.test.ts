/** The breaker of the policy client: what opens it, what does not, and that nobody waits while it is open. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../observability/logger.ts'
import { createMetrics, type Metrics } from '../../observability/metrics.ts'
import { askUserinfo } from '../question-fixture.ts'
import { connectPolicy, type PolicyClient } from './client.ts'

const VERDICT = JSON.stringify({
  decision_id: 'd',
  provenance: { bundles: { b: { revision: 'r' } } },
  result: {
    allow: true,
    reasons: [],
    obligations: { claims: [], step_up: 'none', acr_values: [], max_age_seconds: 0 },
  },
})
const DEADLINE_MS = 150

let server: Server
let client: PolicyClient
let metrics: Metrics
let lines: string[]
let asked: number
/** What the service does with a question. */
let behave: (response: ServerResponse) => void

beforeEach(async () => {
  asked = 0
  lines = []
  server = createServer((request, response) => {
    if (request.url !== '/health') asked += 1
    behave(response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  metrics = createMetrics('auth')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const logger = createLogger({ destination: { write: (line) => lines.push(line) } })
  client = await connectPolicy({ url, deadlineMs: DEADLINE_MS, logger, metrics })
})
afterEach(async () => {
  server.closeAllConnections()
  await client.close()
  server.close()
})

const answer = (status: number, body: string) => (response: ServerResponse) => void response.writeHead(status).end(body)
const hang = () => {}
const decide = () =>
  client.decide('userinfo', askUserinfo({ sub: 's' })).then(
    () => 'answered',
    (error: unknown) => (error instanceof Error && 'reason' in error ? error.reason : error),
  )
const many = (count: number) => Promise.all(Array.from({ length: count }, decide))
const state = async () => {
  const { values } = (await metrics.registry.getSingleMetric('policy_breaker_state')?.get()) ?? { values: [] }
  return values[0]?.value
}
const isBack = () => expect.poll(decide, { interval: 10, timeout: 60_000 }).toBe('answered')

describe('a service that hangs', () => {
  it('is waited for once; then it is asked nothing, and unavailable is said at once', async () => {
    behave = hang
    expect(new Set(await many(20))).toEqual(new Set(['timeout']))
    const before = asked
    expect(new Set(await many(1000))).toEqual(new Set(['unreachable']))
    expect([asked - before, await state()]).toEqual([0, 2])
    expect(await client.isReady()).toBe(false)
    expect(lines.join('')).toContain('does not answer')
  })

  it('is asked again once it answers, without any caller having waited for that', async () => {
    behave = hang
    await many(10)
    behave = answer(200, VERDICT)
    await isBack()
    expect([await state(), await client.isReady()]).toEqual([0, true])
    expect(lines.join('')).toContain('answers again')
  })
})

it('a service that is not there is asked nothing, and comes back by itself', async () => {
  behave = answer(200, VERDICT)
  const { port } = server.address() as AddressInfo
  expect(await decide()).toBe('answered')
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  expect(new Set(await many(20))).toEqual(new Set(['unreachable']))
  expect(await state()).not.toBe(0)
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  await isBack()
})

it.each([
  ['one that a proxy cannot reach', 503, '<html>no healthy upstream</html>', 2],
  ['one that is there without a bundle', 503, '{"code":"unavailable","message":"no policy bundle is active"}', 0],
  ['one whose policy traps', 500, '{"code":"internal_error"}', 0],
  ['one that refuses the credential', 401, '{"code":"unauthorized"}', 0],
  ['one that says nonsense', 200, 'nonsense', 0],
])('opens for no answer only: %s', async (_title, status, body, expected) => {
  behave = answer(status, body)
  for (let at = 0; at < 20; at++) await decide()
  expect(await state()).toBe(expected)
})

it('one slow question is no outage: all others are answered meanwhile and after', async () => {
  let slow = true
  behave = (response) => {
    if (slow) slow = false
    else answer(200, VERDICT)(response)
  }
  const [first, ...others] = await Promise.all([decide(), ...Array.from({ length: 50 }, decide)])
  expect([first, new Set(others), await decide()]).toEqual(['timeout', new Set(['answered']), 'answered'])
})
