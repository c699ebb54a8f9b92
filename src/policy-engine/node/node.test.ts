/** A deciding node: fails closed in every way a decision can go wrong, logs each, never mixes two revisions. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Clock } from '../../kernel/clock.ts'
import { createMetrics, type Metrics } from '../../observability/metrics.ts'
import { writeArchive } from '../bundle/archive.ts'
import { buildFixture, FIXTURE_KEYS, SMALL, signFixture, WITH_LINE } from '../bundle/bundle-fixture.ts'
import { loadBundle } from '../bundle/load.ts'
import type { DecisionInput } from '../contract/index.ts'
import { openDecisionLog } from '../decision-log/log.ts'
import { EvaluationError, type VerifiedBundle } from '../engine.ts'
import { askRevoke, askUserinfo, REQUEST } from '../question-fixture.ts'
import { createNode, type PolicyNode } from './node.ts'

const load = async (source = SMALL, version = 1) =>
  loadBundle(await writeArchive(signFixture(await buildFixture(source), version)), {
    name: 'sallyport',
    keys: FIXTURE_KEYS,
    minimumVersion: 0,
    requiredEntrypoints: [],
  })

const { time } = REQUEST
const revoke = (client_id: string, owner = client_id) => askRevoke(client_id, owner, { address: '203.0.113.7', time })
const userinfo = (epoch_seconds: number) =>
  askUserinfo({ sub: 'alice' }, { ...REQUEST, time: { ...time, epoch_seconds } })

let bundle: VerifiedBundle
let directory: string
let metrics: Metrics
let node: PolicyNode
let full = false
const nowMs = 1_764_000_000_000
const clock: Clock = { nowMs: () => nowMs }
const events = async () =>
  (await readFile(join(directory, 'decisions-n1.jsonl'), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

beforeAll(async () => {
  bundle = await load()
})
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'node-'))
  metrics = createMetrics('n1')
  full = false
  const { writeSync } = await import('node:fs')
  const log = openDecisionLog({
    directory,
    labels: { id: 'test', version: '0', node: 'n1' },
    metrics,
    write: (fd, text) => {
      if (full) throw new Error('ENOSPC')
      writeSync(fd, text)
    },
  })
  node = createNode({ name: 'n1', log, metrics, clock })
})
afterEach(async () => {
  await node.close()
  await rm(directory, { recursive: true })
})

describe('decide', () => {
  it('answers what policy says, with the revision and the id under which it is logged', async () => {
    await node.activate([bundle])
    const allowed = await node.decide('revoke', revoke('c1'), { requestId: 'r1' })
    expect(allowed).toMatchObject({ allow: true, obligations: { revoke: 'token' }, revision: bundle.revision })
    const denied = await node.decide('revoke', revoke('c1', 'c2'))
    expect(denied).toMatchObject({ allow: false, reasons: ['not_owner'] })
    expect(await events()).toMatchObject([
      {
        labels: { id: 'test', version: '0', node: 'n1' },
        decision_id: allowed.decisionId,
        path: 'authz/revoke/decision',
        bundles: { sallyport: { revision: bundle.revision } },
        input: revoke('c1'),
        result: { allow: true },
        custom: { request_id: 'r1' },
        timestamp: '2025-11-24T16:00:00.000000000Z',
      },
      { decision_id: denied.decisionId, result: { allow: false } },
    ])
  })

  it('has no answer before the first bundle, nor after the last', async () => {
    await expect(node.decide('revoke', revoke('c1'))).rejects.toMatchObject({ reason: 'no_bundle' })
    await node.activate([bundle])
    node.deactivate()
    await expect(node.decide('revoke', revoke('c1'))).rejects.toMatchObject({ reason: 'no_bundle' })
  })

  it.each([
    ['undefined', 'undefined'],
    ['trap', 'trap'],
    ['wrong', 'wrong_result'],
  ])('has no answer when the result is %s, and logs that (checklist 49)', async (id, reason) => {
    await node.activate([bundle])
    await expect(node.decide('revoke', revoke(id))).rejects.toMatchObject({ reason })
    expect(await events()).toMatchObject([{ error: { code: reason }, path: 'authz/revoke/decision' }])
    expect(await node.decide('revoke', revoke('c1'))).toMatchObject({ allow: true })
  })

  it('tells where in the policy an evaluation trapped, in both logs, and nothing of what it judged', async () => {
    await node.activate([bundle])
    const error: unknown = await node.decide('revoke', revoke('trap')).catch((cause: unknown) => cause)
    const where = /^p\/authz\/revoke\.rego:\d+:\d+: eval_conflict_error: object keys must be unique$/
    expect(error).toMatchObject({ reason: 'trap' })
    const [said] = String(error).match(/p\/authz\/revoke.*/) ?? []
    expect(said).toMatch(where)
    const [event] = await events()
    const [row, col] = said?.match(/\d+/g)?.map(Number) ?? []
    expect(event?.error).toEqual({ code: 'trap', message: said, location: { file: 'p/authz/revoke.rego', row, col } })
  })

  it('refuses an input out of contract, and writes nothing of it', async () => {
    await node.activate([bundle])
    const input = { ...revoke('c1'), password: 'canary' } as DecisionInput<'revoke'>
    await expect(node.decide('revoke', input)).rejects.toMatchObject({ reason: 'wrong_input' })
    const [event] = await events()
    expect(event).toMatchObject({ error: { code: 'wrong_input' } })
    expect(JSON.stringify(event)).not.toContain('canary')
  })

  it('gives no answer that is not in the log', async () => {
    await node.activate([bundle])
    full = true
    await expect(node.decide('revoke', revoke('c1'))).rejects.toMatchObject({ reason: 'audit' })
    full = false
    expect(await node.decide('revoke', revoke('c1'))).toMatchObject({ allow: true })
  })

  it('answers right after 2,000 aborts', async () => {
    await node.activate([bundle])
    for (let turn = 0; turn < 2000; turn += 100) {
      const aborts = Array.from({ length: 100 }, () => node.decide('revoke', revoke('trap')))
      const settled = await Promise.allSettled([...aborts, node.decide('revoke', revoke('c1'))])
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    }
    expect(await node.decide('revoke', revoke('c1'))).toMatchObject({ allow: true })
  })
})

