/**
 * Arithmetic as OPA computes it: integers exactly, all else as floats of 64 bits. The module's own is decimal: it keeps digits that
 * OPA rounds away and rounds those that OPA keeps, so that 0.3 * 3 and 1 / 3 would be other numbers.
 */
import { integerOf, numberOf, numberOfBigInt, numberText, type RegoNumber } from '../../wasm/number.ts'
import { isArray, isNumber, isSet, RegoSet, type Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError, type BuiltinTable } from '../builtin.ts'
import { asNumber, wrongKind, wrongMember } from '../operands.ts'
import { type BigFloat, bitLength, decimalUnits, isWhole, PRECISION, parseBigFloat, wholeDigits } from './big-float.ts'
import { floatOf, negated, over, plus, times, towardsZero } from './float-arithmetic.ts'
import { floatText } from './float-text.ts'

type Num = number | RegoNumber

export const ARITHMETIC: BuiltinTable = {
  plus: (context, a, b) => add(context, asNumber(1, a), asNumber(2, b)),
  minus: (context, a, b) => minus(context, a, b),
  mul: (context, a, b) => multiply(context, asNumber(1, a), asNumber(2, b)),
  div: (context, a, b) => divide(context, asNumber(1, a), asNumber(2, b)),
  rem: (_, a, b) => remainder(asNumber(1, a), asNumber(2, b)),
  abs: (context, a) => unary(context, asNumber(1, a), Math.abs, (float) => write({ ...float, negative: false })),
  round: (context, a) => unary(context, asNumber(1, a), same, (float) => whole(towardsZero(plus(float, half(float))))),
  ceil: (context, a) => unary(context, asNumber(1, a), same, ceil),
  floor: (context, a) => unary(context, asNumber(1, a), same, floor),
  sum: (context, all) => accumulate(context, all, 0n, (a, b) => a + b, floatOf(0n), plus, PRECISION),
  product: (context, all) =>
    accumulate(
      context,
      all,
      1n,
      (a, b) => a * b,
      floatOf(1n),
      (a, b) => times(a, b, DOUBLE),
      DOUBLE,
    ),
}

/** Bits of a float64: with what OPA begins a product. */
const DOUBLE = 53
const MAX_SMALL = 2 ** 31

const same = (value: number): number => value
const isSmall = (value: Num): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= -MAX_SMALL && value < MAX_SMALL

function add(context: BuiltinContext, a: Num, b: Num): Value {
  if (isSmall(a) && isSmall(b)) return a + b
  return exactly(a, b, (x, y) => x + y) ?? write(plus(read(context, a), read(context, b)))
}

function minus(context: BuiltinContext, a: Value | undefined, b: Value | undefined): Value {
  if (a !== undefined && b !== undefined && isSet(a) && isSet(b))
    return new RegoSet([...a].filter((one) => !b.has(one)))
  if (a === undefined || !(isNumber(a) || isSet(a))) throw wrongKind(1, a ?? null, 'number', 'set')
  if (b === undefined || !isNumber(b) || !isNumber(a))
    throw wrongKind(2, b ?? null, isNumber(b ?? null) ? 'set' : 'number')
  if (isSmall(a) && isSmall(b)) return a - b
  return exactly(a, b, (x, y) => x - y) ?? write(plus(read(context, a), negated(read(context, b))))
}

function multiply(context: BuiltinContext, a: Num, b: Num): Value {
  // Beyond 2^53 a double is no longer exact.
  const product = isSmall(a) && isSmall(b) ? a * b : Number.NaN
  if (Number.isSafeInteger(product)) return product + 0
  context.charge(numberText(a).length + numberText(b).length)
  return exactly(a, b, (x, y) => x * y) ?? write(times(read(context, a), read(context, b)))
}

