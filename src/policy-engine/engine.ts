/** The two interfaces inside the policy engine: what evaluates a bundle, and what a verified bundle is. */

/** One loaded bundle, ready to answer. Not re-entrant: evaluation is synchronous on the calling thread. */
export interface Evaluator {
  /** As in the manifest, e.g. `authz/token/decision`, `authz/token`, `system/log/mask`. */
  readonly entrypoints: ReadonlySet<string>
  /**
   * The value of the entrypoint, or undefined where the rule is. An absent `input` is an undefined input; `null`, `false`,
   * `0` and `''` are inputs. Throws EvaluationError when the module traps or aborts; the evaluator stays usable.
   */
  evaluate(entrypoint: string, input: unknown): unknown
  /** The same for an input that is JSON text as JSON.stringify writes it; its numbers reach policy as written. */
  evaluateJson(entrypoint: string, input: string): unknown
  /** The same, answered as JSON text: for whoever writes it down as well. */
  evaluateText(entrypoint: string, input: string): string | undefined
  /** Base data of the bundle, for Data API paths that no entrypoint covers. */
  readonly data: unknown
  close(): void
}

/** The module trapped or aborted (a conflict between rules, memory, a missing built-in). Private: goes to the log only. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError'
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
  readonly wasm: WebAssembly.Module
  /** Text of data.json, UTF-8. */
  readonly dataJson: Uint8Array
  readonly entrypoints: readonly string[]
  /** From `cache_ttl_seconds` of each rule's metadata; no entry, no caching. */
  readonly cacheTtlSeconds: Readonly<Record<string, number>>
  readonly sizeBytes: number
}

/** Why a bundle was refused; each shows in `/v1/status` and the log, and the old bundle serves on. */
export type BundleRefusal =
  | 'unreadable'
  | 'too_large'
  | 'not_a_bundle'
  | 'unsigned'
  | 'unknown_key'
  | 'bad_signature'
  | 'digest_mismatch'
  | 'older_version'
  | 'version_conflict'
  | 'no_wasm'
  | 'missing_entrypoint'
  | 'self_check_failed'
  /** The store did not tell which version was active before, so that an older one cannot be told apart. */
  | 'mark_unavailable'

export class BundleError extends Error {
  override readonly name = 'BundleError'
  readonly code: BundleRefusal
  constructor(code: BundleRefusal, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }
}
