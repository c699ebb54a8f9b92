/** uri.* and urlquery.*, by Go's net/url. */
import { compareStrings } from '../../wasm/compare.ts'
import { writeTerm } from '../../wasm/term-text.ts'
import { isArray, isSet, RegoObject, type Value } from '../../wasm/value.ts'
import { BuiltinError, type BuiltinTable } from '../builtin.ts'
import { asObject, asString, operandError } from '../operands.ts'
import { escapeBytes, toBytes, toText, unescapeBytes } from './url-escape.ts'
import { parseUrl, splitHostPort } from './url-parse.ts'

export const URIS: BuiltinTable = {
  'uri.parse': (_, text) => describe(asString(1, text)),
  'uri.is_valid': (_, text) => typeof text === 'string' && text !== '' && isUrl(text),
  'urlquery.encode': (_, text) => encodeQuery(asString(1, text)),
  'urlquery.decode': (_, text) => toText(unescapeBytes(toBytes(asString(1, text)), 'query')),
  'urlquery.encode_object': (_, value) => encodeObject(asObject(1, value)),
  'urlquery.decode_object': (_, text) => decodeObject(asString(1, text)),
}

function isUrl(text: string): boolean {
  try {
    parseUrl(toBytes(text))
    return true
  } catch (error) {
    if (error instanceof BuiltinError) return false
    throw error
  }
}

function describe(text: string): Value {
  const { scheme, host, path, rawPath, rawQuery, fragment } = parseUrl(toBytes(text))
  const { hostname, port } = splitHostPort(host)
  const parts = { scheme, hostname, port, path, raw_path: rawPath || path, raw_query: rawQuery, fragment }
  const present = Object.entries(parts).filter(([, part]) => part !== '')
  return new RegoObject(present.map(([name, part]) => [name, toText(part)]))
}

const encodeQuery = (text: string): string => escapeBytes(toBytes(text), 'query')

function encodeObject(object: RegoObject): string {
  const pairs = [...object].map(([key, value]) => ({
    key: typeof key === 'string' ? key : writeTerm(key),
    values: queryValues(value),
  }))
  pairs.sort((a, b) => compareStrings(a.key, b.key))
  return pairs
    .flatMap(({ key, values }) => values.map((value) => `${encodeQuery(key)}=${encodeQuery(value)}`))
    .join('&')
}

function queryValues(value: Value): readonly string[] {
  const values = isArray(value) || isSet(value) ? [...value] : [value]
  if (values.every((each) => typeof each === 'string')) return values
  throw operandError(1, 'values must be string, array[string], or set[string]')
}

/** Go refuses more. */
const MAX_PARAMETERS = 10_000

/** All parameters are read before a wrong one is told. */
function decodeObject(text: string): Value {
  const settings = toBytes(text).split('&')
  if (settings.length > MAX_PARAMETERS) throw new BuiltinError('number of URL query parameters exceeded limit')
  if (settings.some((setting) => setting.includes(';'))) throw new BuiltinError('invalid semicolon separator in query')
  const found = new Map<string, string[]>()
  for (const setting of settings.filter((each) => each !== '')) {
    const equals = setting.indexOf('=')
    const key = toText(unescapeBytes(equals < 0 ? setting : setting.slice(0, equals), 'query'))
    const value = toText(unescapeBytes(equals < 0 ? '' : setting.slice(equals + 1), 'query'))
    const values = found.get(key)
    if (values === undefined) found.set(key, [value])
    else values.push(value)
  }
  return new RegoObject(found)
}
