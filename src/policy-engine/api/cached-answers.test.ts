/** Answers of the Data API from the cache: which are kept, for how long, what callers are told, and that each is logged. */
import { createHmac } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../observability/logger.ts'
import { createMetrics, type Metrics } from '../../observability/metrics.ts'
import { writeArchive } from '../bundle/archive.ts'
import { buildFixture, FIXTURE_KEYS, signFixture } from '../bundle/bundle-fixture.ts'
import { loadBundle } from '../bundle/load.ts'
import { KEPT } from '../cache/cache-fixture.ts'
import { openDecisionLog } from '../decision-log/log.ts'
import type { VerifiedBundle } from '../engine.ts'
import { createNode, type PolicyNode } from '../node/node.ts'
import { type OutsideSettings, openOutside } from '../node/outside.ts'
import { askUserinfo, REQUEST } from '../question-fixture.ts'
import { policyStatus } from '../status.ts'
import { createPolicyApi, type PolicyApi } from './server.ts'

let bundle: VerifiedBundle
let directory: string
let metrics: Metrics
let node: PolicyNode
let app: PolicyApi
let port = 0
let nowMs = 0

const OUTSIDE: OutsideSettings = {
  allow: ['127.0.0.1'],
  unlisted: 'none',
  answerBytes: 1024,
  cacheBytes: 0,
  files: [],
  variables: {},
}

beforeAll(async () => {
  bundle = await loadBundle(await writeArchive(signFixture(await buildFixture(KEPT), 1)), {
    name: 'sallyport',
    keys: FIXTURE_KEYS,
    requiredEntrypoints: [],
  })
})
beforeEach(async () => {
  nowMs = 1_764_000_000_000
  directory = await mkdtemp(join(tmpdir(), 'cached-'))
  metrics = createMetrics('api')
  const log = openDecisionLog({ directory, labels: { id: 'i', version: '1', node: 'api' }, metrics })
  node = createNode({
    name: 'api',
    metrics,
    clock: { nowMs: () => nowMs },
    log,
    outside: openOutside(OUTSIDE, metrics.registry),
  })
  await node.activate([bundle])
  app = createPolicyApi({
    node,
    credentials: [],
    loopback: true,
    version: '1.0.0',
    logger: createLogger({ destination: { write: () => {} } }),
    metrics,
    status: () => policyStatus([], [node.status()], true),
    metricsText: () => metrics.registry.metrics(),
    purge: (subject) => node.purge(subject),
  })
  port = await app.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  await app.close()
  await node.close()
  await rm(directory, { recursive: true })
})

