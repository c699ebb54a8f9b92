/** Input of a Data API request: from the body of a POST, or from `?input=` (OPA, "Data API"). */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { parseExact } from '../exact-json.ts'
import { ApiError } from './api-error.ts'

export interface ReadInput {
  /** JSON text; undefined means that the input is. */
  readonly input: string | undefined
  /** The caller sent none: OPA warns of it. */
  readonly missing: boolean
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export function inputFromQuery(query: URLSearchParams): ReadInput {
  const text = query.getAll('input').at(-1)
  return {
    input: text === undefined ? undefined : JSON.stringify(parse(text, 'the parameter `input`')),
    missing: false,
  }
}

/** `input: null` counts as missing, as in OPA. */
export async function inputFromBody(body: Uint8Array, encoding: string | undefined, limit: number): Promise<ReadInput> {
  const text = decoder.decode(await inflate(body, encoding, limit))
  if (text.trim() === '') return { input: undefined, missing: true }
  const document = parse(text, 'the body')
  if (document === null) return { input: undefined, missing: true }
  if (typeof document !== 'object' || Array.isArray(document)) {
    throw new ApiError('invalid_parameter', 'the body is not a JSON object')
  }
  const input: unknown = Object.hasOwn(document, 'input') ? Reflect.get(document, 'input') : undefined
  if (input === undefined || input === null) return { input: undefined, missing: true }
  return { input: JSON.stringify(input), missing: false }
}

async function inflate(body: Uint8Array, encoding: string | undefined, limit: number): Promise<Uint8Array> {
  if (encoding === undefined || encoding === 'identity') return body
  if (encoding !== 'gzip') throw new ApiError('invalid_parameter', 'of content encodings only gzip is supported')
  try {
    return await promisify<Uint8Array, object, Uint8Array>(gunzip)(body, { maxOutputLength: limit })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new ApiError('payload_too_large', 'the body is too large')
    }
    throw new ApiError('invalid_parameter', 'the body is not gzip')
  }
}

function parse(text: string, what: string): unknown {
  refuseDeep(text, what)
  try {
    return parseExact(text)
  } catch {
    throw new ApiError('invalid_parameter', `${what} is not valid JSON`)
  }
}

/** More than any honest input. A rule that walks takes room by size times depth: 20 KB, 3,000 deep, took it all. */
const MAX_DEPTH = 128

const [QUOTE, BACKSLASH] = [34, 92]
const OPEN: ReadonlySet<number> = new Set([91, 123])
const CLOSE: ReadonlySet<number> = new Set([93, 125])

function refuseDeep(text: string, what: string): void {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) inString = !inString
    else if (unit === BACKSLASH) at += 1
    else if (inString) continue
    else if (OPEN.has(unit)) depth += 1
    else if (CLOSE.has(unit)) depth -= 1
    if (depth > MAX_DEPTH) throw new ApiError('invalid_parameter', `${what} is nested too deeply`)
  }
}