describe('the decision cache in a node', () => {
  it('answers from the cache within the ttl that the rule declares, rounds time, and logs each answer', async () => {
    await node.activate([bundle])
    const base = 1_764_000_000
    const first = await node.decide('userinfo', userinfo(base + 1))
    const second = await node.decide('userinfo', userinfo(base + 29))
    expect(first).toMatchObject({ obligations: { claims: [`${base}`] } })
    expect(second).toMatchObject({ obligations: { claims: [`${base}`] } })
    expect(second.decisionId).not.toBe(first.decisionId)
    await node.decide('userinfo', userinfo(base + 31))
    const text = await metrics.registry.getSingleMetricAsString('decision_cache_total')
    expect(text).toContain('outcome="hit",node="n1"} 1')
    expect(text).toContain('outcome="miss",node="n1"} 2')
    expect(
      (await events()).map((event) => (event.metrics as Record<string, unknown>).counter_server_query_cache_hit),
    ).toEqual([undefined, 1, undefined])
  })

  it('forgets by subject and on activation', async () => {
    await node.activate([bundle])
    const hits = async () =>
      (await metrics.registry.getSingleMetricAsString('decision_cache_total')).match(/hit.* (\d+)/)?.[1]
    await node.decide('userinfo', userinfo(60))
    node.purge('bob')
    await node.decide('userinfo', userinfo(60))
    expect(await hits()).toBe('1')
    node.purge('alice')
    await node.decide('userinfo', userinfo(60))
    expect(await hits()).toBe('1')
    await node.activate([bundle])
    await node.decide('userinfo', userinfo(60))
    expect(await hits()).toBe('1')
  })
})

