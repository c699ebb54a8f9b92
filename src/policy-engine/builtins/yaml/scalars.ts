/** What a plain YAML scalar means to go-yaml v3, which OPA reads YAML with: YAML 1.2's words, and numbers of 1.1 too. */
import { numberOf, numberOfBigInt } from '../../wasm/number.ts'
import type { Value } from '../../wasm/value.ts'
import { BuiltinError } from '../builtin.ts'

export type Kind = 'null' | 'bool' | 'int' | 'float' | 'str' | 'timestamp'

export interface Scalar {
  readonly kind: Kind
  readonly value: Value
  /** Of a float its double, which may be no number of JSON. */
  readonly double?: number
}

const WORDS: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ...['true', 'True', 'TRUE'].map((word): [string, Scalar] => [word, { kind: 'bool', value: true }]),
  ...['false', 'False', 'FALSE'].map((word): [string, Scalar] => [word, { kind: 'bool', value: false }]),
  ...['', '~', 'null', 'Null', 'NULL'].map((word): [string, Scalar] => [word, { kind: 'null', value: null }]),
  ...['.nan', '.NaN', '.NAN'].map((word): [string, Scalar] => [word, float(Number.NaN)]),
  ...['.inf', '.Inf', '.INF'].flatMap((word): [string, Scalar][] => [
    [word, float(Number.POSITIVE_INFINITY)],
    [`+${word}`, float(Number.POSITIVE_INFINITY)],
    [`-${word}`, float(Number.NEGATIVE_INFINITY)],
  ]),
])

export function resolvePlain(text: string): Scalar {
  const word = WORDS.get(text)
  if (word !== undefined) return word
  if (text.startsWith('.')) return goFloat(text) ?? string(text)
  if (!/^[-+\d]/.test(text)) return string(text)
  if (isTimestamp(text)) return { kind: 'timestamp', value: text }
  const plain = text.replaceAll('_', '')
  const integer = goInteger(plain) ?? prefixedInteger(plain)
  if (integer !== undefined) return { kind: 'int', value: numberOfBigInt(integer) }
  return (STYLED_FLOAT.test(plain) ? goFloat(plain) : undefined) ?? string(text)
}

const STYLED_FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/
const GO_FLOAT = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/

const string = (text: string): Scalar => ({ kind: 'str', value: text })

function float(double: number): Scalar {
  const value = Number.isFinite(double) ? numberOf(Object.is(double, -0) ? '-0' : String(double)) : null
  return { kind: 'float', value, double }
}

/** Beyond the range of a double it is no float. */
function goFloat(text: string): Scalar | undefined {
  if (!GO_FLOAT.test(text)) return undefined
  const double = Number(text)
  return Number.isFinite(double) ? float(double) : undefined
}

const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n
const MAX_UINT64 = 2n ** 64n - 1n

/** A sign, then 0x, 0o, 0b, a bare 0 for octal, or decimal digits; without a sign up to 64 bits unsigned. */
function goInteger(text: string): bigint | undefined {
  const [, sign = '', digits = ''] =
    /^([-+]?)(0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]*|[1-9]\d*)$/.exec(text) ?? []
  if (digits === '' || digits.length > MAX_DIGITS) return undefined
  const size = BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits)
  const integer = sign === '-' ? -size : size
  if (integer < MIN_INT64 || integer > (sign === '' ? MAX_UINT64 : MAX_INT64)) return undefined
  return integer
}

const MAX_DIGITS = 70

/** A sign behind the prefix, which go-yaml takes too. */
function prefixedInteger(text: string): bigint | undefined {
  const [, negative = '', base = '', sign = '', digits = ''] = /^(-?)0([bo])([-+]?)(\d+)$/.exec(text) ?? []
  if (digits === '' || digits.length > MAX_DIGITS || !(base === 'b' ? /^[01]+$/ : /^[0-7]+$/).test(digits))
    return undefined
  if (negative !== '' && sign !== '') return undefined
  const size = BigInt(`0${base}${digits}`)
  const integer = negative || sign === '-' ? -size : size
  return integer < MIN_INT64 || integer > MAX_INT64 ? undefined : integer
}

const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt ])(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(Z|[-+]\d{2}:\d{2})?)?$/

/** Read as text, but never as a number; the fields must be possible, as where Go parses a time. */
function isTimestamp(text: string): boolean {
  const [whole, year, month, day, separator, hour, minute, second, zone] = TIMESTAMP.exec(text) ?? []
  if (whole === undefined) return false
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > days) return false
  if (separator === undefined) return true
  if ((separator === ' ') !== (zone === undefined)) return false
  return Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60
}

/** An explicit tag of the core schema. */
export function resolveTagged(tag: string, text: string): Scalar {
  const plain = resolvePlain(text)
  if (tag === 'str') return string(text)
  if (plain.kind === tag) return plain
  if (tag === 'float' && plain.kind === 'int') return float(Number(text.replaceAll('_', '')))
  throw new BuiltinError(`yaml: cannot decode !!${plain.kind} \`${text}\` as a !!${tag}`)
}

/** Characters that may not stand in a YAML text (YAML 1.1 5.1). */
export const holdsForbidden = (text: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/.test(text)
