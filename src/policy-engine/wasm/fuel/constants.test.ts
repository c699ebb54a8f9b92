/** Rules that are constants cost an evaluation nothing, and are what they would be if it built them. */
import { beforeAll, describe, expect, it } from 'vitest'
import { buildFixture, type FixtureSource } from '../../bundle/bundle-fixture.ts'
import { EvaluationError, type Evaluator } from '../../engine.ts'
import { openHost } from '../host.ts'
import { imageOf } from '../open.ts'
import { meterModule } from './meter.ts'

const NAMES = Array.from({ length: 400 }, (_, at) => `"name-${at}"`).join(', ')
/** A few times what asking for a constant takes; to build it takes more. */
const LITTLE_FUEL = 100

const RULES: FixtureSource = {
  roots: ['fixed'],
  entrypoints: ['constant', 'asked', 'mocked', 'one', 'clash', 'nested', 'copies'].map((name) => `fixed/${name}`),
  rego: {
    'fixed.rego': `package fixed

names := {${NAMES}}

default constant := false

constant if names[input.name]

# The same, but not the same each time.
made := {name | some name in [${NAMES}, input.name]}

default asked := false

asked if made[input.name]

mocked := [one, found, one] if found := one with data.fixed.one as input.name

one := 1.50

clash := 1

clash := 2 if input.clash

same := input

same := 3 if false

nested := {"a": [1, {"b": {true, null, "x"}}], "c": same}

# What an evaluation makes of a constant is its own.
copies := [object.union(table, {"b": input.n}), table, small | {input.n}, small]

table := {"a": 1}

small := {1, 2}
`,
  },
}

let metered: WebAssembly.Module
let evaluator: Evaluator
beforeAll(async () => {
  const files = await buildFixture(RULES)
  metered = await WebAssembly.compile(meterModule(files.get('policy.wasm') ?? new Uint8Array()))
  evaluator = await openHost({ metered, dataJson: Buffer.from('{}') })
})

describe('a rule that is a constant', () => {
  it('takes no fuel to build, evaluation after evaluation, where one that is none does', async () => {
    const sparing = await openHost({ metered, dataJson: Buffer.from('{}') }, { fuel: LITTLE_FUEL })
    for (let turn = 0; turn < 3; turn++) {
      expect(sparing.evaluate('fixed/constant', { name: `name-${turn}` })).toBe(true)
      expect(sparing.evaluate('fixed/constant', { name: 'other' })).toBe(false)
      expect(() => sparing.evaluate('fixed/asked', { name: 'other' })).toThrow(EvaluationError)
    }
    expect(evaluator.evaluate('fixed/asked', { name: 'other' })).toBe(true)
  })

  it('is another under `with`, and the same again behind it', () => {
    expect(evaluator.evaluate('fixed/mocked', { name: 'x' })).toEqual([1.5, 'x', 1.5])
    expect(evaluator.evaluate('fixed/one', {})).toBe(1.5)
  })

  it('is none where another body of the rule asks for the input', () => {
    expect(evaluator.evaluate('fixed/clash', {})).toBe(1)
    expect(() => evaluator.evaluate('fixed/clash', { clash: true })).toThrow(EvaluationError)
    expect(evaluator.evaluate('fixed/nested', { n: 1 })).toEqual({ a: [1, { b: [null, true, 'x'] }], c: { n: 1 } })
  })

  it('is never changed by what an evaluation makes of it', () => {
    for (const n of [3, 4, 5]) {
      expect(evaluator.evaluate('fixed/copies', { n })).toEqual([{ a: 1, b: n }, { a: 1 }, [1, 2, n], [1, 2]])
    }
  })

  it('is loaded from the image of a memory, too', async () => {
    const dataJson = Buffer.from('{}')
    const image = imageOf({ metered }, dataJson, {})
    if (image === undefined) throw new Error('no image')
    expect(image.ruleConstants).toBeGreaterThan(0)
    const restored = await openHost({ metered, dataJson, image }, { fuel: LITTLE_FUEL })
    expect(restored.evaluate('fixed/constant', { name: 'name-399' })).toBe(true)
    expect(restored.evaluate('fixed/one', {})).toBe(1.5)
  })
})

describe('constants that contradict each other', () => {
  it('fail each evaluation that asks for them, and no other', async () => {
    const files = await buildFixture({
      roots: ['torn'],
      entrypoints: ['torn/both', 'torn/fine'],
      rego: { 'torn.rego': 'package torn\n\nboth := 1\n\nboth := 2\n\nfine := {"a"}\n' },
    })
    const module = await WebAssembly.compile(meterModule(files.get('policy.wasm') ?? new Uint8Array()))
    const torn = await openHost({ metered: module, dataJson: Buffer.from('{}') })
    for (let turn = 0; turn < 3; turn++) {
      expect(() => torn.evaluate('torn/both', {})).toThrow(EvaluationError)
      expect(torn.evaluate('torn/fine', {})).toEqual(['a'])
    }
  })
})
