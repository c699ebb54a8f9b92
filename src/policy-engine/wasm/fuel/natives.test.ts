/** Built-ins that the module has and that OPA answers otherwise: the host answers them, for policies and for them only. */
import { beforeAll, describe, expect, it } from 'vitest'
import { BUILTINS } from '../../builtins/table.ts'
import { buildFixture, type FixtureSource } from '../../bundle/bundle-fixture.ts'
import { EvaluationError, type Evaluator } from '../../engine.ts'
import { openHost } from '../host.ts'
import { meterModule } from './meter.ts'

const NATIVES: FixtureSource = {
  roots: ['natives'],
  entrypoints: ['natives/read', 'natives/written', 'natives/removed', 'natives/mocked'],
  rego: {
    'natives.rego': `package natives

read := json.unmarshal(input.text)

written := [format_int(input.n, base) | some base in [2, 8, 10, 16]]

removed := json.remove({"list": [1, 2, 3]}, ["list/1"])

mocked := answer if answer := read with json.unmarshal as fixed

fixed(_) := "fixed"
`,
  },
}

const called: string[] = []
let evaluator: Evaluator
beforeAll(async () => {
  const files = await buildFixture(NATIVES)
  const metered = await WebAssembly.compile(meterModule(files.get('policy.wasm') ?? new Uint8Array()))
  const builtins = new Map(
    [...BUILTINS].map(([name, run]) => [
      name,
      (...operands: Parameters<typeof run>) => {
        called.push(name)
        return run(...operands)
      },
    ]),
  )
  evaluator = await openHost({ metered, dataJson: Buffer.from('{}') }, { builtins })
})

describe("the module's own json.unmarshal and format_int", () => {
  it('are not called: an exponent that OPA refuses is undefined, and an error where built-ins are strict', () => {
    expect(evaluator.evaluate('natives/read', { text: '{"a":[1,"ü",1e3]}' })).toEqual({ a: [1, 'ü', 1000] })
    expect(evaluator.evaluate('natives/read', { text: '{"a":1e40000}' })).toBeUndefined()
    expect(() => evaluator.evaluate('natives/read', { text: '{"a":1e40000}' }, { strict: true })).toThrow(
      EvaluationError,
    )
    expect(called).toEqual(['json.unmarshal', 'json.unmarshal', 'json.unmarshal'])
  })

  it('format integers of any size (OPA, "format_int")', () => {
    const n = JSON.parse('18446744073709551617', (_, value, { source } = { source: '0' }) =>
      typeof value === 'number' ? (JSON as typeof JSON & { rawJSON(text: string): unknown }).rawJSON(source) : value,
    )
    expect(evaluator.evaluate('natives/written', { n })).toEqual([
      `1${'0'.repeat(63)}1`,
      `2${'0'.repeat(20)}1`,
      '18446744073709551617',
      '10000000000000001',
    ])
    expect(evaluator.evaluate('natives/written', { n: -15.9 })).toEqual(['-1111', '-17', '-15', '-f'])
  })

  it('stay where the runtime calls them for itself, and where a policy mocks them', () => {
    called.length = 0
    expect(evaluator.evaluate('natives/removed', {})).toEqual({ list: [1, 3] })
    expect(evaluator.evaluate('natives/mocked', { text: '1' })).toBe('fixed')
    expect(called).toEqual([])
  })
})
