/**
 * Evaluator on the @open-policy-agent/opa-wasm package. Works around what the package lacks: falsy inputs, undefined
 * results, pre-sized memory, and the C stack that each abort leaks (an instance that threw is never used again).
 */
import { createRequire } from 'node:module'
import type * as Opa from '@open-policy-agent/opa-wasm'
import { EvaluationError, type Evaluator, type VerifiedBundle } from '../engine.ts'

/** The package's ES module does not export `loadPolicySync` though its types do; its CommonJS module does. */
const opa = createRequire(import.meta.url)('@open-policy-agent/opa-wasm') as typeof Opa

type EvaluatedBundle = Pick<VerifiedBundle, 'wasm' | 'dataJson'>

const PAGE = 64 * 1024
/** OPA's values take about twelve times their JSON text; grown step by step, 10 MB of data took most of a minute. */
const MEMORY_PER_DATA_BYTE = 14
const BASE_PAGES = 32
/** What inputs and results of one evaluation may take at most: a policy that allocates without end aborts here. */
const EVALUATION_PAGES = 4096

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** Instantiates the module and loads its data; throws EvaluationError when either fails. */
export function openEvaluator(bundle: EvaluatedBundle): Evaluator {
  let policy: Opa.LoadedPolicy | undefined = instantiate(bundle)
  let data: unknown
  const entrypoints: ReadonlySet<string> = new Set(Object.keys(policy.entrypoints as object))

  const evaluate = (entrypoint: string, input: unknown): unknown => {
    if (!entrypoints.has(entrypoint)) return undefined
    policy ??= instantiate(bundle)
    try {
      const [answer] = policy.evaluate(input, entrypoint) as readonly { readonly result: unknown }[]
      return answer?.result
    } catch (thrown) {
      policy = undefined
      throw evaluationError(thrown)
    }
  }

  return {
    entrypoints,
    evaluate: (entrypoint, input) =>
      input === undefined ? evaluate(entrypoint, undefined) : evaluate(entrypoint, bytesOf(JSON.stringify(input))),
    evaluateJson: (entrypoint, input) => evaluate(entrypoint, bytesOf(input)),
    get data() {
      data ??= JSON.parse(decoder.decode(bundle.dataJson))
      return data
    },
    close: () => {
      policy = undefined
    },
  }
}

function instantiate({ wasm, dataJson }: EvaluatedBundle): Opa.LoadedPolicy {
  const initial = BASE_PAGES + Math.ceil((dataJson.byteLength * MEMORY_PER_DATA_BYTE) / PAGE)
  try {
    const policy = opa.loadPolicySync(wasm, { initial, maximum: Math.min(initial + EVALUATION_PAGES, 65_536) })
    policy.setData(exactBuffer(dataJson))
    return policy
  } catch (thrown) {
    throw evaluationError(thrown)
  }
}

/** Only an ArrayBuffer passes the package unchanged: it takes `null`, `false`, `0` and `''` for no input at all. */
const bytesOf = (json: string): ArrayBuffer => exactBuffer(encoder.encode(wellFormed(json)))

function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes
  if (buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength) return buffer
  return Uint8Array.from(bytes).buffer
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
