/** Sums, products and quotients of Go's big.Float: each rounded once, half to even, to the bits that OPA's numbers have. */
import { type BigFloat, bitLength, isWhole, PRECISION, quotient, round } from './big-float.ts'

export const floatOf = (integer: bigint): BigFloat => ({
  negative: integer < 0n,
  mantissa: integer < 0n ? -integer : integer,
  exponent: 0,
})

export const negated = (float: BigFloat): BigFloat => ({ ...float, negative: !float.negative })

/** Beyond so many bits the smaller one only says on which side of a tie the sum lies. */
const FAR_BITS = 4 * PRECISION

export function plus(a: BigFloat, b: BigFloat): BigFloat {
  if (a.mantissa === 0n && b.mantissa === 0n) return { ...a, negative: a.negative && b.negative }
  if (a.mantissa === 0n) return rounded(b)
  if (b.mantissa === 0n) return rounded(a)
  const [high, low] = top(a) >= top(b) ? [a, b] : [b, a]
  const isFar = top(high) - top(low) > FAR_BITS
  const exponent = isFar ? top(high) - FAR_BITS : Math.min(high.exponent, low.exponent)
  const [left, right] = isFar
    ? [aligned(high, exponent), low.negative ? -1n : 1n]
    : [aligned(a, exponent), aligned(b, exponent)]
  const sum = left + right
  return rounded({ negative: sum < 0n, mantissa: sum < 0n ? -sum : sum, exponent })
}

/** `precision` is that of the accumulator: OPA's `product` keeps 53 bits. */
export const times = (a: BigFloat, b: BigFloat, precision = PRECISION): BigFloat => ({
  negative: a.negative !== b.negative,
  ...round(a.mantissa * b.mantissa, a.exponent + b.exponent, precision),
})

/** The divisor is not zero. */
export const over = (a: BigFloat, b: BigFloat): BigFloat => ({
  negative: a.negative !== b.negative,
  ...(a.mantissa === 0n ? { mantissa: 0n, exponent: 0 } : quotient(a, b)),
})

/** What lies towards zero. Zero has no sign then. */
export function towardsZero(float: BigFloat): BigFloat {
  if (isWhole(float)) return float.mantissa === 0n ? floatOf(0n) : float
  return floatOf((float.negative ? -1n : 1n) * (float.mantissa >> BigInt(-float.exponent)))
}

const rounded = ({ negative, mantissa, exponent }: BigFloat): BigFloat => ({
  negative,
  ...round(mantissa, exponent, PRECISION),
})

const top = ({ mantissa, exponent }: BigFloat): number => bitLength(mantissa) + exponent

/** At an exponent that is not above its own. */
function aligned({ negative, mantissa, exponent }: BigFloat, to: number): bigint {
  const shifted = mantissa << BigInt(exponent - to)
  return negative ? -shifted : shifted
}
