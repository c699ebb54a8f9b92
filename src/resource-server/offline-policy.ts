/**
 * The signed bundle of the provider, evaluated in the resource server's own process: the same verification, the same WASM,
 * the same deadline, no network. OPA, "Bundles"; a bundle that is not as it was signed is never evaluated.
 */
import { readFile } from 'node:fs/promises'
import { ALGORITHMS } from '../policy-engine/bundle/algorithms.ts'
import { loadBundle } from '../policy-engine/bundle/load.ts'
import type { BundleKey } from '../policy-engine/bundle/signature.ts'
import type { Evaluator } from '../policy-engine/engine.ts'
import { openBundle } from '../policy-engine/wasm/open.ts'
import { isRecord, isText, list, needed, oneOf, type RulesFor, readOptions, text, wholeNumber } from './option-rules.ts'

export interface OfflinePolicyOptions {
  /** Of the bundle, `.tar.gz`. */
  readonly file: string
  /** Whose signatures count. */
  readonly keys: readonly BundleKey[]
  /** An older one is refused. */
  readonly minimumVersion?: number
  /** E.g. `authz/introspect/decision`; a bundle without one of them is refused. */
  readonly entrypoints: readonly string[]
  /** Of one evaluation. Default 1,000. */
  readonly deadlineMs?: number
}

export interface OfflinePolicy {
  /** Of the bundle that judges. */
  readonly revision: string
  readonly version: number
  /**
   * The value of the entrypoint, undefined where its rule is. Throws RangeError for one that the options don't name, and Error
   * where the evaluation fails, or after `close`: that is never a yes.
   */
  evaluate(entrypoint: string, input: unknown): unknown
  /** Reads the file anew; a bundle that may not serve leaves the one before in place, and rejects; so too after `close`. */
  reload(): Promise<void>
  close(): void
}

const KEY: RulesFor<BundleKey> = {
  id: needed(text),
  algorithm: needed(oneOf(Object.keys(ALGORITHMS))),
  key: needed(text),
  // Empty equals a signature without one.
  scope: { what: 'a string', holds: (value) => typeof value === 'string' },
  state: oneOf(['active', 'retired', 'revoked']),
}

const OPTIONS: RulesFor<OfflinePolicyOptions> = {
  file: needed(text),
  keys: needed(list('keys', isRecord, 1)),
  minimumVersion: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  entrypoints: needed(list('entrypoints', isText, 1)),
  deadlineMs: wholeNumber(1, 60_000),
}

/**
 * Throws TypeError or RangeError where an option is missing, unknown or wrong: a `minimumVersion` that is misspelt would let an
 * old bundle in. Throws what reading the file does, and BundleError where the bundle may not serve.
 */
export async function openOfflinePolicy(options: OfflinePolicyOptions): Promise<OfflinePolicy> {
  readOptions('openOfflinePolicy: options', OPTIONS, options)
  for (const [index, key] of options.keys.entries()) readOptions(`openOfflinePolicy: options.keys[${index}]`, KEY, key)
  const { file, keys, entrypoints, minimumVersion = 0, deadlineMs = 1000 } = options
  let mark: { readonly version: number; readonly revision: string } | undefined

  async function open(): Promise<{
    readonly evaluator: Evaluator
    readonly version: number
    readonly revision: string
  }> {
    const bundle = await loadBundle(await readFile(file), {
      name: 'offline',
      keys,
      minimumVersion,
      mark,
      requiredEntrypoints: entrypoints,
      isPlatform: false,
    })
    const { version, revision, digest } = bundle
    mark = { version, revision: digest }
    return { evaluator: await openBundle(bundle, { deadlineMs }), version, revision }
  }

  const named = new Set(entrypoints)
  let isClosed = false
  function requireOpen(): void {
    if (isClosed) throw new Error('the offline policy is closed')
  }

  let active = await open()
  return {
    get revision() {
      return active.revision
    },
    get version() {
      return active.version
    },
    evaluate(entrypoint, input) {
      requireOpen()
      if (!named.has(entrypoint))
        throw new RangeError(`${entrypoint}: not among the entrypoints that the offline policy was opened with`)
      return active.evaluator.evaluate(entrypoint, input)
    },
    async reload() {
      requireOpen()
      const next = await open()
      const before = isClosed ? next : active
      before.evaluator.close()
      requireOpen()
      active = next
    },
    close() {
      isClosed = true
      active.evaluator.close()
    },
  }
}