const url = (path: string) => `http://127.0.0.1:${port}${path}`
const ask = async (path: string, input: unknown) => {
  const answer = await fetch(url(`/v1/data/${path}`), { method: 'POST', body: JSON.stringify({ input }) })
  const body = (await answer.json()) as { result?: unknown; decision_id?: string }
  return { ...body, control: answer.headers.get('cache-control'), age: answer.headers.get('age') }
}
interface LoggedEvent {
  readonly decision_id: string
  readonly metrics: Readonly<Record<string, number>>
  readonly custom?: { readonly cached?: boolean }
  readonly nd_builtin_cache?: unknown
  readonly result?: unknown
}
const events = async () =>
  (await readFile(join(directory, 'decisions-api.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LoggedEvent)
const cachedEvents = async () => (await events()).map(({ custom }) => custom?.cached === true)
const count = async (outcome: string) => {
  const { values } = (await metrics.registry.getSingleMetric('decision_cache_total')?.get()) ?? { values: [] }
  return values.find(({ labels }) => labels.outcome === outcome)?.value
}

describe('an answer of a rule that declares a ttl', () => {
  it('is kept for that long, tells callers its age (RFC 9111), and is logged each time under an id of its own', async () => {
    const first = await ask('kept/plain', { x: 1, y: 2 })
    nowMs += 89_000
    const second = await ask('kept/plain', { y: 2, x: 1 })
    expect(first).toMatchObject({ control: 'private, max-age=90', age: '0' })
    expect(second).toMatchObject({ control: 'private, max-age=90', age: '89', result: first.result })
    nowMs += 1000
    expect(await ask('kept/plain', { x: 1, y: 2 })).toMatchObject({ age: '0' })
    expect(await cachedEvents()).toEqual([false, true, false])
    const logged = await events()
    expect(logged.map(({ metrics }) => metrics.counter_server_query_cache_hit)).toEqual([undefined, 1, undefined])
    expect(logged.map(({ decision_id }) => decision_id).slice(0, 2)).toEqual([first.decision_id, second.decision_id])
    expect(new Set(logged.map(({ decision_id }) => decision_id)).size).toBe(3)
    expect(logged.map(({ result }) => result)).toEqual([first.result, first.result, first.result])
  })

  it('is kept whole, and parts of it are taken from it', async () => {
    const whole = await ask('kept/plain', { x: 7 })
    const part = await ask('kept/plain/list/1/deep', { x: 7 })
    expect([whole.result, part.result, part.age]).toEqual([{ x: 7, list: [1, { deep: 7 }] }, 7, '0'])
    expect(await ask('kept/plain/list/9', { x: 7 })).not.toHaveProperty('result')
    expect(await cachedEvents()).toEqual([false, true, true])
  })

  it('does not round the time that a caller sends', async () => {
    for (const epoch_seconds of [1000, 1001]) await ask('kept/plain', { x: 1, request: { time: { epoch_seconds } } })
    expect(await cachedEvents()).toEqual([false, false])
  })

  it('keeps number text apart: 1.50 is not 1.5', async () => {
    const send = async (body: string) => (await fetch(url('/v1/data/kept/plain'), { method: 'POST', body })).text()
    const texts = [
      await send('{"input":{"x":1.50}}'),
      await send('{"input":{"x":1.5}}'),
      await send('{"input":{"x":1.50}}'),
    ]
    expect(texts.map((text) => /"x":([\d.]+)/.exec(text)?.[1])).toEqual(['1.50', '1.5', '1.50'])
    expect(await cachedEvents()).toEqual([false, false, true])
  })

  it('keeps strict answers apart from others', async () => {
    const strict = () =>
      fetch(url('/v1/data/kept/plain?strict-builtin-errors'), { method: 'POST', body: '{"input":{"x":1}}' })
    await ask('kept/plain', { x: 1 })
    for (const _ of [1, 2]) await strict()
    expect(await cachedEvents()).toEqual([false, false, true])
  })

  it('is evaluated once for equal inputs of a batch, each a decision of its own', async () => {
    const body = JSON.stringify({ inputs: { a: { x: 1 }, b: { x: 1 }, c: { x: 2 } } })
    const answer = await fetch(url('/v1/batch/data/kept/plain'), { method: 'POST', body })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const { responses } = (await answer.json()) as {
      responses: Record<string, { decision_id: string; result: object }>
    }
    expect(Object.values(responses).map(({ result }) => result)).toMatchObject([{ x: 1 }, { x: 1 }, { x: 2 }])
    expect(await cachedEvents()).toEqual([false, true, false])
    expect(new Set((await events()).map(({ decision_id }) => decision_id)).size).toBe(3)
  })

  it('tells an undefined input from null', async () => {
    const get = async (query: string) => (await fetch(url(`/v1/data/kept/by_rule${query}`))).json()
    expect([await get(''), await get('?input=null'), await get('')]).toHaveLength(3)
    expect(await cachedEvents()).toEqual([false, false, false])
  })

  it('is forgotten by subject, by API', async () => {
    const purge = (body: string) => fetch(url('/v1/cache/purge'), { method: 'POST', body })
    const alice = { x: 1, subject: { sub: 'alice' } }
    const bob = { x: 1, subject: { sub: 'bob' } }
    await ask('kept/plain', alice)
    await ask('kept/plain', bob)
    expect((await purge('{"subject":"alice"}')).status).toBe(204)
    await ask('kept/plain', alice)
    await ask('kept/plain', bob)
    expect((await purge('{}')).status).toBe(204)
    await ask('kept/plain', bob)
    expect(await cachedEvents()).toEqual([false, false, false, true, false])
  })

  it('is forgotten on activation', async () => {
    await ask('kept/plain', { x: 1 })
    await node.activate([{ ...bundle, revision: 'next', digest: 'next' }])
    expect(await ask('kept/plain', { x: 1 })).toMatchObject({ age: '0' })
    expect(await cachedEvents()).toEqual([false, false])
  })

  it('shows in the metrics, with the share of hits', async () => {
    for (const x of [1, 1, 1, 2]) await ask('kept/plain', { x })
    expect([await count('hit'), await count('miss'), await count('joined')]).toEqual([2, 2, 0])
    const text = await (await fetch(url('/metrics'))).text()
    expect(text).toMatch(/^decision_cache_hit_ratio\{node="api"\} 0\.5$/m)
    expect(text).toMatch(/^decision_cache_entries\{node="api"\} 2$/m)
    expect(text).toMatch(/^decision_cache_bytes\{node="api"\} [1-9]\d+$/m)
  })
})

/** For `kept/token`. */
function signedUntil(exp: number): string {
  const text = [{ alg: 'HS256', typ: 'JWT' }, { exp }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${createHmac('sha256', 'a-secret-of-the-fixture').update(text).digest('base64url')}`
}

describe('an answer that is not kept', () => {
  it('is one about a token: what verified it a moment ago refuses it once it has expired (RFC 7519 4.1.4)', async () => {
    const token = signedUntil(nowMs / 1000 + 10)
    expect(await ask('kept/token', { token })).toMatchObject({ result: true, control: 'no-store' })
    nowMs += 10_000
    expect(await ask('kept/token', { token })).toMatchObject({ result: false, control: 'no-store' })
    // Also where the bundle says that its rule never asks the clock.
    await node.activate([{ ...bundle, cacheTtlSeconds: { 'kept/token': 90 } }])
    nowMs -= 10_000
    expect(await ask('kept/token', { token })).toMatchObject({ result: true, control: 'no-store' })
    nowMs += 10_000
    expect(await ask('kept/token', { token })).toMatchObject({ result: false, control: 'no-store' })
    expect(await cachedEvents()).toEqual([false, false, false, false])
    const written = await readFile(join(directory, 'decisions-api.jsonl'), 'utf8')
    expect((await events())[0]?.nd_builtin_cache).toHaveProperty(['io.jwt.decode_verify'])
    expect(written).not.toContain('a-secret-of-the-fixture')
  })

  it.each([
    ['of a rule that declares no ttl', 'kept/undeclared', { x: 1 }],
    ['that asks the clock', 'kept/now', {}],
    ['of a rule that might ask the clock, though it did not', 'kept/seldom', { clock: false }],
    ['that asks for chance by way of a function', 'kept/by_function', { x: 1 }],
    ['of a rule that looks up one that asks for chance', 'kept/dynamic', { key: 'a' }],
    ['that is undefined', 'kept/nothing', {}],
    ['of a trap', 'kept/trap', { x: 2 }],
    ['of a package', 'kept', { x: 1 }],
  ])('is one %s', async (_title, path, input) => {
    for (const _ of [1, 2]) expect(await ask(path, input)).toMatchObject({ control: 'no-store', age: null })
    expect(await cachedEvents()).toEqual([false, false])
  })

  it('is one that asked the clock, also where the bundle says that its rule never would', async () => {
    await node.activate([{ ...bundle, cacheTtlSeconds: { 'kept/seldom': 90 } }])
    for (const _ of [1, 2]) expect(await ask('kept/seldom', { clock: true })).toMatchObject({ control: 'no-store' })
    for (const _ of [1, 2]) await ask('kept/seldom', { clock: false })
    expect(await cachedEvents()).toEqual([false, false, false, true])
  })

  it('is one that was judged while its subject was purged', async () => {
    const asked = node.evaluate({ path: ['kept', 'plain'], input: { x: 1, subject: { sub: 'alice' } } })
    node.purge('alice')
    await asked
    await node.evaluate({ path: ['kept', 'plain'], input: { x: 1, subject: { sub: 'alice' } } })
    expect(await cachedEvents()).toEqual([false, false])
  })
})

it('keeps what asks the clock where its rule declares that it may be, for a minute at most', async () => {
  const first = await ask('kept/declared', {})
  nowMs += 59_000
  expect(await ask('kept/declared', {})).toMatchObject({
    result: first.result,
    control: 'private, max-age=60',
    age: '59',
  })
  nowMs += 1000
  expect((await ask('kept/declared', {})).result).not.toBe(first.result)
  const clock = { 'time.now_ns': { '[]': first.result } }
  expect((await events()).slice(0, 2).map(({ nd_builtin_cache }) => nd_builtin_cache)).toEqual([clock, clock])
})

it('keeps what reaches a rule that asks nothing anew, next to those that do', async () => {
  expect(bundle.cacheTtlSeconds).toEqual({
    'authz/userinfo/decision': 30,
    'kept/plain': 90,
    'kept/by_rule': 90,
    'kept/nothing': 90,
    'kept/trap': 90,
    'kept/declared': 90,
    'kept/asks': 90,
  })
})

it('gives no caller anything that another could change', async () => {
  const input = askUserinfo({ sub: 's' })
  for (const _ of [1, 2]) {
    const verdict = await node.decide('userinfo', input)
    const { claims } = (verdict as unknown as { obligations: { claims: string[] } }).obligations
    expect(claims).toEqual([String(REQUEST.time.epoch_seconds)])
    expect(() => claims.push('another')).toThrow(TypeError)
  }
})

describe('a rule that asks another service', () => {
  let asked = 0
  let server: Server
  let input: { url: string }
  beforeEach(async () => {
    asked = 0
    server = createServer((_request, response) => {
      asked += 1
      const number = asked
      // The next turn of the loop: all that is asked at a time has come by then.
      setImmediate(() => response.setHeader('content-type', 'application/json').end(JSON.stringify({ number })))
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    input = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })
  const evaluate = (rule: string) => node.evaluate({ path: ['kept', rule], input })

  it('is asked once by equal questions at a time, and kept, where it declares that it may be', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => evaluate('asks')))
    expect([asked, answers.map(({ result }) => result)]).toEqual([1, ['1', '1', '1']])
    expect((await ask('kept/asks', input)).result).toBe(1)
    expect(asked).toBe(1)
    expect(await cachedEvents()).toEqual([false, true, true, true])
    expect([await count('joined'), await count('hit'), await count('miss')]).toEqual([2, 1, 1])
    for (const { nd_builtin_cache } of await events()) expect(nd_builtin_cache).toHaveProperty(['http.send'])
  })

  it('is asked by each question where it does not', async () => {
    expect((await ask('kept/asks_undeclared', input)).result).toBe(1)
    expect(await ask('kept/asks_undeclared', input)).toMatchObject({ result: 2, control: 'no-store' })
    expect(await cachedEvents()).toEqual([false, false])
  })

  it('is asked again by a question after a purge, and what was answered to the one before is not kept', async () => {
    const before = evaluate('asks')
    node.purge()
    const after = evaluate('asks')
    expect(new Set([(await before).result, (await after).result])).toEqual(new Set(['1', '2']))
    expect((await evaluate('asks')).result).toBe((await after).result)
  })
})
