/**
 * JSON as Go's encoding/json writes and reads it: keys in byte order, `<`, `>`, `&` and U+2028/9 escaped; one value and nothing
 * behind it, numbers with their text, which OPA bounds by size.
 */
import { compareStrings } from '../../wasm/compare.ts'
import { readJson } from '../../wasm/json-value.ts'
import { decimalOf, numberText } from '../../wasm/number.ts'
import { isArray, isNumber, isSet, type RegoObject, type Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError } from '../builtin.ts'

/** Put before each line but the first, and before it once for each level. */
export interface Layout {
  readonly prefix: string
  readonly indent: string
}

export function writeGoJson(value: Value, layout?: Layout): string {
  return write(value, layout, layout === undefined ? '' : `\n${layout.prefix}`)
}

function write(value: Value, layout: Layout | undefined, line: string): string {
  if (typeof value === 'string') return quoteJsonGo(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (isNumber(value)) return numberText(value)
  const inner = layout === undefined ? '' : line + layout.indent
  if (isArray(value) || isSet(value)) {
    const members = [...value].map((member) => inner + write(member, layout, inner))
    return members.length === 0 ? '[]' : `[${members.join()}${line}]`
  }
  const colon = layout === undefined ? ':' : ': '
  const members = [...membersByText(value)].map(
    ([key, member]) => inner + quoteJsonGo(key) + colon + write(member, layout, inner),
  )
  return members.length === 0 ? '{}' : `{${members.join()}${line}}`
}

/** Keys that are no strings become their JSON; of keys with one text the last in OPA's order stays. */
export function membersByText(object: RegoObject): [string, Value][] {
  const members = new Map<string, Value>()
  for (const [key, member] of object) members.set(typeof key === 'string' ? key : writeGoJson(key), member)
  return [...members].sort(([left], [right]) => compareStrings(left, right))
}

const ESCAPED = /[<>&\u2028\u2029]/g
export const quoteJsonGo = (text: string): string =>
  JSON.stringify(text.toWellFormed()).replace(
    ESCAPED,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Deeper values are refused: what walks them is recursive. */
const MAX_DEPTH = 2000
/** About what OPA allows, 2^100000, in decimal digits. */
const MAX_EXPONENT = 30_103

export function readGoJson(context: Pick<BuiltinContext, 'charge'>, text: string): Value {
  context.charge(text.length)
  if (depthOf(text) > MAX_DEPTH) throw new BuiltinError('exceeded max depth')
  try {
    const value = readJson(text)
    if (/\d[eE]/.test(text)) checkExponents(value)
    return value
  } catch (error) {
    if (error instanceof SyntaxError) throw new BuiltinError('invalid JSON text')
    throw error
  }
}

export function isJson(text: string): boolean {
  if (depthOf(text) > MAX_DEPTH) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Brackets in strings do not count. */
function depthOf(text: string): number {
  let [depth, deepest, quoted] = [0, 0, false]
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (quoted && char === '\\') at++
    else if (char === '"') quoted = !quoted
    else if (!quoted && (char === '[' || char === '{')) deepest = Math.max(deepest, ++depth)
    else if (!quoted && (char === ']' || char === '}')) depth--
  }
  return deepest
}

function checkExponents(value: Value): void {
  if (isNumber(value)) {
    const { digits, point } = decimalOf(value)
    if (digits !== '' && Math.abs(point) > MAX_EXPONENT) throw new BuiltinError('invalid number: number too big')
  } else if (value !== null && typeof value === 'object') {
    const members = isArray(value) || isSet(value) ? value : [...value].map(([, member]) => member)
    for (const member of members) checkExponents(member)
  }
}
