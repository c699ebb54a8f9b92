/** The input of a question: from the body of a POST (JSON, or YAML where the type says so), or from `?input=`. */
import { BuiltinError } from '../builtins/builtin.ts'
import { NODE_UNITS, PARSE_UNITS, readYaml } from '../builtins/yaml/read.ts'
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
  try {
    return parseExact(text, MAX_DEPTH)
  } catch (error) {
    const why = error instanceof RangeError ? 'nested too deeply' : 'not valid JSON'
    throw new ApiError('invalid_parameter', `${what} is ${why}`)
  }
}

/** Its parser takes microseconds for a character: this bounds what a body takes of the thread. */
const YAML_BYTES = 16 * 1024
/** Values of what is read, and characters of their text, aliases written out in both. */
const YAML_VALUES = 100_000
const YAML_CHARACTERS = 256 * 1024

function parseYaml(bytes: Uint8Array): unknown {
  if (bytes.byteLength > YAML_BYTES) {
    throw new ApiError('payload_too_large', 'the body is too large for YAML: send JSON')
  }
  const text = decoder.decode(bytes)
  if (text.trim() === '') return undefined
  let units = text.length * PARSE_UNITS + YAML_VALUES * NODE_UNITS
  const charge = (taken: number) => {
    units -= taken
    if (units < 0) throw tooMuch()
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
    measure(value, 0, YAML_CHARACTERS)
    return value
  } catch (error) {
    if (error instanceof BuiltinError || error instanceof RangeError) {
      throw new ApiError('invalid_parameter', 'the body is not valid YAML, or is nested too deeply')
    }
    throw error
  }
}

/** What is left of `characters` after the texts of a value and of its keys. Throws where it is too deep, or nothing is left. */
function measure(value: unknown, above: number, characters: number): number {
  let left = characters
  if (typeof value === 'string') left -= value.length
  else if (typeof value === 'object' && value !== null) {
    if (above >= MAX_DEPTH) throw new BuiltinError('too deep')
    if (Array.isArray(value)) for (const item of value) left = measure(item, above + 1, left)
    else for (const [key, member] of Object.entries(value)) left = measure(member, above + 1, left - key.length)
  }
  if (left < 0) throw tooMuch()
  return left
}

const tooMuch = () =>
  new ApiError('payload_too_large', 'the body holds too much with its aliases written out: send JSON without them')

/** More than any honest input. A rule that walks takes room by size times depth: 20 KB, 3,000 deep, took it all. */
const MAX_DEPTH = 128
