/** Arithmetic against OPA's own Go functions, on numbers as they are written. */
import { describe, expect, it } from 'vitest'
import { numberOf } from '../../wasm/number.ts'
import { RegoSet, type Value } from '../../wasm/value.ts'
import type { Random } from '../encoding/random.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { ARITHMETIC } from './arithmetic.ts'

const call = (name: string, ...texts: string[]): Value | undefined =>
  ARITHMETIC[name]?.(testContext(), ...texts.map(numberOf))

describe('arithmetic', () => {
  it.each([
    ['mul', ['0.3', '3e0'], '0.90000000000000000003'],
    ['div', ['1', '3'], '0.33333333333333333334'],
    ['plus', ['45.35', '35.45'], '80.8'],
    ['minus', ['3', '1.50'], '1.5'],
    ['plus', ['9007199254740993', '2'], '9007199254740995'],
    ['mul', ['12345678901234567890', '12345678901234567890'], '152415787532388367501905199875019052100'],
    ['abs', ['-9e10'], '90000000000'],
    ['floor', ['658720102840752879128227'], '658720102840752879108096'],
    ['rem', ['8e29', '3e15'], '2000000000000000'],
  ])('%s of %j is %s, as in OPA', (name, operands, wanted) => {
    expect(call(name, ...operands)).toEqual(numberOf(wanted))
  })

  it('pays for numbers whose text is short and whose digits are many', () => {
    const stop = new Error('out of fuel')
    const stingy = {
      ...testContext(),
      charge: (units: number) => {
        if (units > 1e6) throw stop
      },
    }
    expect(() => ARITHMETIC.plus?.(stingy, numberOf('1.5e900000'), 1)).toThrow(stop)
  })

  compareWithOracle({ family: 'arithmetic', make: makeCall, count: 20_000 })
})

const UNARY = ['abs', 'round', 'ceil', 'floor'] as const
const BINARY = ['plus', 'minus', 'mul', 'div', 'rem'] as const

function makeCall(random: Random): Call {
  const list = () => Array.from({ length: random.below(5) }, () => operand(random))
  switch (random.below(5)) {
    case 0:
      return { name: random.pick(...UNARY), args: [operand(random)] }
    case 1:
      return { name: random.pick('sum', 'product'), args: [random.chance(3) ? new RegoSet(list()) : list()] }
    case 2:
      if (random.chance(4))
        return { name: 'minus', args: [new RegoSet(list()), random.chance(4) ? 1 : new RegoSet(list())] }
  }
  return { name: random.pick(...BINARY), args: [operand(random), operand(random)] }
}

function operand(random: Random): Value {
  if (random.chance(40)) return random.notText()
  const sign = random.pick('', '', '-')
  const digits = (max: number) => random.text('0123456789', max)
  const text = random.pick(
    () => String(random.between(0, 20)),
    () => String(random.between(0, 20)),
    () => random.digits(11),
    () => random.digits(30),
    () => `${random.between(0, 99)}.${digits(3)}5`,
    () => `${random.between(0, 9999)}.${digits(18)}1`,
    () => `${random.between(0, 9)}e${random.between(-30, 40)}`,
    () => `${random.between(1, 9)}.${digits(4)}0E${random.between(-9, 12)}`,
    () => `0.${random.digits(3)}`,
    () => random.pick('0', '0.0', '0e5', '5.0', '1e3', '4294967296', '2147483648', '9007199254740992', '0.5'),
  )()
  return numberOf(sign + text)
}
