/** The input of a question: from the body of a POST (JSON, or YAML where the type says so), or from `?input=`. */
import { BuiltinError } from '../builtins/builtin.ts'
import { readYaml } from '../builtins/yaml/read.ts'
import { parseExact } from '../exact-json.ts'
import { jsonOfValue } from '../wasm/json-value.ts'
import { RegoObject } from '../wasm/value.ts'
import { ApiError } from './api-error.ts'
import type { ApiRequest } from './exchange.ts'

export interface ReadInput {
  /** JSON value; undefined means that the input is. */
  readonly input: unknown
  /** The caller sent none: OPA warns of it. */
  readonly missing: boolean
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export function inputFromQuery(query: URLSearchParams): ReadInput {
  const text = query.getAll('input').at(-1)
  return { input: text === undefined ? undefined : parseJson(text, 'the parameter `input`'), missing: false }
}

/** `{"input": …}`; `input: null` counts as missing, as in OPA. */
export async function inputFromBody(request: ApiRequest): Promise<ReadInput> {
  const document = await readDocument(request)
  if (document === undefined || document === null) return { input: undefined, missing: true }
  if (typeof document !== 'object' || Array.isArray(document)) {
    throw new ApiError('invalid_parameter', 'the body is not a JSON object')
  }
  const input: unknown = Object.hasOwn(document, 'input') ? Reflect.get(document, 'input') : undefined
  if (input === undefined || input === null) return { input: undefined, missing: true }
  return { input, missing: false }
}

/** The whole body as one value; undefined where it is blank. Throws ApiError. */
export async function readDocument(request: ApiRequest): Promise<unknown> {
  const bytes = await request.body()
  if (request.headers['content-type']?.includes('yaml') === true) return parseYaml(bytes)
  const text = decoder.decode(bytes)
  return text.length < 32 && text.trim() === '' ? undefined : parseJson(text, 'the body')
}

function parseJson(text: string, what: string): unknown {
  refuseDeep(text, what)
  try {
    return parseExact(text)
  } catch {
    throw new ApiError('invalid_parameter', `${what} is not valid JSON`)
  }
}

/** Its parser takes microseconds for a character: this bounds what a body takes of the thread. */
const YAML_BYTES = 64 * 1024
/** Units of what is read, aliases written out included. */
const YAML_UNITS = 600 * YAML_BYTES * 2

function parseYaml(bytes: Uint8Array): unknown {
  if (bytes.byteLength > YAML_BYTES) {
    throw new ApiError('payload_too_large', 'the body is too large for YAML: send JSON')
  }
  const text = decoder.decode(bytes)
  if (text.trim() === '') return undefined
  let units = YAML_UNITS
  const charge = (taken: number) => {
    units -= taken
    if (units < 0) throw new BuiltinError('too much')
  }
  const context = {
    charge,
    nowNs: () => 0n,
    random: (length: number) => new Uint8Array(length),
    cache: new Map<string, unknown>(),
    print: () => {},
    runtime: RegoObject.fromRecord({}),
  }
  try {
    const value = jsonOfValue(readYaml(context, text), true)
    if (depthOf(value, 0) > MAX_DEPTH) throw new BuiltinError('too deep')
    return value
  } catch (error) {
    if (error instanceof BuiltinError || error instanceof RangeError) {
      throw new ApiError('invalid_parameter', 'the body is not valid YAML, or is nested too deeply')
    }
    throw error
  }
}

function depthOf(value: unknown, above: number): number {
  if (typeof value !== 'object' || value === null || above > MAX_DEPTH) return above
  let deepest = above + 1
  for (const member of Object.values(value)) deepest = Math.max(deepest, depthOf(member, above + 1))
  return deepest
}

/** More than any honest input. A rule that walks takes room by size times depth: 20 KB, 3,000 deep, took it all. */
const MAX_DEPTH = 128

const [QUOTE, BACKSLASH] = [34, 92]
const OPEN: ReadonlySet<number> = new Set([91, 123])
const CLOSE: ReadonlySet<number> = new Set([93, 125])

function refuseDeep(text: string, what: string): void {
  if (!mayBeDeep(text)) return
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) inString = !inString
    else if (inString) {
      if (unit === BACKSLASH) at += 1
    } else if (OPEN.has(unit)) depth += 1
    else if (CLOSE.has(unit)) depth -= 1
    if (depth > MAX_DEPTH) throw new ApiError('invalid_parameter', `${what} is nested too deeply`)
  }
}

/** Whether the text has as many opening brackets as it takes; found by the engine's own search, which is far faster. */
function mayBeDeep(text: string): boolean {
  let opened = 0
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      if (++opened > MAX_DEPTH) return true
    }
  }
  return false
}
