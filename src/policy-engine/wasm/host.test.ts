/** Our host on a real module: inputs and results of every kind, aborts, deadlines, memory, several entrypoints. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildFixture, type FixtureSource, SMALL } from '../bundle/bundle-fixture.ts'
import { EvaluationError, EvaluationTimeout, type Evaluator } from '../engine.ts'
import { parseExact } from '../exact-json.ts'
import { meterModule } from './fuel/meter.ts'
import { openHost } from './host.ts'
import type { HostOptions } from './runner.ts'

/** A search that takes some 10^8 steps. */
const endless = { hay: 'a'.repeat(20_000), needle: `${'a'.repeat(10_000)}b` }
const SCALE = Number(process.env.SCALE ?? 0.1)

async function open(source: FixtureSource, data: unknown, options: HostOptions = {}): Promise<Evaluator> {
  const files = await buildFixture(source)
  const metered = await WebAssembly.compile(meterModule(files.get('policy.wasm') ?? new Uint8Array()))
  return openHost({ metered, dataJson: Buffer.from(JSON.stringify(data)) }, options)
}

describe.each([
  ['structs', {}],
  ['text', { textOnly: true }],
])('Evaluator of our own, values crossing as %s', (_, options) => {
  let evaluator: Evaluator
  beforeAll(async () => {
    evaluator = await open(SMALL, { rbac: { answer: 42 } }, { ...options, fuel: 30_000 })
  })
  afterAll(() => evaluator.close())

  it.each([[0], [false], [''], [null], [{}], [[]], ['x'], [-1], [2 ** 40], [0.5], [{ a: [1, 'ü😀', { b: null }] }]])(
    'hands %j to policy as input',
    (input) => {
      expect(evaluator.evaluate('probe/echo', input)).toEqual({ input, answer: 42 })
      expect(evaluator.evaluate('probe/echo', parseExact(JSON.stringify(input)))).toEqual({ input, answer: 42 })
    },
  )

  it('leaves input undefined when there is none, and answers undefined for an undefined rule', () => {
    expect(evaluator.evaluate('probe/echo', undefined)).toBeUndefined()
    expect(evaluator.evaluate('no/such/entrypoint', {})).toBeUndefined()
  })

  it('answers an evaluation that continues one as any other, whatever came between', () => {
    const input = { a: [1, { b: 'text' }], deep: { er: { s: true } } }
    const result = evaluator.evaluate('probe/echo', input)
    const event = { input, again: [input, input.deep], result, other: { a: 1 } }
    const echoed = { input: event, answer: 42 }
    expect(evaluator.evaluate('probe/echo', event, { continues: true })).toEqual(echoed)
    expect(evaluator.evaluate('probe/echo', event, { continues: true })).toEqual(echoed)
    evaluator.evaluate('probe/echo', { another: 'one' })
    expect(evaluator.evaluate('probe/echo', event, { continues: true })).toEqual(echoed)
    evaluator.evaluate('probe/echo', input)
    evaluator.evaluate('probe/echo', undefined)
    expect(evaluator.evaluate('probe/echo', event, { continues: true })).toEqual(echoed)
    evaluator.evaluate('probe/echo', input)
    expect(() => evaluator.evaluate('probe/spin', endless)).toThrow(EvaluationTimeout)
    expect(evaluator.evaluate('probe/echo', event, { continues: true })).toEqual(echoed)
    const [, last] = evaluator.evaluateAll?.(['probe/echo', 'probe/echo'], input) ?? []
    const both = { input, last }
    expect(evaluator.evaluate('probe/echo', both, { continues: true })).toEqual({ input: both, answer: 42 })
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

  it('holds a key once where two are the same as UTF-8', () => {
    expect(evaluator.evaluate('probe/echo', { '\ud800': 1, x: 2, '\ufffd': 3, '\udc00': 4 })).toEqual({
      input: { x: 2, '\ufffd': 4 },
      answer: 42,
    })
  })

  it('takes an input nested 1,500 deep, ends at one nested beyond any stack, and serves on', () => {
    const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
    expect(evaluator.evaluate('probe/echo', nested(1500))).toMatchObject({ answer: 42 })
    for (const depth of [20_000, 200_000]) {
      expect(() => evaluator.evaluate('probe/echo', nested(depth))).toThrow(EvaluationError)
      expect(evaluator.evaluate('probe/echo', 1)).toEqual({ input: 1, answer: 42 })
    }
  })

  it('keeps numbers that a double would change, and what JSON.stringify makes of other objects', () => {
    const text = '{"a":12345678901234567890,"b":[1E400,0.1],"__proto__":{"x":1}}'
    const { input } = evaluator.evaluate('probe/echo', parseExact(text)) as { input: unknown }
    expect(JSON.parse(JSON.stringify(input))).toEqual(JSON.parse(text))
    expect(JSON.stringify(input)).toContain('12345678901234567890')
    expect(JSON.stringify(input)).toContain('1E400')
    const date = new Date(0)
    expect(evaluator.evaluate('probe/echo', { date, none: undefined })).toEqual({
      input: { date: date.toJSON() },
      answer: 42,
    })
  })

  it('takes inputs of many shapes, of many keys, and of a megabyte', async () => {
    const roomy = await open(SMALL, { rbac: { answer: 42 } }, options)
    for (let size = 0; size < 200; size++) {
      const input = Object.fromEntries(Array.from({ length: size }, (_, at) => [`k${(at * 7919) % 1000}-${size}`, at]))
      expect(roomy.evaluate('probe/echo', input)).toEqual({ input, answer: 42 })
    }
    for (let turn = 0; turn < 9000; turn++) {
      const input = { [`x${turn % 97}`]: turn, [`y${turn % 89}`]: { [`z${turn % 83}`]: [turn] } }
      expect(roomy.evaluate('probe/echo', input)).toEqual({ input, answer: 42 })
    }
    const large = Array.from({ length: 10_000 }, (_, at) => ({ at, text: 'x'.repeat(at % 150), list: [at] }))
    expect(roomy.evaluate('probe/echo', large)).toEqual({ input: large, answer: 42 })
    expect(roomy.evaluate('probe/echo', 1)).toEqual({ input: 1, answer: 42 })
  })

  it(`answers right after ${20_000 * SCALE} aborts and a tenth as many ends of fuel, in one instance`, () => {
    for (let turn = 0; turn < 20_000 * SCALE; turn++) {
      expect(() => evaluator.evaluate('probe/conflict', { x: 2 })).toThrow(EvaluationError)
      if (turn % 10 === 0) expect(() => evaluator.evaluate('probe/spin', endless)).toThrow(EvaluationTimeout)
      if (turn % 100 === 0) {
        expect(evaluator.evaluate('probe/conflict', { x: 1 })).toEqual({ a: 1 })
        expect(evaluator.evaluate('probe/echo', turn)).toEqual({ input: turn, answer: 42 })
      }
    }
    expect(evaluator.evaluate('probe/echo', 'after')).toEqual({ input: 'after', answer: 42 })
  })

  it('names a conflict as OPA does, with its place, and never a value', () => {
    const canary = 'canary-9f2'
    const ask = () => evaluator.evaluate('probe/conflict', { x: canary })
    expect(ask).toThrow(EvaluationError)
    try {
      ask()
    } catch (error) {
      expect(error).toMatchObject({ code: 'eval_conflict_error', location: { row: expect.any(Number), col: 13 } })
      expect(String(error)).toContain('object keys must be unique')
      expect(JSON.stringify([String(error), (error as Error).cause])).not.toContain(canary)
    }
  })

  it('answers several entrypoints on one input', () => {
    expect(evaluator.evaluateAll?.(['probe/echo', 'nowhere', 'probe/dropped', 'probe/echo'], [7])).toEqual([
      { input: [7], answer: 42 },
      undefined,
      'seldom',
      { input: [7], answer: 42 },
    ])
  })
})
