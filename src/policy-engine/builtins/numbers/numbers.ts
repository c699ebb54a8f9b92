/** numbers.range_step, and format_int for numbers that the module's own cannot hold. */
import { numberOfBigInt, numberText, type RegoNumber } from '../../wasm/number.ts'
import type { Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError, type BuiltinTable } from '../builtin.ts'
import { asBigInt, asNumber, notListed } from '../operands.ts'
import { decimalUnits, parseBigFloat, truncated, wholeDigits } from './big-float.ts'

/** More bits than any text of a number that an evaluation could afford. */
const MAX_BITS = 4_000_000

export const NUMBERS: BuiltinTable = {
  'numbers.range_step': (context, from, to, step) =>
    range(context, asBigInt(1, from), asBigInt(2, to), asBigInt(3, step)),
  format_int: (context, value, base) => {
    const given = asNumber(1, value)
    return formatInteger(context, given, radixOf(asNumber(2, base)))
  },
}

function range(context: BuiltinContext, from: bigint, to: bigint, step: bigint): Value {
  if (step <= 0n) throw new BuiltinError('numbers.range_step: step must be a positive integer')
  const distance = to > from ? to - from : from - to
  const count = Number(distance / step) + 1
  context.charge(count * 20)
  const stride = to > from ? step : -step
  return Array.from({ length: count }, (_, at) => numberOfBigInt(from + BigInt(at) * stride))
}

/** Written so: 16.0 is none. */
function radixOf(base: number | RegoNumber): number {
  const text = numberText(base)
  if (!['2', '8', '10', '16'].includes(text)) throw notListed(2, '2', '8', '10', '16')
  return Number(text)
}

/** Integers exactly, anything else at the precision of OPA's floats and towards zero. */
function formatInteger(context: BuiltinContext, value: number | RegoNumber, radix: number): string {
  const text = numberText(value)
  context.charge(decimalUnits(text.length))
  if (/^-?\d+$/.test(text)) return BigInt(text).toString(radix)
  const float = parseBigFloat(text)
  if (float === undefined) throw new BuiltinError('illegal value')
  context.charge(decimalUnits(wholeDigits(float)))
  const whole = truncated(float, MAX_BITS)
  if (whole === undefined) throw new BuiltinError('illegal value')
  return whole.toString(radix)
}
