import { describe, expect, it } from 'vitest'
import { writeTerm } from '../../wasm/term-text.ts'
import type { Value } from '../../wasm/value.ts'
import type { Random } from '../encoding/random.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { UNITS } from './units.ts'

const call = (name: string, ...args: Value[]): string => writeTerm(UNITS[name]?.(testContext(), ...args) ?? null)

describe('units.parse and units.parse_bytes', () => {
  it('answers whole amounts exactly and others with ten decimals', () => {
    expect(call('units.parse', '1.5Ei')).toBe('1729382256910270464')
    expect(call('units.parse', '1m')).toBe('0.0010000000')
    expect(call('units.parse', '-0.00000000005')).toBe('-0.0000000001')
  })

  it('tells milli from mega, and nothing else by case', () => {
    expect(call('units.parse', '2M')).toBe('2000000')
    expect(call('units.parse', '2MI')).toBe('2097152')
    expect(call('units.parse_bytes', '2m')).toBe('2000000')
  })

  it('pays for what a large exponent makes', () => {
    const context = testContext()
    UNITS['units.parse']?.(context, '1e20000')
    expect(context.charged).toBeGreaterThan(100_000)
  })

  compareWithOracle({ family: 'units', make: makeCall })
})

function makeCall(random: Random): Call {
  const number = random.pick(
    random.digits(22),
    `${random.digits(5)}.${random.text('0123456789', 12)}`,
    `.${random.digits(8)}`,
    `${random.digits(4)}e${random.between(-40, 60)}`,
    `${random.digits(4)}.${random.digits(3)}E+${random.between(0, 30)}`,
    random.text('0123.eE+-', 6),
  )
  const unit = random.pick(
    ...(['', 'k', 'K', 'ki', 'KiB', 'm', 'M', 'mb', 'MiB', 'g', 'Gi', 'gb', 'T', 'tib', 'p', 'PB', 'e', 'E'] as const),
    random.text('kKiIbBeEmM', 3),
    random.text('x " e', 2),
  )
  const text = random.chance(40) ? random.notText() : random.pick('', '', '-') + number + unit
  return { name: random.pick('units.parse', 'units.parse_bytes'), args: [text] }
}
