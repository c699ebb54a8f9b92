/** Values of rules are kept by slot: each evaluation anew, and apart under each `with`. */
import { beforeAll, describe, expect, it } from 'vitest'
import { BUILTINS } from '../../builtins/table.ts'
import { buildFixture, type FixtureSource } from '../../bundle/bundle-fixture.ts'
import { EvaluationError, type Evaluator } from '../../engine.ts'
import { openHost } from '../host.ts'
import { meterModule } from './meter.ts'

const RULES: FixtureSource = {
  roots: ['kept'],
  entrypoints: ['kept/once', 'kept/apart', 'kept/nested', 'kept/clash', 'kept/many'],
  rego: {
    'kept.rego': `package kept

asked := uuid.parse(input.id).version

once := [asked, asked, other]

other := asked

apart := [asked, found, asked] if found := asked with input.id as "6ba7b811-9dad-11d1-80b4-00c04fd430c8"

nested := [outer, asked] if outer := inner with input.id as input.second

inner := [asked, found, asked] if found := asked with input.id as input.third

clash := {"a": asked} if input.n > 0

clash := {"b": asked} if input.n > 1

${Array.from({ length: 300 }, (_, at) => `r${at} := ${at === 0 ? 'input.n' : `r${at - 1} + 1`}`).join('\n\n')}

many := r299
`,
  },
}

const V4 = 'f47ac10b-58cc-4372-a567-0e02b2c3d479'
const V1 = '6ba7b811-9dad-11d1-80b4-00c04fd430c8'
const V5 = '74738ff5-5367-5958-9aee-98fffdcd1876'

let calls = 0
let evaluator: Evaluator
beforeAll(async () => {
  const files = await buildFixture(RULES)
  const metered = await WebAssembly.compile(meterModule(files.get('policy.wasm') ?? new Uint8Array()))
  const parse = BUILTINS.get('uuid.parse')
  if (parse === undefined) throw new Error('no uuid.parse')
  const builtins = new Map(BUILTINS).set('uuid.parse', (...operands) => {
    calls++
    return parse(...operands)
  })
  evaluator = await openHost({ metered, dataJson: Buffer.from('{}') }, { builtins })
})

describe('the value of a rule', () => {
  it('is found once in an evaluation, and anew in the next', () => {
    calls = 0
    expect(evaluator.evaluate('kept/once', { id: V4 })).toEqual([4, 4, 4])
    expect(calls).toBe(1)
    expect(evaluator.evaluate('kept/once', { id: V1 })).toEqual([1, 1, 1])
    expect(evaluator.evaluateAll?.(['kept/once', 'kept/once'], { id: V5 })).toEqual([
      [5, 5, 5],
      [5, 5, 5],
    ])
  })

  it('is another under `with`, and the same again behind it', () => {
    expect(evaluator.evaluate('kept/apart', { id: V4 })).toEqual([4, 1, 4])
    expect(evaluator.evaluate('kept/nested', { id: V4, second: V1, third: V5 })).toEqual([[1, 5, 1], 4])
  })

  it('is not that of an evaluation which ended in the midst', () => {
    for (let turn = 0; turn < 1000; turn++) {
      expect(() => evaluator.evaluate('kept/clash', { id: V4, n: 2 })).toThrow(EvaluationError)
      expect(evaluator.evaluate('kept/clash', { id: V1, n: 1 })).toEqual({ a: 1 })
    }
  })

  it('is kept for hundreds of rules', () => {
    for (const n of [0, 1, 41]) expect(evaluator.evaluate('kept/many', { n })).toBe(n + 299)
  })
})
