/**
 * Go's big.Float as OPA meets it: decimal text at 64 bits of precision, rounded half to even. What OPA answers for 1e30 or for a
 * fraction of a byte shows that precision, so exact arithmetic would differ.
 */
/** mantissa × 2^exponent. */
export interface BigFloat {
  readonly negative: boolean
  readonly mantissa: bigint
  readonly exponent: number
}

export const PRECISION = 64
/** Powers of five carry more bits, as Go's do. */
const POWER_PRECISION = PRECISION + 64
const MAX_EXPONENT = 2 ** 31 - 1

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/

/** Undefined for what is no number, and for what Go's float cannot hold. Trailing zeros count: they steer Go's rounding. */
export function parseBigFloat(text: string): BigFloat | undefined {
  const [, sign = '', whole = '', decimals = '', power10 = '0'] = DECIMAL.exec(text) ?? []
  if (whole === '' && decimals === '') return undefined
  const negative = sign === '-'
  const mantissa = BigInt(whole + decimals)
  const fraction = Number(power10) - decimals.length
  if (mantissa === 0n) return { negative, mantissa, exponent: 0 }
  if (Math.abs(fraction) > MAX_EXPONENT) return undefined
  const power = powerOfFive(Math.abs(fraction))
  const scaled =
    fraction < 0
      ? quotient({ mantissa, exponent: 0 }, power)
      : round(mantissa * power.mantissa, power.exponent, PRECISION)
  const exponent = scaled.exponent + fraction
  return exponent + bitLength(scaled.mantissa) > MAX_EXPONENT
    ? undefined
    : { negative, mantissa: scaled.mantissa, exponent }
}

/** a × b at 64 bits. */
export function multiply(a: BigFloat, b: bigint): BigFloat {
  return { negative: a.negative, ...round(a.mantissa * b, a.exponent, PRECISION) }
}

export const isWhole = ({ mantissa, exponent }: BigFloat): boolean =>
  exponent >= 0 || mantissa % (1n << BigInt(-exponent)) === 0n

/** Towards zero. `maxBits` bounds the result's size; undefined beyond. */
export function truncated({ negative, mantissa, exponent }: BigFloat, maxBits: number): bigint | undefined {
  if (exponent > maxBits) return undefined
  const size = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa >> BigInt(Math.min(-exponent, MAX_EXPONENT))
  return negative ? -size : size
}

export type Magnitude = Pick<BigFloat, 'mantissa' | 'exponent'>

function powerOfFive(power: number): Magnitude {
  const small = Math.min(power, 27)
  let result: Magnitude = { mantissa: 5n ** BigInt(small), exponent: 0 }
  let square: Magnitude = { mantissa: 5n, exponent: 0 }
  for (let left = power - small; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = product(result, square)
    square = product(square, square)
  }
  return result
}

const product = (a: Magnitude, b: Magnitude): Magnitude =>
  round(a.mantissa * b.mantissa, a.exponent + b.exponent, POWER_PRECISION)

export function quotient(a: Magnitude, b: Magnitude): Magnitude {
  const shift = Math.max(0, PRECISION + 2 + bitLength(b.mantissa) - bitLength(a.mantissa))
  const dividend = a.mantissa << BigInt(shift)
  const whole = dividend / b.mantissa
  // A last bit that says whether anything was cut off keeps the rounding right.
  const sticky = whole * b.mantissa === dividend ? 0n : 1n
  return round((whole << 1n) | sticky, a.exponent - b.exponent - shift - 1, PRECISION)
}

export function round(mantissa: bigint, exponent: number, precision: number): Magnitude {
  const excess = bitLength(mantissa) - precision
  if (excess <= 0) return { mantissa, exponent }
  const bits = BigInt(excess)
  const kept = mantissa >> bits
  const rest = mantissa - (kept << bits)
  const half = 1n << (bits - 1n)
  const up = rest > half || (rest === half && kept % 2n === 1n)
  return { mantissa: up ? kept + 1n : kept, exponent: exponent + excess }
}

export function bitLength(value: bigint): number {
  if (value === 0n) return 0
  const hex = value.toString(16)
  return hex.length * 4 - Math.clz32(Number.parseInt(hex[0] ?? '0', 16)) + 28
}

/** Fuel for reading or writing an integer of so many decimal digits, which takes more than linear time. */
export const decimalUnits = (digits: number): number => (digits * Math.sqrt(digits)) / 10

/** The decimal digits of the whole part, about. */
export const wholeDigits = ({ mantissa, exponent }: BigFloat): number =>
  Math.max(0, (bitLength(mantissa) + exponent) * Math.LOG10E * Math.LN2)