describe.each([
  ['mask and drop alone', SMALL],
  ['both in one line', WITH_LINE],
])('the log of a node, %s', (_how, source) => {
  let bundle: VerifiedBundle
  beforeAll(async () => {
    bundle = await load(source)
  })
  const ask = (path: string, input: unknown) => node.evaluate({ path: path.split('/'), input })

  it('masks before anything is written', async () => {
    await node.activate([bundle])
    const { result } = await ask('probe/echo', { secret: 'canary', open: 1.5 })
    expect(result).toContain('canary')
    const [event] = await events()
    expect(event).toMatchObject({ input: { open: 1.5 }, erased: ['/input/secret'] })
    expect(JSON.stringify((event as { input: object }).input)).not.toContain('canary')
  })

  it.each(['mask', 'trap'])(
    'erases input and result when the mask is malformed or traps (%s); the request goes on',
    async (how) => {
      await node.activate([bundle])
      expect(await ask(`broken/${how}`, { secret: 'canary' })).toMatchObject({ result: '"seen"' })
      const [event] = await events()
      expect(event).toMatchObject({ erased: ['/input', '/result'], path: `broken/${how}` })
      expect(event).not.toHaveProperty('input')
      expect(event).not.toHaveProperty('result')
      expect(await metrics.registry.getSingleMetricAsString('decision_log_mask_failures_total')).toMatch(/} 1$/m)
    },
  )

  it('keeps a stub of what policy drops', async () => {
    await node.activate([bundle])
    const { decisionId } = await ask('probe/dropped', { a: 'canary' })
    const [event] = await events()
    expect(event).toMatchObject({ decision_id: decisionId, custom: { dropped: true } })
    expect(event).not.toHaveProperty('input')
    expect(event).not.toHaveProperty('path')
  })
})

describe('the Data API of a node', () => {
  const ask = async (path: string, input?: unknown): Promise<unknown> => {
    const asked = { path: path === '' ? [] : path.split('/'), input }
    const { result } = await node.evaluate(asked)
    return result === undefined ? undefined : JSON.parse(result)
  }

  it('answers entrypoints, parts of packages, base data, and what lies below a path', async () => {
    await node.activate([bundle])
    expect(await ask('probe/echo', 0)).toEqual({ input: 0, answer: 42 })
    expect(await ask('probe/echo')).toBeUndefined()
    expect(await ask('authz/revoke/allow', revoke('c1'))).toBe(true)
    expect(await ask('authz/revoke', revoke('c1'))).toMatchObject({ allow: true, decision: { allow: true } })
    expect(await ask('rbac')).toEqual({ answer: 42 })
    expect(await ask('rbac/answer/x')).toBeUndefined()
    expect(await ask('nothing')).toBeUndefined()
    expect(await ask('broken')).toEqual({ mask: 'seen', trap: 'seen' })
    expect(await ask('', { x: 1, client: { active: false } })).toMatchObject({
      rbac: { answer: 42 },
      probe: { conflict: { a: 1 } },
    })
    expect(await ask('rbac')).toEqual({ answer: 42 })
  })

  it('does not take an escaped slash for a separator', async () => {
    await node.activate([bundle])
    expect((await node.evaluate({ path: ['authz/revoke', 'decision'], input: {} })).result).toBeUndefined()
  })

  it('tells a trap from an undefined document, and logs it', async () => {
    await node.activate([bundle])
    await expect(ask('probe/conflict', { x: 2 })).rejects.toBeInstanceOf(EvaluationError)
    expect(await events()).toMatchObject([
      {
        error: {
          code: 'internal_error',
          location: { file: expect.stringMatching(/\.rego$/), row: expect.any(Number) },
        },
      },
    ])
  })

  it('judges callers by system.authz, and denies without a bundle', async () => {
    expect(node.allows({ loopback: true })).toBe(false)
    await node.activate([bundle])
    expect(node.allows({ loopback: true })).toBe(true)
    expect(node.allows({ loopback: false })).toBe(false)
  })
})

describe('activation', () => {
  it('never mixes two revisions: each answer is that of the revision it names, over 20 swaps under load', async () => {
    const other = await load({ ...SMALL, data: { rbac: { answer: 43 } } }, 2)
    const answers = new Map([
      [bundle.revision, 42],
      [other.revision, 43],
    ])
    await node.activate([bundle])
    for (let swap = 0; swap < 20; swap++) {
      const before = Array.from({ length: 20 }, () => node.evaluate({ path: ['probe', 'echo'], input: 1 }))
      await node.activate([swap % 2 === 0 ? other : bundle])
      const after = Array.from({ length: 20 }, () => node.evaluate({ path: ['probe', 'echo'], input: 1 }))
      for (const { result, revision } of await Promise.all([...before, ...after])) {
        expect(JSON.parse(result ?? '')).toEqual({ input: 1, answer: answers.get(revision) })
      }
    }
    expect(node.status()).toMatchObject({ node: 'n1', revision: bundle.revision, version: 1 })
  })
})
