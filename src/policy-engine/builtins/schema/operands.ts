/** Checks of a keyword's value, in the words of gojsonschema, the library that OPA checks schemas with. */
import { compareNumbers, numberText, type RegoNumber } from '../../wasm/number.ts'
import { BuiltinError } from '../builtin.ts'
import { isJsonNumber, isList, isMap, isWholeNumber, type JsonNode, plainText } from './node.ts'

export type Keywords = ReadonlyMap<string, JsonNode>

export const invalidType = (expected: string, given: string): BuiltinError =>
  new BuiltinError(`Invalid type. Expected: ${expected}, given: ${given}`)

export const mustBe = (what: string, kind: string, article = 'a'): BuiltinError =>
  new BuiltinError(`${what} must be of ${article} ${kind}`)

export function textKeyword(keywords: Keywords, name: string): string | undefined {
  const value = keywords.get(name)
  if (value === undefined || typeof value === 'string') return value
  throw invalidType('string', name)
}

export function listKeyword(keywords: Keywords, name: string): readonly JsonNode[] | undefined {
  const value = keywords.get(name)
  if (value === undefined || isList(value)) return value
  throw mustBe(name, 'array', 'an')
}

export function mapKeyword(keywords: Keywords, name: string, refusal: BuiltinError): Keywords | undefined {
  const value = keywords.get(name)
  if (value === undefined || isMap(value)) return value
  throw refusal
}

export function numberKeyword(
  keywords: Keywords,
  name: string,
  refusal: BuiltinError,
): number | RegoNumber | undefined {
  const value = keywords.get(name)
  if (value === undefined || isJsonNumber(value)) return value
  throw refusal
}

const MAX_INT64 = 2n ** 63n - 1n

/** A count is written without a point or an exponent. */
export function countKeyword(keywords: Keywords, name: string): number | undefined {
  const value = keywords.get(name)
  if (value === undefined) return undefined
  const text = isJsonNumber(value) && isWholeNumber(value) ? numberText(value) : ''
  if (!/^-?\d{1,19}$/.test(text) || BigInt(text) > MAX_INT64) throw mustBe(name, 'integer', 'an')
  if (text.startsWith('-') && BigInt(text) !== 0n) throw new BuiltinError(`${name} must be greater than or equal to 0`)
  return Number(text)
}

export const isPositive = (number: number | RegoNumber): boolean => compareNumbers(number, 0) > 0

/** Texts, none twice. */
export function textsKeyword(keywords: Keywords, name: string): readonly string[] {
  const texts = listKeyword(keywords, name) ?? []
  const seen = new Set<string>()
  for (const text of texts) {
    if (typeof text !== 'string') throw invalidType('string', name)
    if (seen.has(text)) throw new BuiltinError(`${name} items must be unique`)
    seen.add(text)
  }
  return [...seen]
}

/** Any values, none twice. */
export function valuesKeyword(keywords: Keywords, name: string): readonly string[] | undefined {
  const values = listKeyword(keywords, name)?.map(plainText)
  if (values !== undefined && new Set(values).size < values.length) {
    throw new BuiltinError(`${name} items must be unique`)
  }
  return values
}
