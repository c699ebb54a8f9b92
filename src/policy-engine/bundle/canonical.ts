/**
 * OPA's canonical JSON, the form in which `data.json` and `.manifest` are signed (OPA, "Signing"): compact, keys in order
 * of their UTF-8 bytes, number text as written, strings escaped as Go's encoder does without HTML escaping.
 */

import { compact } from './compact.ts'

/** A number's own text: 1.0 and 1 sign differently, and 12345678901234567890 does not survive a double. */
class NumberText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** The canonical text of a JSON document. Throws on anything that is not exactly one JSON value in valid UTF-8. */
export function canonicalize(document: Uint8Array, dropKeys: readonly string[] = []): string {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(document)
  const parsed: unknown = JSON.parse(text, keepNumberText as Reviver)
  return write(isRecord(parsed) ? without(parsed, dropKeys) : parsed)
}

/** The same as bytes. Those of a document are made once, whoever asks: digests, revision, and what the engine loads. */
export function canonicalBytes(document: Uint8Array): Uint8Array {
  const known = forms.get(document)
  if (known !== undefined) return known
  const form = compact(document, quote) ?? Buffer.from(canonicalize(document))
  forms.set(document, form)
  return form
}

const forms = new WeakMap<Uint8Array, Uint8Array>()

/** Canonical text of a value in memory, for keys: two values get the same text exactly when they are equal as JSON. */
export const canonicalText = (value: unknown): string => write(value)

/** The language's library does not yet type the third argument. */
type Reviver = (key: string, value: unknown) => unknown

function keepNumberText(_key: string, value: unknown, context: { source?: string }): unknown {
  return typeof value === 'number' ? new NumberText(context.source ?? String(value)) : value
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText)

const without = (record: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)))

function write(value: unknown): string {
  if (value instanceof NumberText) return value.text
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  if (isRecord(value)) {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined)
    entries.sort(([left], [right]) => byUtf8(left, right))
    return `{${entries.map(([key, member]) => `${quote(key)}:${write(member)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}

/** JSON.stringify escapes as Go does but for U+2028 and U+2029; lone surrogates become U+FFFD in Go. */
const quote = (text: string): string =>
  JSON.stringify(text.toWellFormed()).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')

/** Order of UTF-8 bytes is order of code points; UTF-16 order differs from it only where surrogates meet U+E000 and above. */
function byUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at++) {
    const a = left.charCodeAt(at)
    const b = right.charCodeAt(at)
    if (a !== b) return rank(a) - rank(b)
  }
  return left.length - right.length
}

const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)
