/** The two interfaces inside the policy engine: what evaluates a bundle, and what a verified bundle is. */

import type { BundleRefusal } from './bundle/refusals.ts'
import type { PolicyImage } from './wasm/image.ts'
import type { Value } from './wasm/value.ts'

/** One loaded bundle, ready to answer. Not re-entrant: evaluation is synchronous on the calling thread. */
export interface Evaluator {
  /** As in the manifest, e.g. `authz/token/decision`, `authz/token`, `system/log/mask`. */
  readonly entrypoints: ReadonlySet<string>
  /**
   * The value of the entrypoint, or undefined where the rule is. An absent `input` is an undefined input; `null`, `false`,
   * `0` and `''` are inputs; numbers that a double would change are raw JSON (`parseExact`). Throws EvaluationError when the module traps or aborts; the evaluator stays usable.
   */
  evaluate(entrypoint: string, input: unknown, options?: EvaluationOptions): unknown
  /** Several entrypoints on one input that crosses once; the deadline is that of one evaluation each. */
  evaluateAll?(entrypoints: readonly string[], input: unknown, options?: EvaluationOptions): unknown[]
  /** The base document at a path of `data`, for what no entrypoint covers; undefined where there is none. */
  base(path: readonly string[]): unknown
  close(): void
}

/** What one evaluation may be told; the SDK's evaluator knows none of it. */
export interface EvaluationOptions {
  /** A failing built-in of the host ends the evaluation (OPA's `strict-builtin-errors`) instead of being undefined. */
  readonly strict?: boolean
  /** Numbers of the result keep their text (1.50, 1E400) as raw JSON; else they do only where a double cannot hold them. */
  readonly exact?: boolean
  /** The time that the policy sees, else the clock's. */
  readonly nowNs?: bigint
  /**
   * Answers of non-deterministic built-ins, filled while evaluating (OPA's `nd_builtin_cache`). One that is in it already is
   * not asked again: that replays a decision, and goes on with one that waited for an answer.
   */
  readonly recorded?: Map<string, RecordedCall>
  /**
   * The input holds input or result of the evaluation before, the very objects: what is in memory already is not written
   * again. Only a saving; the answer is the same.
   */
  readonly continues?: boolean
  /** Told with the lines of `print` and `trace`. */
  readonly decisionId?: string
  /** Takes those lines instead of whoever the evaluator was opened with. */
  readonly print?: (line: PrintedLine, decisionId: string | undefined) => void
}

/** What a policy says of itself, in its own words: of the input it holds what the policy chose to print. */
export interface PrintedLine {
  readonly kind: 'print' | 'trace'
  readonly text: string
  /** `policies/authz/token.rego:12`, in bundles of our own compile step. */
  readonly place: string | undefined
}

/** One answer of a non-deterministic built-in. */
export interface RecordedCall {
  readonly name: string
  readonly args: readonly Value[]
  /** Undefined where it failed. */
  readonly value: Value | undefined
}

/** OPA's codes of evaluation errors; `eval_internal_error` for what OPA has no name for. */
export type EvaluationErrorCode =
  | 'eval_conflict_error'
  | 'eval_type_error'
  | 'eval_builtin_error'
  | 'eval_internal_error'

export interface PolicyLocation {
  readonly file: string
  readonly row: number
  readonly col: number
}

export interface EvaluationErrorOptions {
  readonly cause?: unknown
  readonly code?: EvaluationErrorCode
  readonly location?: PolicyLocation
}

/** The module trapped or aborted (a conflict between rules, memory, a missing built-in). Private: goes to the log only. */
export class EvaluationError extends Error {
  override readonly name: string = 'EvaluationError'
  readonly code: EvaluationErrorCode
  readonly location: PolicyLocation | undefined
  constructor(message: string, { cause, code = 'eval_internal_error', location }: EvaluationErrorOptions = {}) {
    super(message, cause === undefined ? {} : { cause })
    this.code = code
    this.location = location
  }
}

/** The evaluation used up its deadline. The evaluator serves on. */
export class EvaluationTimeout extends EvaluationError {
  override readonly name = 'EvaluationTimeout'
}

/**
 * Starts the I/O; undefined where the built-in failed, as a BuiltinError says too. The signal: whoever asked has gone, or has
 * waited long enough.
 */
export type AskOutside = (signal: AbortSignal) => Promise<Value | undefined>

/**
 * A built-in needs I/O for its answer (`http.send`). Whoever can wait gets the answer, records it under `key`, and evaluates
 * again: `wasm/settle.ts`. To all others it is an error like any.
 */
export class EvaluationPending extends EvaluationError {
  override readonly name = 'EvaluationPending'
  readonly key: string
  readonly call: Pick<RecordedCall, 'name' | 'args'>
  readonly answer: AskOutside
  constructor(key: string, call: Pick<RecordedCall, 'name' | 'args'>, answer: AskOutside) {
    super(`${call.name} has no answer yet`)
    this.key = key
    this.call = call
    this.answer = answer
  }
}

/** A bundle whose signature and digests were verified, as handed to each deciding thread (structured-cloneable). */
export interface VerifiedBundle {
  /** Configured name of the bundle, e.g. `sallyport`. */
  readonly name: string
  readonly revision: string
  /** Claim `version` of the signature JWT. */
  readonly version: number
  readonly keyId: string
  /** Digest of its content; differs wherever two bundles under one version do. */
  readonly digest: string
  /** Paths of `data` that it owns, without slash at either end; "" is all of it. */
  readonly roots: readonly string[]
  /** Its module for the engine that is to answer: with fuel (`wasm/fuel/meter.ts`) for our own host. Neither: data only. */
  readonly metered?: WebAssembly.Module
  /** As it came, for the package. */
  readonly wasm?: WebAssembly.Module
  /** Canonical text of data.json, UTF-8. */
  readonly dataJson: Uint8Array
  readonly dataDigest: string
  /** Where its large containers lie (`bundle/json-index.ts`). */
  readonly dataIndex?: Int32Array
  /** What its module sees as `data`, where that is more than its own: any but the platform's sees the data of all. */
  readonly moduleData?: Uint8Array
  /** Of the data that `moduleData` or `image` holds. */
  readonly moduleDataDigest?: string
  /** The module's memory with that data in it, ready to be copied (`wasm/image.ts`). */
  readonly image?: PolicyImage
  readonly entrypoints: readonly string[]
  /** From `cache_ttl_seconds` of each rule's metadata; no entry, no caching. */
  readonly cacheTtlSeconds: Readonly<Record<string, number>>
  /** Entrypoints that declare `cache_nondeterministic`: kept although their answers may differ from one moment to the next. */
  readonly cacheNondeterministic: readonly string[]
  readonly sizeBytes: number
  /** Rego as it was written, by path, for whoever explains a decision; absent where it holds none, or more than is kept. */
  readonly sources?: Readonly<Record<string, string>>
  /** Seconds since the epoch, after which nothing is decided by it. */
  readonly expiresAt?: number
}

/** The bundles of one activation, the platform's first: what is active changes as a whole. */
export type BundleSet = readonly [platform: VerifiedBundle, ...others: VerifiedBundle[]]

/** Revisions of all bundles that an answer was judged by, the platform's first, as answers and log carry them. */
export type Revisions = Readonly<Record<string, { readonly revision: string }>>

/** Each shows in `/v1/status` and the log, and the old bundle serves on. */
export type { BundleRefusal }

export class BundleError extends Error {
  override readonly name = 'BundleError'
  readonly code: BundleRefusal
  constructor(code: BundleRefusal, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }
}
