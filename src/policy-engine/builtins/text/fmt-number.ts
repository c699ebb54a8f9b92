/** Numbers under Go's fmt: int64, big.Int (which formats itself, in its own way) and float64. */
import { type FloatVerb, formatFloat } from './fmt-float.ts'
import { type Directive, pad } from './fmt-state.ts'
import { isPrintable, quoteGo } from './go-text.ts'

const RADIX: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 }
const MAX_RUNE = 0x10ffffn

/** Undefined for a verb that integers don't have. */
export function printInt64(directive: Directive, value: bigint, verb: string): string | undefined {
  const radix = RADIX[verb]
  if (radix !== undefined) return printInteger(directive, value, radix, verb)
  if (verb === 'c') return pad(directive, runeOf(value))
  if (verb === 'q') return pad(directive, quoteGo(runeOf(value), { mark: "'", ascii: directive.plus }))
  return verb === 'U' ? printUnicode(directive, BigInt.asUintN(64, value)) : undefined
}

function runeOf(value: bigint): string {
  const isRune = value >= 0n && value <= MAX_RUNE && !(value >= 0xd800n && value <= 0xdfffn)
  return isRune ? String.fromCodePoint(Number(value)) : '\ufffd'
}

function printInteger(directive: Directive, value: bigint, radix: number, verb: string): string {
  const { width, precision, minus, plus, space, zero, sharp } = directive
  if (precision === 0 && value === 0n) return ' '.repeat(width ?? 0)
  const negative = value < 0n
  const fill = precision === undefined && zero && !minus && width !== undefined
  const least = fill ? width - (negative || plus || space ? 1 : 0) : (precision ?? 0)
  const digits = digitsOf(value, radix, verb).padStart(least, '0')
  const prefix = verb === 'O' ? '0o' : ''
  const marked = sharp ? markRadix(digits, radix, verb) : digits
  return pad(directive, signOf(directive, negative) + prefix + marked, false)
}

function digitsOf(value: bigint, radix: number, verb: string): string {
  const digits = (value < 0n ? -value : value).toString(radix)
  return verb === 'X' ? digits.toUpperCase() : digits
}

function signOf({ plus, space }: Directive, negative: boolean): string {
  return negative ? '-' : plus ? '+' : space ? ' ' : ''
}

function markRadix(digits: string, radix: number, verb: string): string {
  if (radix === 2) return `0b${digits}`
  if (radix === 8) return digits.startsWith('0') ? digits : `0${digits}`
  return radix === 16 ? `0${verb === 'X' ? 'X' : 'x'}${digits}` : digits
}

function printUnicode(directive: Directive, value: bigint): string {
  const digits = value
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(directive.precision ?? 0, 4), '0')
  const char = value <= MAX_RUNE ? String.fromCodePoint(Number(value)) : ''
  const shown = directive.sharp && isPrintable(char) ? ` '${char}'` : ''
  return pad(directive, `U+${digits}${shown}`, false)
}

const BIG_PREFIX: Readonly<Record<string, string>> = { b: '0b', o: '0', x: '0x', X: '0X' }

/** math/big knows no %c, %q and %U, says so in its own words, and puts zeros behind the prefix. */
export function printBig(directive: Directive, value: bigint, verb: string): string {
  const radix = verb === 's' ? 10 : RADIX[verb]
  if (radix === undefined) return `%!${verb}(big.Int=${value})`
  const flags = { ...directive, plus: directive.plus || directive.plusV, sharp: directive.sharp || directive.sharpV }
  const sign = signOf(flags, value < 0n)
  const prefix = verb === 'O' ? '0o' : flags.sharp ? (BIG_PREFIX[verb] ?? '') : ''
  const digits = digitsOf(value, radix, verb).padStart(flags.precision ?? 0, '0')
  const fillWidth = (flags.width ?? 0) - sign.length - prefix.length
  const fill = flags.zero && !flags.minus && flags.precision === undefined
  return pad(flags, sign + prefix + (fill ? digits.padStart(fillWidth, '0') : digits), false)
}

const WORD = 2n ** 64n

/** %w is for errors: Go then shows a big.Int's own fields. */
export function printBigFields(directive: Directive, value: bigint): string {
  const { plusV, sharpV } = directive
  const words: bigint[] = []
  for (let left = value < 0n ? -value : value; left > 0n; left /= WORD) words.push(left % WORD)
  const word = { ...directive, sharp: sharpV }
  const shown = words.map((each) => printInteger(word, each, sharpV ? 16 : 10, 'v')).join(sharpV ? ', ' : ' ')
  const negative = pad(directive, String(value < 0n))
  if (sharpV) return `&big.Int{neg:${negative}, abs:big.nat{${shown}}}`
  return plusV ? `&{neg:${negative} abs:[${shown}]}` : `&{${negative} [${shown}]}`
}

const FLOAT_VERBS: Readonly<Record<string, { readonly verb: FloatVerb; readonly precision: number }>> = {
  v: { verb: 'g', precision: -1 },
  g: { verb: 'g', precision: -1 },
  G: { verb: 'G', precision: -1 },
  x: { verb: 'x', precision: -1 },
  X: { verb: 'X', precision: -1 },
  b: { verb: 'b', precision: -1 },
  f: { verb: 'f', precision: 6 },
  F: { verb: 'f', precision: 6 },
  e: { verb: 'e', precision: 6 },
  E: { verb: 'E', precision: 6 },
}

/** Undefined for a verb that floats don't have. */
export function printFloat64(directive: Directive, value: number, verb: string): string | undefined {
  const style = FLOAT_VERBS[verb]
  if (style === undefined) return undefined
  const precision = directive.precision ?? style.precision
  const text = formatFloat(value, style.verb, precision)
  const negative = text.startsWith('-')
  const plain = negative ? text.slice(1) : text
  const size = directive.sharp && style.verb !== 'b' ? keepZeros(plain, style.verb, precision) : plain
  const sign = signOf(directive, negative)
  if (sign !== '' && directive.zero && !directive.minus) {
    return sign + size.padStart((directive.width ?? 0) - 1, '0')
  }
  return pad(directive, sign + size)
}

/** The sharp flag: always a decimal point, and trailing zeros up to the precision. */
function keepZeros(text: string, verb: FloatVerb, precision: number): string {
  const tailAt = text.search(verb === 'x' || verb === 'X' ? /[pP]/ : /[eE]/)
  const mantissa = tailAt < 0 ? text : text.slice(0, tailAt)
  const tail = tailAt < 0 ? '' : text.slice(tailAt)
  const hasDigitsToFill = verb === 'g' || verb === 'G' || verb === 'x'
  const significant = mantissa.replace('.', '').replace(/^0+/, '').length
  const lone = !mantissa.includes('.') && mantissa === '0' ? 1 : 0
  const missing = hasDigitsToFill ? (precision < 0 ? 6 : precision) - significant - lone : 0
  return mantissa + (mantissa.includes('.') ? '' : '.') + '0'.repeat(Math.max(missing, 0)) + tail
}
