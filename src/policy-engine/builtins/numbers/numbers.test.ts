import { describe, expect, it } from 'vitest'
import { numberOf } from '../../wasm/number.ts'
import type { Value } from '../../wasm/value.ts'
import type { Random } from '../encoding/random.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { NUMBERS } from './numbers.ts'

const call = (name: string, ...args: Value[]): Value | undefined => NUMBERS[name]?.(testContext(), ...args)

describe('numbers.range_step and format_int', () => {
  it('counts exactly beyond 2^53', () => {
    const big = (text: string) => numberOf(text)
    expect(call('numbers.range_step', big('9007199254740993'), big('9007199254740997'), 2)).toEqual([
      big('9007199254740993'),
      big('9007199254740995'),
      big('9007199254740997'),
    ])
  })

  it('pays for a range before it makes it', () => {
    const context = testContext()
    const stop = new Error('out of fuel')
    const stingy = { ...context, charge: (units: number) => void (units > 1e9 && raise(stop)) }
    expect(() => NUMBERS['numbers.range_step']?.(stingy, 0, numberOf('1e18'), 1)).toThrow(stop)
  })

  it('formats integers of any size exactly and rounds 1e30 as OPA does', () => {
    expect(call('format_int', numberOf('18446744073709551617'), 16)).toBe('10000000000000001')
    expect(call('format_int', numberOf('1e30'), 10)).toBe('1000000000000000000024696061952')
    expect(call('format_int', -15.9, 16)).toBe('-f')
  })

  compareWithOracle({ family: 'numbers', make: makeCall })
})

function raise(error: Error): never {
  throw error
}

function makeCall(random: Random): Call {
  const step = (): Value => random.pick<Value>(1, 2, 3, 50, 50, 99, numberOf('1e2'), numberOf('4.0'), 0, 1.5, 'x')
  const end = (): Value => random.pick<Value>(random.between(-50, 50), random.between(0, 2000), numberOf('20.0'), 0.5)
  if (random.chance(2)) return { name: 'numbers.range_step', args: [end(), end(), step()] }
  const sign = random.pick('', '-')
  const number = random.pick(
    random.digits(40),
    `${random.digits(3)}.${random.text('0123456789', 6)}5`,
    `${random.digits(2)}e${random.between(-30, 90)}`,
    `0.${random.digits(20)}E${random.between(0, 40)}`,
  )
  return {
    name: 'format_int',
    args: [numberOf(sign + number), random.pick<Value>(2, 8, 10, 16, 16, numberOf('16.0'), 3)],
  }
}
