/** Rego numbers: exact decimals of any size whose text is kept as written, so that 1.50 and 12345678901234567890 survive. */

/** A number that a double cannot hold with the same text. Made by `numberOf`, which prefers a plain `number`. */
export class RegoNumber {
  readonly kind = 'number'
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export const NUMBER_TEXT = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Text of a JSON number to a value: a plain number where its own text is the same. Throws on any other text. */
export function numberOf(text: string): number | RegoNumber {
  if (!NUMBER_TEXT.test(text)) throw new SyntaxError('not a number')
  const double = Number(text)
  return String(double) === text ? double : new RegoNumber(text)
}

export const numberOfBigInt = (integer: bigint): number | RegoNumber =>
  integer >= Number.MIN_SAFE_INTEGER && integer <= Number.MAX_SAFE_INTEGER
    ? Number(integer)
    : new RegoNumber(integer.toString())

export const numberText = (value: number | RegoNumber): string =>
  typeof value === 'number' ? (Object.is(value, -0) ? '-0' : String(value)) : value.text

/** The value as sign × 0.digits × 10^point; digits has no zero at either end, zero has no digits at all. */
export interface Decimal {
  readonly negative: boolean
  readonly digits: string
  readonly point: number
}

export function decimalOf(value: number | RegoNumber): Decimal {
  const text = numberText(value)
  const negative = text.startsWith('-')
  const exponentAt = text.search(/e/i)
  const mantissa = text.slice(negative ? 1 : 0, exponentAt < 0 ? undefined : exponentAt)
  const dot = mantissa.indexOf('.')
  const all = dot < 0 ? mantissa : mantissa.slice(0, dot) + mantissa.slice(dot + 1)
  const significant = all.replace(/^0+/, '')
  const digits = trimZeros(significant)
  if (digits === '') return { negative: false, digits, point: 0 }
  const exponent = exponentAt < 0 ? 0 : Number(text.slice(exponentAt + 1))
  return { negative, digits, point: (dot < 0 ? mantissa.length : dot) - (all.length - significant.length) + exponent }
}

/** By hand: a regular expression for trailing zeros takes quadratic time on digits that a policy's author can choose. */
function trimZeros(digits: string): string {
  let end = digits.length
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end--
  return digits.slice(0, end)
}

export function compareNumbers(left: number | RegoNumber, right: number | RegoNumber): number {
  if (typeof left === 'number' && typeof right === 'number') return left < right ? -1 : left > right ? 1 : 0
  const [a, b] = [decimalOf(left), decimalOf(right)]
  if (a.negative !== b.negative) return a.negative ? -1 : 1
  return a.negative ? compareSize(b, a) : compareSize(a, b)
}

function compareSize(a: Decimal, b: Decimal): number {
  if (a.digits === '' || b.digits === '') return Number(a.digits !== '') - Number(b.digits !== '')
  if (a.point !== b.point) return a.point < b.point ? -1 : 1
  return a.digits < b.digits ? -1 : a.digits > b.digits ? 1 : 0
}

/** Equal for equal numbers, however written. */
export function numberKey(value: number | RegoNumber): string {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return `n${value === 0 ? 0 : value}`
  const { negative, digits, point } = decimalOf(value)
  const sign = negative ? '-' : ''
  if (digits === '') return 'n0'
  if (point >= digits.length && point <= 16) return `n${sign}${digits.padEnd(point, '0')}`
  return `n${sign}.${digits}e${point}`
}

/** More digits than any policy has use for; 1e1000000000 must not become a billion of them. */
const MAX_DIGITS = 20_000

/** The exact integer, also of 1e3 and 5.0; undefined for fractions and for what has over 20,000 digits. */
export function integerOf(value: number | RegoNumber): bigint | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  const { negative, digits, point } = decimalOf(value)
  if (digits === '') return 0n
  if (point < digits.length || point > MAX_DIGITS) return undefined
  const size = BigInt(digits.padEnd(point, '0'))
  return negative ? -size : size
}

/** The nearest double. */
export const doubleOf = (value: number | RegoNumber): number => (typeof value === 'number' ? value : Number(value.text))
