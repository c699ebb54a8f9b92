/** Events of every kind, as they stand in the log, before a strict reader made of OPA's own EventV1 (OPA, "Decision Logs"). */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readStrictly } from '../../../test/servers/opa-events.ts'
import { createMetrics } from '../../observability/metrics.ts'
import type { Evaluator, RecordedCall } from '../engine.ts'
import { RegoObject } from '../wasm/value.ts'
import type { DecisionEvent } from './event.ts'
import { openDecisionLog } from './log.ts'

let directory: string
let lines: string[]

/** Drops and masks as it is told. */
const judging = (drop: boolean, mask: unknown): Evaluator => ({
  entrypoints: new Set(),
  evaluate: (entrypoint) => (entrypoint === 'system/log/drop' ? drop : mask),
  base: () => undefined,
  close: () => {},
})

const CALLS = new Map<string, RecordedCall>([
  ['a', { name: 'time.now_ns', args: [], value: 1_700_000_000_000_000_000 }],
  [
    'b',
    {
      name: 'http.send',
      args: [new RegoObject([['url', 'https://a.example']])],
      value: new RegoObject([['status_code', 200]]),
    },
  ],
  ['c', { name: 'rand.intn', args: ['x', 10], value: undefined }],
])

const plain: DecisionEvent = {
  decisionId: 'd-1',
  path: 'authz/token/decision',
  bundles: { sallyport: { revision: 'r1' }, other: { revision: 'r2' } },
  timestampMs: 1_700_000_000_123.5,
  evaluationNs: 12_345,
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'events-'))
  const log = openDecisionLog({ directory, labels: { id: 'i', version: '1', node: 'n' }, metrics: createMetrics('n') })
  const kept = judging(false, [])
  await log.record(plain, kept)
  await log.record({ ...plain, input: null, result: false, cached: true }, kept)
  await log.record({ ...plain, input: { a: [1, 'é', { b: null }] }, result: { allow: true }, recorded: CALLS }, kept)
  await log.record({ ...plain, batchDecisionId: 'b-1', requestedBy: '127.0.0.1', requestId: 'r-1' }, kept)
  await log.record({ ...plain, custom: { request_metadata: { x: [1] } }, error: TRAPPED }, kept)
  const masking = judging(false, [
    '/input/a',
    { op: 'upsert', path: '/result', value: 1 },
    '/nd_builtin_cache/time.now_ns',
  ])
  await log.record({ ...plain, input: { a: 1 }, result: 2, recorded: CALLS }, masking)
  await log.record({ ...plain, input: { a: 1 }, recorded: CALLS }, judging(false, undefined))
  await log.record({ ...plain, input: 'secret' }, judging(true, []))
  await log.close()
  lines = (await readFile(join(directory, 'decisions-n.jsonl'), 'utf8')).trim().split('\n')
})
afterAll(() => rm(directory, { recursive: true }))

const TRAPPED = {
  code: 'trap',
  message: 'a.rego:1:2: eval_conflict_error',
  location: { file: 'a.rego', row: 1, col: 2 },
}

it('are taken by a strict reader of OPA’s schema, each, with the link of the chain in custom', () => {
  expect(readStrictly(lines)).toEqual({ read: 8, refused: [] })
  expect(lines.map((line) => JSON.parse(line).custom.chain.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
})

it('are refused by that reader where a member is not OPA’s, so that its word counts', () => {
  const [event] = lines.map((line) => JSON.parse(line))
  const wrong = [
    { ...event, dropped: true },
    { ...event, req_id: 'text' },
    { ...event, error: { why: 1 } },
    { ...event, erased: 'x' },
  ]
  const said = readStrictly(wrong.map((value) => JSON.stringify(value)))
  expect([said.read, said.refused.length]).toEqual([4, 4])
})

it('record the answers of non-deterministic built-ins by name and arguments, masked like the rest', () => {
  const caches = lines.map((line) => JSON.parse(line).nd_builtin_cache)
  expect(caches[2]).toEqual({
    'time.now_ns': { '[]': 1_700_000_000_000_000_000 },
    'http.send': { '[{"url":"https://a.example"}]': { status_code: 200 } },
  })
  expect(Object.keys(caches[5])).toEqual(['http.send'])
  expect(JSON.parse(lines[6] ?? '')).toMatchObject({ erased: ['/input', '/result', '/nd_builtin_cache'] })
  expect(caches[6]).toBeUndefined()
})

it('keep of a dropped decision that it was, and nothing of what it was about', () => {
  const stub = JSON.parse(lines[7] ?? '')
  expect(Object.keys(stub)).toEqual(['decision_id', 'bundles', 'timestamp', 'labels', 'custom'])
  expect(stub.custom).toMatchObject({ dropped: true })
})

it('say that they cannot be replayed where a fact was masked, struck out or is not there, and only there', async () => {
  const log = openDecisionLog({ directory, labels: { id: 'i', version: '1', node: 'm' }, metrics: createMetrics('m') })
  const call = (more: Partial<RecordedCall>) =>
    new Map([['a', { name: 'http.send', args: [], value: new RegoObject([['status_code', 200]]), ...more }]])
  const secret = new RegoObject([['body', new RegoObject([['access_token', 'x']])]])
  const event = { ...plain, input: { a: 1 }, result: { allow: true } }
  const cases: [replayable: boolean, event: DecisionEvent, mask: unknown][] = [
    [true, event, []],
    [true, event, ['/result', '/input/none']],
    [true, { ...event, recorded: call({}) }, []],
    [true, { ...event, requestId: 'r-1' }, []],
    [false, { ...event, requestId: 'r-1' }, ['/input/a']],
    [false, event, [{ op: 'upsert', path: '/input/a', value: 2 }]],
    [false, { ...event, recorded: call({}) }, ['/nd_builtin_cache']],
    [false, { ...event, recorded: call({ value: undefined }) }, []],
    [false, { ...event, recorded: call({ value: secret }) }, []],
    [false, event, 'no mask'],
    [false, { ...plain, erased: ['/input'] }, []],
  ]
  for (const [, one, mask] of cases) await log.record(one, judging(false, mask))
  await log.close()
  const written = (await readFile(join(directory, 'decisions-m.jsonl'), 'utf8')).trim().split('\n')
  expect(written.map((line) => JSON.parse(line).custom.not_replayable !== true)).toEqual(cases.map(([is]) => is))
  expect(readStrictly(written).refused).toEqual([])
  expect(JSON.parse(written[4] ?? '').custom).toMatchObject({ request_id: 'r-1', not_replayable: true })
})
