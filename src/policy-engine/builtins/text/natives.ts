/**
 * Text and JSON that the module has functions for, where these answer otherwise than OPA: sets are joined and keys written in
 * the order of a hash, base64 without padding is taken, an empty text is found or never left, some JSON ends the evaluation.
 */
import { NUMBER_TEXT, numberOf } from '../../wasm/number.ts'
import { isNumber, type Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError, type BuiltinTable } from '../builtin.ts'
import { decodeBase64, decodeBase64Url } from '../encoding/base64.ts'
import { writeGoJson } from '../json/go-json.ts'
import { asString, asStrings, wrongKind } from '../operands.ts'
import { firstPlace, splitText } from './find.ts'
import { decodeUtf8, runeCount, utf8 } from './go-text.ts'

export const NATIVE_TEXT: BuiltinTable = {
  concat: (context, delimiter, parts) => join(context, asString(1, delimiter), asStrings(2, parts ?? null)),
  indexof: (_, base, search) => indexOf(asString(1, base), asString(2, search)),
  replace: (context, text, old, by) => replace(context, asString(1, text), asString(2, old), asString(3, by)),
  to_number: (_, value) => toNumber(value ?? null),
  'json.marshal': (_, value) => writeGoJson(value ?? null),
  'json.is_valid': (context, text) => typeof text === 'string' && isJson(context, text),
  'base64.decode': (_, text) => decodeUtf8(decodeBase64(asString(1, text))),
  'base64.is_valid': (_, text) => typeof text === 'string' && isBase64(text),
  'base64url.decode': (_, text) => decodeUtf8(decodeBase64Url(asString(1, text))),
}

function join(context: BuiltinContext, delimiter: string, parts: readonly string[]): string {
  context.charge((parts.length * delimiter.length) / 4)
  return parts.join(delimiter)
}

function indexOf(base: string, search: string): number {
  if (search === '') throw new BuiltinError('empty search character')
  const at = firstPlace(base, search)
  return at < 0 ? -1 : runeCount(base.slice(0, at))
}

function replace(context: BuiltinContext, text: string, old: string, by: string): string {
  context.charge(text.length / 4)
  if (old !== '') {
    const parts = splitText(text, old)
    context.charge((parts.length * by.length) / 4)
    return parts.join(by)
  }
  // Go stands between any two bytes.
  const bytes = utf8(text)
  context.charge((bytes.length * by.length) / 4)
  return decodeUtf8(Buffer.concat([utf8(by), ...Array.from(bytes, (byte) => [Buffer.of(byte), utf8(by)]).flat()]))
}

function toNumber(value: Value): Value {
  if (value === null) return 0
  if (typeof value === 'boolean') return Number(value)
  if (isNumber(value)) return value
  if (typeof value !== 'string') throw wrongKind(1, value, 'null', 'boolean', 'number', 'string')
  if (/^[+-]*(inf|infinity|nan)$/i.test(value)) throw wrongKind(1, value, 'valid number string')
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value)) throw new BuiltinError(`not a number: ${value}`)
  if (!Number.isFinite(Number(value))) throw new BuiltinError('value out of range')
  return numberOf(NUMBER_TEXT.test(value) ? value : jsonNumber(value))
}

/** What Go takes as a number and JSON does not: `+1`, `.5`, `5.`, `007`. */
function jsonNumber(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = ''] = /^([+-]?)(\d*)\.?(\d*)(.*)$/.exec(text) ?? []
  const integer = whole.replace(/^0+(?=\d)/, '') || '0'
  return `${sign === '-' ? '-' : ''}${integer}${fraction === '' ? '' : `.${fraction}`}${exponent}`
}

function isJson(context: BuiltinContext, text: string): boolean {
  context.charge(text.length)
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function isBase64(text: string): boolean {
  try {
    decodeBase64(text)
    return true
  } catch (error) {
    if (error instanceof BuiltinError) return false
    throw error
  }
}
