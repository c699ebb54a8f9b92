/** Decisions that a real OPA server answers: judged, logged and failed closed as our own are, and back without a restart. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type OpaServer, startOpaServer } from '../../../test/servers/opa-server.ts'
import { createLogger } from '../../observability/logger.ts'
import { createMetrics, type Metrics } from '../../observability/metrics.ts'
import { type ApiUnderTest, openApi, post } from '../api/api-fixture.ts'
import { writeArchive } from '../bundle/archive.ts'
import { buildFixture, FIXTURE_KEYS, SMALL, signFixture } from '../bundle/bundle-fixture.ts'
import { loadBundle } from '../bundle/load.ts'
import type { DecisionInput } from '../contract/index.ts'
import { openDecisionLog } from '../decision-log/log.ts'
import type { VerifiedBundle } from '../engine.ts'
import { createNode, type PolicyNode } from '../node/node.ts'
import { askRevoke } from '../question-fixture.ts'
import { policyStatus } from '../status.ts'
import { openRemotes } from './remotes.ts'

const DEADLINE_MS = 400

let folder: string
let bundle: VerifiedBundle
let opa: OpaServer
let node: PolicyNode
let metrics: Metrics
let ends: (() => unknown)[]

const serveOpa = (port?: number) =>
  startOpaServer({
    cwd: folder,
    args: ['--set', 'decision_logs.console=true', '--bundle', 'policies'],
    ...(port !== undefined && { port }),
  })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'remote-'))
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, 'policies', name)), { recursive: true })
    writeFileSync(join(folder, 'policies', name), text)
  }
  for (const [name, text] of Object.entries(SMALL.rego)) write(name, text)
  write('data.json', JSON.stringify(SMALL.data))
  write('.manifest', JSON.stringify({ roots: SMALL.roots, revision: 'central-7' }))
  bundle = await loadBundle(await writeArchive(signFixture(await buildFixture(SMALL), 1)), {
    name: 'sallyport',
    keys: FIXTURE_KEYS,
    requiredEntrypoints: [],
  })
  opa = await serveOpa()
})
afterAll(async () => {
  await opa.stop()
  await rm(folder, { recursive: true })
})
beforeEach(() => {
  ends = []
})
afterEach(async () => {
  for (const end of ends.reverse()) await end()
})

async function open(url: string, over: { retries?: number; path?: string; deadlineMs?: number } = {}): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'remote-log-'))
  metrics = createMetrics('n1')
  const log = openDecisionLog({ directory, labels: { id: 'i', version: '0', node: 'n1' }, metrics })
  const place = {
    name: 'central',
    service: { name: 'central', url },
    decisions: ['revoke'],
    path: 'authz/{decision}/decision',
    deadlineMs: DEADLINE_MS,
    retries: 2,
    ...over,
  }
  const remotes = openRemotes([place], { logger: createLogger({ destination: { write: () => {} } }) })
  node = createNode({ name: 'n1', log, metrics, remotes })
  await node.activate([bundle])
  ends.push(() => rm(directory, { recursive: true }))
  ends.push(() => node.close())
  events = async () =>
    (await readFile(join(directory, 'decisions-n1.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
}
let events: () => Promise<Record<string, unknown>[]>

const decide = (id = 'c1', owner = id) =>
  node.decide('revoke', askRevoke(id, owner)).then(
    ({ allow }) => (allow ? 'allow' : 'deny'),
    (error: unknown) => (error instanceof Error && 'reason' in error ? error.reason : error),
  )
const many = async (count: number) => new Set(await Promise.all(Array.from({ length: count }, () => decide())))
const isBack = () => expect.poll(() => decide(), { interval: 20, timeout: 60_000 }).toBe('allow')
const plugin = () => policyStatus([], [node.status()], true).plugins['remote/central']

describe('a decision that a remote OPA answers', () => {
  it('is answered by it, under its revision, and logged with its decision id', async () => {
    // The first question compiles, there and here: on a busy machine that takes longer than the deadline of the others.
    await open(opa.origin, { deadlineMs: 60_000 })
    const verdict = await node.decide('revoke', askRevoke('c1'), { requestId: 'r-1' })
    expect(verdict).toMatchObject({ allow: true, obligations: { revoke: 'token' }, revision: 'central-7' })
    expect(await decide('c1', 'c2')).toBe('deny')
    const [allowed = {}] = await events()
    expect(allowed).toMatchObject({
      decision_id: verdict.decisionId,
      path: 'authz/revoke/decision',
      input: askRevoke('c1'),
      result: { allow: true },
      custom: { request_id: 'r-1', remote: { name: 'central', decision_id: expect.stringMatching(/^[0-9a-f-]{36}$/) } },
    })
    expect(Object.values(allowed.bundles ?? {})).toEqual([{ revision: 'central-7' }])
    const { remote } = allowed.custom as { remote: { decision_id: string } }
    expect(opa.said).toContain(remote.decision_id)
    expect(node.status()).toMatchObject({ remotes: { central: { breaker: 'closed' } } })
    expect(plugin()).toEqual({ state: 'OK' })
  })

  it('is the one that the Data API answers too, while others are our own', async () => {
    await open(opa.origin)
    const answer = await node.evaluate({ path: ['authz', 'revoke', 'decision'], input: askRevoke('c1') })
    expect(answer).toMatchObject({ revision: 'central-7', result: expect.stringContaining('"allow":true') })
    const echo = await node.evaluate({ path: ['probe', 'echo'], input: { x: 1 } })
    expect([echo.revision, echo.bundles]).toEqual([bundle.revision, { sallyport: { revision: bundle.revision } }])
    expect((await events()).map(({ custom }) => (custom as { remote?: object } | undefined)?.remote)).toEqual([
      expect.objectContaining({ name: 'central' }),
      undefined,
    ])
  })

  describe('and the Data API, at paths around it', () => {
    let api: ApiUnderTest
    beforeEach(async () => {
      await open(opa.origin)
      api = await openApi(undefined, { node })
      ends.push(() => api.close())
    })
    const ask = (path: string) => post(api.port, `/v1/data${path}`, JSON.stringify({ input: askRevoke('c1') }))

    it('answers parts of it by the same server', async () => {
      expect(await ask('/authz/revoke/decision/obligations/revoke')).toMatchObject({
        status: 200,
        json: { result: 'token' },
        headers: { 'sallyport-revision': 'central-7' },
      })
      const none = await ask('/authz/revoke/decision/none')
      expect([none.status, none.json.result, none.headers['sallyport-revision']]).toEqual([200, undefined, 'central-7'])
    })

    it.each(['', '/authz', '/authz/revoke', '/authz/revoke/allow', '/authz/%72evoke'])(
      'never asks the bundle in its stead: data%s is unavailable, and logged as that',
      async (path) => {
        const answer = await ask(path)
        expect(answer).toMatchObject({ status: 503, json: { code: 'unavailable' } })
        expect(answer.json.message).toMatch(/another server/)
        expect(answer.headers).not.toHaveProperty('retry-after')
        expect(await events()).toMatchObject([{ error: { code: 'elsewhere' } }])
      },
    )

    it('has no decision where a segment merely reads like its path, as in OPA', async () => {
      for (const path of ['/authz%2Frevoke%2Fdecision', '/authz/revoke%2Fdecision', '/authz%2Frevoke/decision']) {
        const answer = await ask(path)
        expect([answer.status, answer.json.result]).toEqual([200, undefined])
        expect(answer.headers['sallyport-revision']).toBe(bundle.revision)
      }
    })

    it('answers what lies beside its package as ever', async () => {
      const input = { request: { time: { epoch_seconds: 60 } } }
      const answer = await post(api.port, '/v1/data/authz/userinfo/decision', JSON.stringify({ input }))
      expect(answer).toMatchObject({ status: 200, json: { result: { allow: true } } })
      expect(answer.headers['sallyport-revision']).toBe(bundle.revision)
    })
  })

  it.each([
    ['undefined', 'undefined'],
    ['trap', 'trap'],
    ['wrong', 'wrong_result'],
  ])('has no answer where its result is %s, and logs that; the breaker takes it for an answer', async (id, reason) => {
    await open(opa.origin)
    for (let at = 0; at < 10; at++) expect(await decide(id)).toBe(reason)
    expect((await events())[0]).toMatchObject({ path: 'authz/revoke/decision', error: { code: reason } })
    expect(plugin()).toEqual({ state: 'OK' })
  })

  it('is not asked with an input out of contract, nor without a bundle to judge the log', async () => {
    await open(opa.origin)
    const input = { ...askRevoke('c1'), extra: 1 } as DecisionInput<'revoke'>
    await expect(node.decide('revoke', input)).rejects.toMatchObject({ reason: 'wrong_input' })
    node.deactivate()
    expect(await decide()).toBe('no_bundle')
  })

  it('is asked at the path that is configured', async () => {
    await open(opa.origin, { path: 'authz/{decision}/allow' })
    expect(await decide()).toBe('wrong_result')
    expect(opa.said).toContain('"path":"authz/revoke/allow"')
  })
})

describe('a remote OPA that fails', () => {
  it('stopped: unavailable, then at once; started again: answers, without a restart here', async () => {
    await open(opa.origin)
    expect(await decide()).toBe('allow')
    await opa.stop()
    expect(await many(10)).toEqual(new Set(['unreachable']))
    expect(plugin()).toEqual({ state: 'ERROR' })
    expect(node.status()).toMatchObject({ remotes: { central: { breaker: expect.stringMatching(/open/) } } })
    const before = (await metrics.registry.getSingleMetric('policy_breaker_rejected_total')?.get())?.values[0]?.value
    expect(await many(50)).toEqual(new Set(['unreachable']))
    const after = (await metrics.registry.getSingleMetric('policy_breaker_rejected_total')?.get())?.values[0]?.value
    expect(Number(after) - Number(before)).toBe(50)
    opa = await serveOpa(Number(new URL(opa.origin).port))
    await isBack()
    expect(plugin()).toEqual({ state: 'OK' })
    expect((await events()).filter(({ error }) => error !== undefined).length).toBeGreaterThanOrEqual(60)
  })

  it('hung: waited for once, then unavailable at once; goes on: answers', async () => {
    await open(opa.origin)
    opa.signal('SIGSTOP')
    try {
      expect(await many(10)).toEqual(new Set(['timeout']))
      const answers = await Promise.all(Array.from({ length: 1000 }, () => decide()))
      // Where they take longer than the breaker stays open, one of them tries again.
      const tried = answers.filter((answer) => answer === 'timeout')
      expect(tried.length).toBeLessThan(10)
      expect(new Set(answers.filter((answer) => answer !== 'timeout'))).toEqual(new Set(['unreachable']))
    } finally {
      opa.signal('SIGCONT')
    }
    await isBack()
  })

  it.each([
    [2, 'allow'],
    [1, 'unreachable'],
  ])('closing the connection twice, with %i further tries: %s', async (retries, outcome) => {
    const flaky = await proxy(opa.origin, async (socket, at) => {
      if (at < 2) socket.destroy()
      return at >= 2
    })
    await open(flaky, { retries })
    expect(await decide()).toBe(outcome)
  })

  it('slow beyond the deadline over all tries: no answer, and no further try', async () => {
    let connections = 0
    const slow = await proxy(opa.origin, async () => {
      connections += 1
      await delay(DEADLINE_MS * 3)
      return true
    })
    await open(slow)
    expect([await decide(), connections]).toEqual(['timeout', 1])
  })

  it.each<[string, number, string, string, number]>([
    ['503, twice', 503, 'no upstream', 'allow', 3],
    ['400', 400, '{"code":"invalid_parameter"}', 'unreachable', 1],
    ['401', 401, '{"code":"unauthorized"}', 'unreachable', 1],
    ['500', 500, '{"code":"internal_error"}', 'trap', 1],
    ['no JSON', 200, 'allow', 'wrong_result', 1],
    ['an array', 200, '[{"result":{"allow":true}}]', 'wrong_result', 1],
    ['no result', 200, '{"decision_id":"d"}', 'undefined', 1],
    ['a bare boolean', 200, '{"result":true}', 'wrong_result', 1],
    ['bytes that are no UTF-8', 200, '\xff', 'wrong_result', 1],
    ['more than a megabyte', 200, `{"result":"${'x'.repeat(2 ** 20)}"}`, 'unreachable', 1],
  ])('answering %s', async (_title, status, body, outcome, tries) => {
    let asked = 0
    const server = createServer((_request, response) => {
      asked += 1
      const good = JSON.stringify({ result: { allow: true, reasons: [], obligations: { revoke: 'token' } } })
      if (status === 503 && asked > 2) response.end(good)
      else response.writeHead(status).end(Buffer.from(body, 'latin1'))
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    ends.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    await open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect([await decide(), asked]).toEqual([outcome, tries])
    if (outcome === 'allow') expect((await events())[0]).toMatchObject({ bundles: { central: { revision: '' } } })
  })
})

/** Passes connections on once `admit` says so. */
async function proxy(origin: string, admit: (socket: Socket, at: number) => Promise<boolean>): Promise<string> {
  const target = new URL(origin)
  const sockets = new Set<Socket>()
  let at = 0
  const server: Server = createTcpServer(async (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    if (!(await admit(socket, at++))) return
    const upstream = connect(Number(target.port), target.hostname)
    sockets.add(upstream)
    upstream.on('error', () => socket.destroy())
    socket.pipe(upstream).pipe(socket)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  ends.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
