/** units.parse (SI and binary suffixes, exact rationals) and units.parse_bytes (at the precision of OPA's floats). */
import { numberOf, numberOfBigInt } from '../../wasm/number.ts'
import type { Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError, type BuiltinTable } from '../builtin.ts'
import { asString } from '../operands.ts'
import { lowerGo } from '../text/go-text.ts'
import { decimalUnits, multiply, parseBigFloat, truncated, wholeDigits } from './big-float.ts'

export const UNITS: BuiltinTable = {
  'units.parse': (context, text) => parseUnits(context, charged(context, asString(1, text))),
  'units.parse_bytes': (context, text) => parseBytes(context, charged(context, asString(1, text))),
}

function charged(context: BuiltinContext, text: string): string {
  context.charge(decimalUnits(text.length))
  return text
}

const PREFIXES = ['k', 'm', 'g', 't', 'p', 'e']
const DECIMAL = new Map(PREFIXES.map((prefix, at) => [prefix, 1000n ** BigInt(at + 1)]))
const BINARY = new Map(PREFIXES.map((prefix, at) => [`${prefix}i`, 1024n ** BigInt(at + 1)]))
/** 0.001 as a double is m × 2^-e, and OPA multiplies by that. */
const MILLI = { numerator: 1152921504606847n, denominator: 2n ** 60n }
const FRACTION_DIGITS = 10n
const MAX_EXPONENT_DIGITS = 6
/** Beyond a million Go's rationals refuse. */
const MAX_EXPONENT = 1_000_000

interface Amount {
  readonly number: string
  readonly unit: string
}

function parseUnits(context: BuiltinContext, text: string): Value {
  const { number, unit } = split('units.parse', 'amount', text.replaceAll('"', ''))
  const spelled = unit.slice(0, 1) + lowerGo(unit.slice(1))
  const factor = unitFactor(spelled)
  if (factor === undefined) throw failure('units.parse', `unit ${spelled} not recognized`)
  const amount = rationalOf(context, number)
  if (amount === undefined) throw failure('units.parse', 'could not parse amount to a number')
  return writeRational(amount.numerator * factor.numerator, amount.denominator * factor.denominator)
}

/** Only m and M are told apart: milli and mega. */
function unitFactor(unit: string): { numerator: bigint; denominator: bigint } | undefined {
  if (unit === 'm') return MILLI
  const lower = unit.replace(/^[A-Z]/, (letter) => letter.toLowerCase())
  const numerator = unit === '' ? 1n : (DECIMAL.get(lower) ?? BINARY.get(lower))
  return numerator === undefined ? undefined : { numerator, denominator: 1n }
}

function parseBytes(context: BuiltinContext, text: string): Value {
  const { number, unit } = split('units.parse_bytes', 'byte amount', lowerGo(text).replaceAll('"', ''))
  const name = unit.endsWith('b') ? unit.slice(0, -1) : unit
  const factor = unit === '' ? 1n : (DECIMAL.get(name) ?? BINARY.get(name))
  if (factor === undefined) throw failure('units.parse_bytes', `byte unit ${unit} not recognized`)
  const amount = parseBigFloat(number)
  if (amount === undefined) throw failure('units.parse_bytes', 'could not parse byte amount to a number')
  context.charge(decimalUnits(wholeDigits(amount)))
  return numberOfBigInt(truncated(multiply(amount, factor), Number.MAX_SAFE_INTEGER) ?? 0n)
}

/** The words of a missing amount differ between the two, those of the rest do not. */
function split(name: string, noun: string, text: string): Amount {
  if (text.includes(' ')) throw failure(name, 'spaces not allowed in resource strings')
  const end = numberEnd(name, text)
  if (end === 0) throw failure(name, `no ${noun} provided`)
  return { number: text.slice(0, end), unit: text.slice(end) }
}

const isDigit = (char: string | undefined): boolean => char !== undefined && char >= '0' && char <= '9'
const isSign = (char: string | undefined): boolean => char === '+' || char === '-'

/** Where the unit begins: an e is part of the number only before a digit or a sign. */
function numberEnd(name: string, text: string): number {
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === 'e' || char === 'E') {
      if (!isDigit(text[at + 1]) && !isSign(text[at + 1])) return at
      if (isSign(text[at + 1])) at++
      const exponent = /^\d*/.exec(text.slice(at + 1, at + 2 + MAX_EXPONENT_DIGITS))?.[0] ?? ''
      if (exponent.length > MAX_EXPONENT_DIGITS) throw failure(name, 'exponent too large')
    } else if (!isDigit(char) && char !== '.' && !isSign(char)) return at
  }
  return text.length
}

const GO_NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/

function rationalOf(context: BuiltinContext, text: string): { numerator: bigint; denominator: bigint } | undefined {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = GO_NUMBER.exec(text) ?? []
  if (whole === '' && fraction === '') return undefined
  const power = Number(exponent) - fraction.length
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n)
  if (digits === 0n) return { numerator: 0n, denominator: 1n }
  if (Math.abs(power) > MAX_EXPONENT) return undefined
  context.charge(decimalUnits(Math.abs(power)))
  const scale = 10n ** BigInt(Math.abs(power))
  return power < 0 ? { numerator: digits, denominator: scale } : { numerator: digits * scale, denominator: 1n }
}

/** Whole numbers plain; others with ten decimals, halves away from zero. */
function writeRational(numerator: bigint, denominator: bigint): Value {
  if (numerator % denominator === 0n) return numberOfBigInt(numerator / denominator)
  const negative = numerator < 0n
  const scaled = (negative ? -numerator : numerator) * 10n ** FRACTION_DIGITS
  const rounded = (2n * scaled + denominator) / (2n * denominator)
  const digits = rounded.toString().padStart(Number(FRACTION_DIGITS) + 1, '0')
  const point = digits.length - Number(FRACTION_DIGITS)
  return numberOf(`${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`)
}

const failure = (name: string, message: string): BuiltinError => new BuiltinError(`${name}: ${message}`)
