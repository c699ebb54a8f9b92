/** Between Rego values and JSON: text, and the plain objects that the rest of the platform speaks. */
import { parseExact } from '../exact-json.ts'
import { NUMBER_TEXT, numberKey, numberOf, numberText, RegoNumber } from './number.ts'
import { writeTerm } from './term-text.ts'
import { isArray, isNumber, isSet, RegoObject, type Value } from './value.ts'

const { rawJSON, isRawJSON } = JSON as typeof JSON & {
  rawJSON(text: string): unknown
  isRawJSON(value: unknown): value is { readonly rawJSON: string }
}

/** Plain data as JSON.parse makes it, or parseExact with its raw numbers. */
export function valueOfJson(plain: unknown): Value {
  if (plain === null || typeof plain === 'boolean') return plain
  if (typeof plain === 'string') return plain.toWellFormed()
  if (typeof plain === 'number') return Number.isFinite(plain) ? (Object.is(plain, -0) ? 0 : plain) : null
  if (typeof plain === 'bigint') return numberOf(plain.toString())
  if (Array.isArray(plain)) return plain.map(valueOfJson)
  if (typeof plain !== 'object') throw new TypeError(`no JSON value: ${typeof plain}`)
  if (isRawJSON(plain))
    return NUMBER_TEXT.test(plain.rawJSON) ? numberOf(plain.rawJSON) : valueOfJson(JSON.parse(plain.rawJSON))
  return new RegoObject(
    Object.entries(plain)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => [key.toWellFormed(), valueOfJson(member)] as const),
  )
}

/** Reads JSON text; numbers keep their text. Throws SyntaxError. */
export const readJson = (text: string): Value => valueOfJson(parseExact(text))

/**
 * Text that a double would change becomes raw JSON where it matters: integers beyond 2^53 and numbers beyond any double;
 * with `exact` always, so that 1.50 is written 1.50.
 */
export function jsonOfNumber(value: number | RegoNumber, exact = false): unknown {
  if (typeof value === 'number') return value
  if (exact) return rawJSON(value.text)
  const double = Number(value.text)
  const keeps = Number.isInteger(double) ? Number.isSafeInteger(double) || numberKey(double) === numberKey(value) : true
  return Number.isFinite(double) && keeps ? double : rawJSON(value.text)
}

/** Sets become sorted arrays, keys that are no strings their JSON text; numbers as `jsonOfNumber` says. */
export function jsonOfValue(value: Value, exact = false): unknown {
  if (value instanceof RegoNumber) return jsonOfNumber(value, exact)
  if (value === null || typeof value !== 'object') return value
  if (isArray(value)) return value.map((member) => jsonOfValue(member, exact))
  if (isSet(value)) return [...value].map((member) => jsonOfValue(member, exact))
  const plain: Record<string, unknown> = {}
  for (const [key, member] of value) define(plain, keyText(key), jsonOfValue(member, exact))
  return plain
}

/** Compact JSON text with keys in order, nothing escaped beyond JSON's need. */
export function writeJson(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed())
  if (isNumber(value)) return numberText(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (isArray(value)) return `[${value.map(writeJson).join()}]`
  if (isSet(value)) return `[${[...value].map(writeJson).join()}]`
  return `{${[...value].map(([key, member]) => `${JSON.stringify(keyText(key).toWellFormed())}:${writeJson(member)}`).join()}}`
}

export const keyText = (key: Value): string =>
  typeof key === 'string' ? key : isComposite(key) ? writeJson(key) : writeTerm(key)
const isComposite = (key: Value): boolean => key !== null && typeof key === 'object' && !isNumber(key)

/** A key `__proto__` is a member like any other. */
function define(plain: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') plain[key] = value
  else Object.defineProperty(plain, key, { value, enumerable: true, configurable: true, writable: true })
}
