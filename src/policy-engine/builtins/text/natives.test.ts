/** Against OPA's own Go functions. */
import { describe, expect, it } from 'vitest'
import { numberOf } from '../../wasm/number.ts'
import { RegoObject, RegoSet, type Value } from '../../wasm/value.ts'
import type { Random } from '../encoding/random.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { NATIVE_TEXT } from './natives.ts'

const call = (name: string, ...args: Value[]): Value | undefined => NATIVE_TEXT[name]?.(testContext(), ...args)

describe('text and JSON of the module', () => {
  it('sets are joined, and keys written, in order', () => {
    expect(call('concat', ',', new RegoSet(['b', 'a', 'c']))).toBe('a,b,c')
    expect(call('json.marshal', RegoObject.fromRecord({ c: true, b: 0 }))).toBe('{"b":0,"c":true}')
  })

  it('an empty text is replaced and comes to an end', () => {
    expect(call('replace', 'ab', '', '-')).toBe('-a-b-')
    expect(call('replace', 'é', '', '')).toBe('é')
  })

  it.each([
    ['.5', '0.5'],
    ['+7', '7'],
    ['-007.10', '-7.10'],
    ['5.', '5'],
  ])('numbers that JSON does not know become such: %s', (text, wanted) => {
    expect(call('to_number', text)).toEqual(numberOf(wanted))
  })

  compareWithOracle({
    family: 'natives',
    make: makeCall,
    looseWords: ({ name }) => name === 'to_number',
  })
})

const TEXTS = ['', 'a', 'b', 'ab', 'abab', 'banana', 'é', '\u{1f600}a', 'a,b', ' ', '<&>', '\u2028'] as const

function makeCall(random: Random): Call {
  const text = (): Value => (random.chance(30) ? random.notText() : random.pick(...TEXTS))
  const texts = () => Array.from({ length: random.below(5) }, text)
  switch (random.below(7)) {
    case 0:
      return { name: 'concat', args: [text(), random.chance(2) ? new RegoSet(texts()) : texts()] }
    case 1:
      return { name: 'indexof', args: [text(), text()] }
    case 2:
      // Between the bytes of what is no ASCII lies what a string cannot hold.
      return { name: 'replace', args: [text(), random.pick('a', 'b', 'ab', 'é', ','), text()] }
    case 3:
      return { name: 'json.marshal', args: [json(random, 3)] }
    case 4:
      return {
        name: 'json.is_valid',
        args: [random.pick('{"a":1}', '[', '"\\ud800"', '1.', '01', ' [1e5] ', 'nul', '', '{"a":1,}')],
      }
    case 5:
      return {
        name: random.pick('base64.decode', 'base64.is_valid', 'base64url.decode'),
        args: [
          random.chance(30)
            ? 1
            : random.pick('YQ==', 'YQ', 'YWI=', 'YW\nI=', 'YWJj', 'a b', '', '!', 'Pz8_', '_-8=', 'YQ='),
        ],
      }
    default:
      return {
        name: 'to_number',
        args: [
          random.pick<Value>(
            '1',
            '1.50',
            '-0',
            '1e3',
            '1e400',
            '-1e400',
            'x',
            '',
            ' 1',
            '0x1',
            'inf',
            '1e-400',
            true,
            false,
            null,
            7,
            ['a'],
          ),
        ],
      }
  }
}

function json(random: Random, depth: number): Value {
  const inner = () => json(random, depth - 1)
  if (depth > 0 && random.chance(3)) return random.list(3, inner)
  if (depth > 0 && random.chance(3))
    return new RegoObject(random.list(4, () => [random.chance(5) ? random.below(9) : random.pick(...TEXTS), inner()]))
  if (depth > 0 && random.chance(5)) return new RegoSet(random.list(3, inner))
  return random.pick<Value>(null, true, 1, numberOf('1.50'), numberOf('12345678901234567890'), ...TEXTS)
}
