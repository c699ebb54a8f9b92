/** An answer as policy sees it (OPA, "HTTP"): what is JSON or YAML is decoded, and null where it is not what it says. */
import { isUtf8 } from 'node:buffer'
import type { EgressResponse } from '../../../egress/egress.ts'
import { EvaluationTimeout } from '../../engine.ts'
import { RegoObject, type Value } from '../../wasm/value.ts'
import { BuiltinError } from '../builtin.ts'
import { readGoJson } from '../json/go-json.ts'
import { decodeUtf8 } from '../text/go-text.ts'
import { readYaml } from '../yaml/read.ts'

export interface Decoding {
  readonly json: boolean
  readonly yaml: boolean
}

/** Headers that describe the connection, which Go's client takes out. */
const HOP_BY_HOP: ReadonlySet<string> = new Set(['transfer-encoding', 'trailer'])

/** Decoding happens outside the module, on its thread, and ends where an evaluation would. */
const DECODING_UNITS = 10_000_000

export function responseValue({ status, statusText, headers, body }: EgressResponse, decoding: Decoding): Value {
  const text = decodeUtf8(body)
  const type = firstOf(headers['content-type'])
  return RegoObject.fromRecord({
    status: `${status} ${statusText ?? ''}`,
    status_code: status,
    body: decode(text, readerFor(type, decoding, isUtf8(body))),
    raw_body: text,
    headers: RegoObject.fromRecord(headerValues(headers)),
  })
}

function headerValues(headers: EgressResponse['headers']): Record<string, Value> {
  const kept = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name))
  return Object.fromEntries(kept.map(([name, value]) => [name, typeof value === 'string' ? [value] : value]))
}

export const firstOf = (value: string | readonly string[] | undefined): string =>
  (typeof value === 'string' ? value : value?.[0]) ?? ''

type Reader = typeof readGoJson

/** Undefined where the body stays text. Bytes that are no UTF-8 make it no YAML; in JSON they are replaced. */
function readerFor(type: string, { json, yaml }: Decoding, isText: boolean): Reader | undefined {
  if (json || isJsonType(type)) return readFirstJson
  return isText && (yaml || /application\/(x-)?yaml/.test(type)) ? readYaml : undefined
}

function decode(text: string, read: Reader | undefined): Value {
  if (read === undefined) return null
  let left = DECODING_UNITS
  const charge = (units: number) => {
    left -= units
    if (left < 0) throw new EvaluationTimeout('the answer takes too long to decode')
  }
  try {
    return read({ charge }, text)
  } catch (error) {
    if (error instanceof BuiltinError) return null
    throw error
  }
}

/** As Go's mime.ParseMediaType: parameters that are none make it no type. */
const isJsonType = (type: string): boolean =>
  /^\s*application\/([\w!#$&^.+-]+\+)?json\s*(;\s*([\w!#$%&'*+.^`|~-]+\s*=\s*([\w!#$%&'*+.^`|~-]+|"([^"\\]|\\.)*")\s*)?)*$/i.test(
    type,
  )

/** Go's decoder reads one value; what stands behind it makes an error that OPA does not look at. */
function readFirstJson(context: Parameters<Reader>[0], text: string): Value {
  try {
    return readGoJson(context, text)
  } catch (error) {
    const end = endOfFirst(text)
    if (!(error instanceof BuiltinError) || end === undefined) throw error
    return readGoJson(context, text.slice(0, end))
  }
}

/** Where the first value ends, if something follows it that is not part of it. */
function endOfFirst(text: string): number | undefined {
  let depth = 0
  // Strings whole, brackets, and other runs of text.
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]|[^\s"[\]{},:]+/gs)) {
    if (token === '[' || token === '{') depth++
    else if (token === ']' || token === '}') depth--
    if (depth <= 0) return index + token.length
  }
  return undefined
}
