/**
 * The text of Go's big.Float as OPA writes numbers: the fewest digits that read back as the same float, integers in full, others
 * as Go's `%g` (math/big, `ftoa.go`).
 */
import { type BigFloat, bitLength, isWhole } from './big-float.ts'

/** 0.digits × 10^point, without zeros at the end. */
interface Digits {
  readonly digits: string
  readonly point: number
}

/** Beyond it `%g` writes an exponent. */
const LARGEST_POINT = 6
const SMALLEST_EXPONENT = -4

export function floatText(float: BigFloat, precision: number): string {
  const sign = float.negative ? '-' : ''
  if (float.mantissa === 0n) return `${sign}0`
  const shortest = shortestDigits(float, precision)
  const exponent = shortest.point - 1
  if (isWhole(float) || (exponent >= SMALLEST_EXPONENT && exponent < LARGEST_POINT)) return sign + plain(shortest)
  const { digits } = shortest
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
  const size = String(Math.abs(exponent)).padStart(2, '0')
  return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${size}`
}

function plain({ digits, point }: Digits): string {
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`
  return digits.length <= point ? digits.padEnd(point, '0') : `${digits.slice(0, point)}.${digits.slice(point)}`
}

function shortestDigits({ mantissa, exponent }: BigFloat, precision: number): Digits {
  // Its last bit is then half a unit in the last place.
  const shift = bitLength(mantissa) - (precision + 1)
  const scaled = shift < 0 ? mantissa << BigInt(-shift) : mantissa >> BigInt(shift)
  const at = exponent + shift
  const [exact, lower, upper] = [decimal(scaled, at), decimal(scaled - 1n, at).digits, decimal(scaled + 1n, at).digits]
  const inclusive = (scaled & 2n) === 0n
  for (let index = 0; index < exact.digits.length; index++) {
    const [digit, low, high] = [exact.digits, lower, upper].map((text) => text.charAt(index) || '0') as [
      string,
      string,
      string,
    ]
    const mayGoDown = low !== digit || (inclusive && index + 1 === lower.length)
    const above = Number(digit) + 1 < Number(high) || index + 1 < upper.length
    const mayGoUp = digit !== high && (inclusive || above)
    if (mayGoDown && mayGoUp) return cut(exact, index + 1, isUpper(exact.digits, index + 1))
    if (mayGoDown || mayGoUp) return cut(exact, index + 1, mayGoUp)
  }
  return exact
}

/** Half to even. */
function isUpper(digits: string, length: number): boolean {
  if (length >= digits.length) return false
  if (digits.charAt(length) === '5' && length + 1 === digits.length) return Number(digits.charAt(length - 1)) % 2 === 1
  return digits.charAt(length) >= '5'
}

function cut({ digits, point }: Digits, length: number, up: boolean): Digits {
  if (length >= digits.length) return { digits, point }
  const kept = digits.slice(0, length)
  if (!up) return { digits: kept.replace(/0+$/, ''), point }
  const head = kept.replace(/9+$/, '')
  if (head === '') return { digits: '1', point: point + 1 }
  return { digits: head.slice(0, -1) + String(Number(head.at(-1)) + 1), point }
}

function decimal(mantissa: bigint, exponent: number): Digits {
  const all = (exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent)).toString()
  return { digits: all.replace(/0+$/, ''), point: all.length - Math.max(0, -exponent) }
}
