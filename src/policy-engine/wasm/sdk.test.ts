/** The Evaluator on the package: each of the package's traps, on a real module. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildFixture, SMALL } from '../bundle/bundle-fixture.ts'
import { EvaluationError, type Evaluator } from '../engine.ts'
import { openEvaluator } from './sdk.ts'

let evaluator: Evaluator
const bundle = async (data: unknown) => {
  const files = await buildFixture(SMALL)
  const wasm = await WebAssembly.compile(files.get('policy.wasm') ?? new Uint8Array())
  return { wasm, dataJson: Buffer.from(JSON.stringify(data)) }
}
beforeAll(async () => {
  evaluator = openEvaluator(await bundle({ rbac: { answer: 42 } }))
})
afterAll(() => evaluator.close())

describe('Evaluator on the package', () => {
  it.each([[0], [false], [''], [null], [{}], [[]], ['x'], [{ a: [1, 'ü😀'] }]])(
    'hands %j to policy as input',
    (input) => {
      expect(evaluator.evaluate('probe/echo', input)).toEqual({ input, answer: 42 })
    },
  )

  it('leaves input undefined when there is none, and answers undefined for an undefined rule', () => {
    expect(evaluator.evaluate('probe/echo', undefined)).toBeUndefined()
    expect(evaluator.evaluate('no/such/entrypoint', {})).toBeUndefined()
  })

  it('reads lone surrogates as U+FFFD, as OPA does, and leaves text that looks like an escape', () => {
    for (const [sent, read] of [
      ['a\ud800b', 'a\ufffdb'],
      ['\udc00\udc00', '\ufffd\ufffd'],
      ['\\ud800', '\\ud800'],
      ['\\\ud800', '\\\ufffd'],
      ['😀', '😀'],
    ]) {
      expect(evaluator.evaluate('probe/echo', sent)).toEqual({ input: read, answer: 42 })
    }
  })

  it('answers right after 2,000 aborts', () => {
    for (let turn = 0; turn < 2000; turn++) {
      expect(() => evaluator.evaluate('probe/conflict', { x: 2 })).toThrow(EvaluationError)
      if (turn % 100 === 0) {
        expect(evaluator.evaluate('probe/conflict', { x: 1 })).toEqual({ a: 1 })
        expect(evaluator.evaluate('probe/echo', turn)).toEqual({ input: turn, answer: 42 })
      }
    }
    expect(evaluator.evaluate('probe/echo', 'after')).toEqual({ input: 'after', answer: 42 })
  })

  it('keeps no memory of instances that aborted on large inputs', () => {
    const large = { x: 2, rows: Array.from({ length: 300_000 }, (_, at) => at) }
    const before = process.memoryUsage.rss()
    for (let turn = 0; turn < 40; turn++) {
      expect(() => evaluator.evaluate('probe/conflict', large)).toThrow(EvaluationError)
      expect(process.memoryUsage.rss() - before).toBeLessThan(600 * 2 ** 20)
    }
  })

  it('says where a policy aborted, and never a value', () => {
    const canary = 'canary-9f2'
    try {
      evaluator.evaluate('probe/conflict', { x: canary })
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(EvaluationError)
      expect(JSON.stringify([String(error), (error as Error).cause])).not.toContain(canary)
    }
  })

  it('loads 10 MB of data in one go, in memory sized beforehand', async () => {
    const rows = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, at) => [
        `row-${at}`,
        { name: `n${at}`, roles: ['a', 'b', 'c', 'd'], hours: [8, 17], on: true, note: 'x'.repeat(20) },
      ]),
    )
    const large = openEvaluator(await bundle({ rbac: { answer: 7, rows } }))
    expect(large.evaluate('probe/echo', 1)).toEqual({ input: 1, answer: 7 })
    expect(Object.keys(large.base(['rbac', 'rows']) as object)).toHaveLength(100_000)
    large.close()
  })
})
