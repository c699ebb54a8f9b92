/** JSON as the schema built-ins walk it: sets are arrays, keys are strings in order, numbers keep their text. */
import { compareStrings } from '../../wasm/compare.ts'
import { decimalOf, doubleOf, type RegoNumber } from '../../wasm/number.ts'
import { isArray, isNumber, isSet, type Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError } from '../builtin.ts'
import { membersByText, quoteJsonGo, readGoJson } from '../json/go-json.ts'

export type JsonNode =
  | null
  | boolean
  | string
  | number
  | RegoNumber
  | readonly JsonNode[]
  | ReadonlyMap<string, JsonNode>

export const isList = (node: JsonNode | undefined): node is readonly JsonNode[] => Array.isArray(node)
export const isMap = (node: JsonNode | undefined): node is ReadonlyMap<string, JsonNode> => node instanceof Map
export const isJsonNumber = (node: JsonNode | undefined): node is number | RegoNumber =>
  typeof node === 'object' || typeof node === 'number' ? isNumber(node as Value) : false

const NODE_UNITS = 20

/** A document is an object or an array, or the text of any JSON. */
export function documentOf(context: BuiltinContext, value: Value): JsonNode {
  if (typeof value === 'string') return nodeOf(context, readText(context, value))
  if (typeof value === 'object' && value !== null && !isNumber(value) && !isSet(value)) return nodeOf(context, value)
  throw new BuiltinError('wrong type, expected string or object')
}

function readText(context: BuiltinContext, text: string): Value {
  try {
    return readGoJson(context, text)
  } catch (error) {
    throw error instanceof BuiltinError ? new BuiltinError('invalid JSON string') : error
  }
}

function nodeOf(context: BuiltinContext, value: Value): JsonNode {
  context.charge(NODE_UNITS)
  if (value === null || typeof value !== 'object' || isNumber(value)) return value
  if (isArray(value) || isSet(value)) return [...value].map((member) => nodeOf(context, member))
  return new Map(membersByText(value).map(([key, member]) => [key, nodeOf(context, member)]))
}

/** The same for equal values: numbers are compared as doubles. */
export function plainText(node: JsonNode): string {
  if (typeof node === 'string') return quoteJsonGo(node)
  if (node === null || typeof node === 'boolean') return String(node)
  if (isList(node)) return `[${node.map(plainText).join()}]`
  if (isMap(node)) {
    const members = [...node].sort(([left], [right]) => compareStrings(left, right))
    return `{${members.map(([key, member]) => `${quoteJsonGo(key)}:${plainText(member)}`).join()}}`
  }
  const double = doubleOf(node)
  if (!Number.isFinite(double)) throw new BuiltinError('json: cannot unmarshal number into Go value of type float64')
  return Object.is(double, -0) ? '-0' : String(double)
}

/** The exact integer's size does not matter. */
export function isWholeNumber(number: number | RegoNumber): boolean {
  const { digits, point } = decimalOf(number)
  return digits === '' || point >= digits.length
}

/** As Go's big.Float prints itself: plain up to six digits before the point, else with an exponent. */
export function shortNumber(number: number | RegoNumber): string {
  const { negative, digits, point } = decimalOf(number)
  const sign = negative ? '-' : ''
  if (digits === '') return '0'
  const exponent = point - 1
  if (exponent < -4 || exponent >= 6) {
    const mantissa = digits.length > 1 ? `${digits.charAt(0)}.${digits.slice(1)}` : digits
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  const whole = digits.slice(0, point).padEnd(point, '0')
  return digits.length > point ? `${sign}${whole}.${digits.slice(point)}` : sign + whole
}
