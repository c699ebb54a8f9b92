/**
 * Evaluator on the @open-policy-agent/opa-wasm package: it links, loads the data and supplies the built-ins; we call its
 * instance (OPA, "WebAssembly", ABI 1.2), since its own call copies the input twice, reads the answer byte by byte, and takes
 * falsy inputs for none. Memory is sized beforehand, and an instance that threw is never used again: it leaks its C stack.
 */
import { createRequire } from 'node:module'
import type * as Opa from '@open-policy-agent/opa-wasm'
import { baseData } from '../bundle/base-data.ts'
import { EvaluationError, type Evaluator, type VerifiedBundle } from '../engine.ts'
import { instanceDropped } from './dropped-memory.ts'

/** The package's ES module does not export `loadPolicySync` though its types do; its CommonJS module does. */
const require = createRequire(import.meta.url)
let loaded: typeof Opa | undefined

/** Loaded where it is asked for: beside our own host nobody needs its seven megabytes. */
function opa(): typeof Opa {
  loaded ??= require('@open-policy-agent/opa-wasm') as typeof Opa
  return loaded
}

type EvaluatedBundle = Pick<VerifiedBundle, 'dataJson' | 'dataIndex' | 'moduleData'> & {
  readonly wasm: WebAssembly.Module
}

/** Evaluates one entrypoint on JSON text (none: undefined input); answers the result set as JSON text. */
type Call = (entrypoint: string, input: string | undefined) => string

const PAGE = 64 * 1024
/** OPA's values take about twelve times their JSON text; grown step by step, 10 MB of data took most of a minute. */
const MEMORY_PER_DATA_BYTE = 14
const BASE_PAGES = 32
/** What inputs and results of one evaluation may take at most: a policy that allocates without end aborts here. */
const EVALUATION_PAGES = 2048

/** Instantiates the module and loads its data; throws EvaluationError when either fails. */
export function openEvaluator(bundle: EvaluatedBundle): Evaluator {
  let instance: Instance | undefined = instantiate(bundle)
  const { entrypoints } = instance

  const drop = () => {
    const bytes = instance?.memory.buffer.byteLength ?? 0
    instance = undefined
    instanceDropped(bytes)
  }

  const evaluate = (entrypoint: string, input: unknown): unknown => {
    if (!entrypoints.has(entrypoint)) return undefined
    instance ??= instantiate(bundle)
    try {
      return parse(resultOf(instance.call(entrypoint, input === undefined ? undefined : JSON.stringify(input))))
    } catch (thrown) {
      drop()
      throw evaluationError(thrown)
    }
  }

  return {
    entrypoints,
    evaluate,
    base: baseData(bundle),
    close: drop,
  }
}

interface Instance {
  readonly entrypoints: ReadonlySet<string>
  readonly memory: WebAssembly.Memory
  readonly call: Call
}

function instantiate({ wasm, dataJson, moduleData: data = dataJson }: EvaluatedBundle): Instance {
  const initial = BASE_PAGES + Math.ceil((data.byteLength * MEMORY_PER_DATA_BYTE) / PAGE)
  try {
    const policy = opa().loadPolicySync(wasm, { initial, maximum: Math.min(initial + EVALUATION_PAGES, 65_536) })
    // Only an ArrayBuffer passes the package unchanged.
    policy.setData(Uint8Array.from(data).buffer)
    const ids = new Map(Object.entries(policy.entrypoints as Readonly<Record<string, number>>))
    return { entrypoints: new Set(ids.keys()), memory: policy.mem, call: caller(policy, ids) }
  } catch (thrown) {
    throw evaluationError(thrown)
  }
}

const RESERVED = 0
const JSON_FORMAT = 0

function caller(policy: Opa.LoadedPolicy, ids: ReadonlyMap<string, number>): Call {
  const { mem, dataAddr, dataHeapPtr } = policy
  const { exports } = policy.wasmInstance as { readonly exports: { opa_eval(...values: number[]): number } }
  let bytes = Buffer.from(mem.buffer)
  /** Growing detaches what was seen before. */
  const seen = (): Buffer => {
    if (bytes.buffer !== mem.buffer) bytes = Buffer.from(mem.buffer)
    return bytes
  }
  const place = (text: string): number => {
    // A UTF-16 unit takes three bytes at most.
    const lacking = dataHeapPtr + text.length * 3 - seen().byteLength
    if (lacking > 0) mem.grow(Math.ceil(lacking / PAGE))
    return seen().write(text, dataHeapPtr)
  }
  return (entrypoint, input) => {
    const length = input === undefined ? 0 : place(wellFormed(input))
    const id = ids.get(entrypoint) ?? -1
    const inputAt = length === 0 ? 0 : dataHeapPtr
    const answer = exports.opa_eval(RESERVED, id, dataAddr, inputAt, length, dataHeapPtr + length, JSON_FORMAT)
    return seen().toString('utf8', answer, seen().indexOf(0, answer))
  }
}

const BEFORE = '[{"result":'
const AFTER = '}]'

/** The one result of a set, or undefined of an empty one. */
function resultOf(set: string): string | undefined {
  if (set.startsWith(BEFORE) && set.endsWith(AFTER)) return set.slice(BEFORE.length, -AFTER.length)
  if (set === '[]') return undefined
  throw new EvaluationError('the module answered out of form')
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch (thrown) {
    throw evaluationError(thrown)
  }
}

/** JSON.stringify escapes a lone surrogate, which aborts the module's parser; OPA reads it as U+FFFD. */
const wellFormed = (json: string): string =>
  json.includes('\\ud') ? json.replace(/((?<!\\)(?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g, '$1\ufffd') : json

/** The package throws strings and plain objects. Only texts that name a place in the policy are kept: others may hold values. */
function evaluationError(thrown: unknown): EvaluationError {
  const text = typeof thrown === 'string' ? thrown : thrown instanceof Error ? thrown.message : ''
  const place = /^[\w./-]+:\d+:\d+: [\w ]+$|^opa_malloc: failed$|^memory access out of bounds$|^unreachable$/.exec(text)
  return new EvaluationError(place?.[0] ?? 'the module aborted', {
    cause: thrown instanceof Error ? thrown.name : typeof thrown,
  })
}