/** Exact where both are small and one divides the other; else a float, whatever they are. */
function divide(context: BuiltinContext, a: Num, b: Num): Value {
  if (b === 0) throw new BuiltinError('divide by zero')
  if (isSmall(a) && isSmall(b) && a !== 0 && a % b === 0) return a / b
  const divisor = read(context, b)
  if (divisor.mantissa === 0n) throw new BuiltinError('divide by zero')
  return write(over(read(context, a), divisor))
}

function remainder(a: Num, b: Num): Value {
  if (isSmall(a) && isSmall(b) && b !== 0) return (a % b) + 0
  const [x, y] = [integerOf(a), integerOf(b)]
  if (x === undefined || y === undefined) throw new BuiltinError('modulo on floating-point number')
  if (y === 0n) throw new BuiltinError('modulo by zero')
  return numberOfBigInt(x % y)
}

function unary(
  context: BuiltinContext,
  value: Num,
  small: (value: number) => number,
  other: (float: BigFloat) => Value,
): Value {
  return isSmall(value) ? small(value) : other(read(context, value))
}

const half = ({ negative }: BigFloat): BigFloat => ({ negative, mantissa: 1n, exponent: -1 })

/** Towards zero, and one more above zero: what is between -1 and 0 counts as above, in OPA. */
function ceil(float: BigFloat): Value {
  const cut = towardsZero(float)
  return cut.negative || isWhole(float) ? whole(cut) : write(plus(cut, floatOf(1n)))
}

function floor(float: BigFloat): Value {
  const cut = towardsZero(float)
  return !cut.negative || isWhole(float) ? whole(cut) : write(plus(cut, floatOf(-1n)))
}

function accumulate(
  context: BuiltinContext,
  all: Value | undefined,
  start: bigint,
  exact: (a: bigint, b: bigint) => bigint,
  startFloat: BigFloat,
  next: (a: BigFloat, b: BigFloat) => BigFloat,
  precision: number,
): Value {
  if (all === undefined || !(isArray(all) || isSet(all))) throw wrongKind(1, all ?? null, 'set', 'array')
  const numbers = [...all].map((member) => {
    if (!isNumber(member)) throw wrongMember(1, all, member, 'number')
    return member
  })
  const integers = numbers.map((number) => {
    context.charge(decimalUnits(numberText(number).length))
    return integerOf(number)
  })
  if (integers.every((integer) => integer !== undefined)) {
    const total = integers.reduce((sum, integer) => {
      context.charge(1 + wordsOf(sum) * (4 + wordsOf(integer) / 4))
      return exact(sum, integer)
    }, start)
    context.charge(decimalUnits(wordsOf(total) * WORD_DIGITS))
    return numberOfBigInt(total)
  }
  return write(numbers.map((number) => read(context, number)).reduce(next, startFloat), precision)
}

/** Decimal digits that fit 64 bits. */
const WORD_DIGITS = 19
const wordsOf = (integer: bigint): number => bitLength(integer < 0n ? -integer : integer) / 64

/** Undefined unless both are integers, however written. */
function exactly(a: Num, b: Num, compute: (a: bigint, b: bigint) => bigint): Value | undefined {
  const [x, y] = [integerOf(a), integerOf(b)]
  return x === undefined || y === undefined ? undefined : numberOfBigInt(compute(x, y))
}

function read(context: BuiltinContext, number: Num): BigFloat {
  const text = numberText(number)
  context.charge(20 + decimalUnits(text.length))
  const float = parseBigFloat(text)
  if (float === undefined) throw new BuiltinError('illegal value')
  // Its text may be long where it itself is not: 1e100000.
  context.charge(decimalUnits(wholeDigits(float) + Math.max(0, -float.exponent)))
  return float
}

const write = (float: BigFloat, precision = PRECISION): Value => numberOf(floatText(float, precision))

/** OPA gives an integer as many bits as it needs. */
const whole = (float: BigFloat): Value =>
  write(float, Math.max(PRECISION, bitLength(float.mantissa) + Math.max(0, float.exponent)))
