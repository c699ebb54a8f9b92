/**
 * What host built-ins charge: none answers a large operand for nothing, and none works on for long beyond what it charged. Each
 * built-in gets two megabytes of many kinds at every place of its operands.
 */
import { describe, expect, it } from 'vitest'
import { RegoNumber } from '../wasm/number.ts'
import { RegoObject, RegoSet, type Value } from '../wasm/value.ts'
import { type BuiltinContext, PendingAnswer } from './builtin.ts'
import { callBuiltin } from './call-builtin.ts'
import { BUILTINS } from './table.ts'
import { testContext } from './test-context.ts'

const SIZE = 2_000_000
const filled = (text: string): string => text.repeat(Math.ceil(SIZE / text.length))
const numbered = <T>(length: number, make: (at: number) => T): T[] => Array.from({ length }, (_, at) => make(at))

/** Two megabytes of text each, or a hundred thousand values. */
const LARGE: Readonly<Record<string, Value>> = {
  letters: filled('a'),
  digits: filled('9'),
  'base64 of no UTF-8': filled('////'),
  'base64url of no UTF-8': filled('____'),
  'hex of no UTF-8': filled('ff'),
  'escapes of no UTF-8': filled('%ff'),
  parameters: filled('a=%ff&'),
  'a token with a header of no UTF-8': `${filled('____')}.e30.x`,
  'a token with a payload of no UTF-8': `e30.${filled('____')}.x`,
  'three bytes each': '\u20ac'.repeat(SIZE / 3),
  'lone surrogates': filled('\ud800'),
  zeros: filled('\0'),
  quotes: filled('"'),
  brackets: filled('['),
  colons: filled(':'),
  'a URL': `http://${filled('%ff')}`,
  'a version': `1.0.${filled('9')}`,
  'a pre-release': `1.0.0-${filled('a.')}a`,
  'a duration': filled('1h'),
  directives: filled('%d'),
  repetitions: filled('a?'),
  'a certificate': `-----BEGIN CERTIFICATE-----\n${filled('MIIB')}\n-----END CERTIFICATE-----\n`,
  'YAML of a list': filled('- a\n'),
  'a number': new RegoNumber(filled('9')),
  list: numbered(100_000, (at) => `k${at}`),
  set: new RegoSet(numbered(100_000, (at) => at)),
  object: new RegoObject(numbered(100_000, (at) => [`k${at}`, `v${at}`] as const)),
  numbers: numbered(100, () => new RegoNumber('9'.repeat(20_000))),
}
const SMALL: readonly Value[] = ['a', 1]

/** As a deadline of a quarter of a second: what is charged beyond ends the call. */
const UNITS = 50_000_000
class Ended extends Error {}

/** Of this thread's own time, whatever else runs. Nobody waits longer for a heartbeat; most calls take a hundredth of it. */
const MAX_MS = 2000

function call(name: string, args: readonly Value[]): { readonly units: number; readonly ms: number } {
  const run = BUILTINS.get(name)
  if (run === undefined) throw new Error(`no built-in ${name}`)
  let units = 0
  const context: BuiltinContext = {
    ...testContext(),
    charge: (more) => {
      units += Math.max(more, 0)
      if (!(units <= UNITS)) throw new Ended()
    },
  }
  const began = process.threadCpuUsage().user
  try {
    callBuiltin(name, run, context, [...args])
  } catch (error) {
    // A text longer than any may be, or a value deeper than the stack, ends the evaluation.
    if (!(error instanceof Ended || error instanceof RangeError || error instanceof PendingAnswer)) throw error
  }
  return { units, ms: (process.threadCpuUsage().user - began) / 1000 }
}

/** Of OPA's operands; those of the context come first. */
const arityOf = (name: string): number => (name === 'internal.test_case' ? 2 : (BUILTINS.get(name)?.length ?? 1) - 1)
const NAMES = [...BUILTINS.keys()].filter((name) => arityOf(name) > 0)

describe('a built-in of large operands', () => {
  it.each(NAMES)(
    '%s charges for them, and ends',
    (name) => {
      const arity = arityOf(name)
      for (const [kind, large] of Object.entries(LARGE)) {
        for (let place = 0; place < arity; place++) {
          for (const small of arity === 2 ? SMALL : ['a']) {
            const { units, ms } = call(
              name,
              numbered(arity, (at) => (at === place ? large : small)),
            )
            expect(units, `${kind} at ${place}`).toBeGreaterThanOrEqual(500_000)
            expect(ms, `${kind} at ${place}`).toBeLessThan(MAX_MS)
          }
        }
      }
    },
    120_000,
  )

  const hay = 'a'.repeat(1_000_000)
  const needle = `b${'a'.repeat(500_000)}`
  it.each<[string, readonly Value[]]>([
    ['indexof', [hay, needle]],
    ['indexof_n', [hay, needle]],
    ['indexof_n', [hay, hay.slice(500_000)]],
    ['strings.count', [hay, needle]],
    ['strings.split_n', [hay, needle, 2]],
    ['replace', [hay, needle, 'x']],
    ['concat', [hay, numbered(100_000, () => 'x')]],
    ['product', [numbered(100_000, () => 2 ** 52 - 1)]],
    ['object.union_n', [numbered(3000, (at) => new RegoObject([[`k${at}`, 1]]))]],
  ])('%s of what takes the product of its operands ends', (name, args) => {
    expect(call(name, args).ms).toBeLessThan(MAX_MS)
  })
})
