/** Bounds of numbers, exact at any size. */
import { compareNumbers, decimalOf, type RegoNumber } from '../../wasm/number.ts'
import { type BuiltinContext, BuiltinError } from '../builtin.ts'
import type { Schema } from './model.ts'
import { shortNumber } from './node.ts'
import type { Path, Result } from './result.ts'

type Exact = number | RegoNumber

export function validateNumber(
  context: BuiltinContext,
  schema: Schema,
  number: Exact,
  result: Result,
  path: Path,
): void {
  const { multipleOf, maximum, exclusiveMaximum, minimum, exclusiveMinimum } = schema
  if (multipleOf !== undefined && !isMultiple(context, number, multipleOf)) {
    result.fail('multiple_of', path, `Must be a multiple of ${shortNumber(multipleOf)}`)
  }
  if (maximum !== undefined && compareNumbers(number, maximum) > 0) {
    result.fail('number_lte', path, `Must be less than or equal to ${shortNumber(maximum)}`)
  }
  if (exclusiveMaximum !== undefined && compareNumbers(number, exclusiveMaximum) >= 0) {
    result.fail('number_lt', path, `Must be less than ${shortNumber(exclusiveMaximum)}`)
  }
  if (minimum !== undefined && compareNumbers(number, minimum) < 0) {
    result.fail('number_gte', path, `Must be greater than or equal to ${shortNumber(minimum)}`)
  }
  if (exclusiveMinimum !== undefined && compareNumbers(number, exclusiveMinimum) <= 0) {
    result.fail('number_gt', path, `Must be greater than ${shortNumber(exclusiveMinimum)}`)
  }
  result.score++
}

/** Beyond these digits nothing is computed. */
const MAX_DIGITS = 100_000

function isMultiple(context: BuiltinContext, number: Exact, step: Exact): boolean {
  const [a, b] = [decimalOf(number), decimalOf(step)]
  if (a.digits === '') return true
  // number = digits × 10^power, and both are scaled to whole numbers.
  const [powerA, powerB] = [a.point - a.digits.length, b.point - b.digits.length]
  const shift = Math.abs(powerA - powerB)
  if (shift + a.digits.length + b.digits.length > MAX_DIGITS) throw new BuiltinError('number too big')
  context.charge(shift + (a.digits.length * b.digits.length) / 100)
  const scale = 10n ** BigInt(shift)
  const [wholeA, wholeB] = [BigInt(a.digits), BigInt(b.digits)]
  return powerA >= powerB ? (wholeA * scale) % wholeB === 0n : wholeA % (wholeB * scale) === 0n
}
