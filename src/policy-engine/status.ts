/** `/v1/status`: what is active, what was asked for last and why it was refused (OPA, "Status", plus version and nodes). */

import type { NodeStatus } from './data-node.ts'
import type { BundleError, VerifiedBundle } from './engine.ts'

export interface Refusal {
  readonly code: string
  readonly message: string
  /** RFC 3339. */
  readonly time: string
}

export interface BundleStatus {
  readonly name: string
  readonly active_revision?: string
  readonly version?: number
  readonly key_id?: string
  readonly size?: number
  readonly last_request?: string
  readonly last_successful_request?: string
  readonly last_successful_activation?: string
  /** Of the last attempt; absent when it succeeded. */
  readonly code?: string
  readonly message?: string
  /** Stays after a success. */
  readonly last_refusal?: Refusal
}

export interface PolicyStatus {
  readonly bundles: Readonly<Record<string, BundleStatus>>
  /** Every deciding thread; a revision may differ for under a second after a change. */
  readonly nodes: readonly NodeStatus[]
  readonly plugins: Readonly<Record<string, { readonly state: 'OK' | 'NOT_READY' | 'ERROR' }>>
}

/** Follows the attempts on one bundle. */
export class BundleTracker {
  #status: BundleStatus
  constructor(name: string) {
    this.#status = { name }
  }

  get status(): BundleStatus {
    return this.#status
  }

  requested(time: string): void {
    this.#status = { ...this.#status, last_request: time }
  }

  /** The source held what is active already. */
  unchanged(time: string): void {
    const { code: _code, message: _message, ...rest } = this.#status
    this.#status = { ...rest, last_successful_request: time }
  }

  activated(bundle: VerifiedBundle, time: string): void {
    this.unchanged(time)
    this.#status = {
      ...this.#status,
      active_revision: bundle.revision,
      version: bundle.version,
      key_id: bundle.keyId,
      size: bundle.sizeBytes,
      last_successful_activation: time,
    }
  }

  refused({ code, message }: BundleError, time: string): void {
    this.#status = { ...this.#status, code, message, last_refusal: { code, message, time } }
  }
}

/** The whole status from its parts; the platform's bundle first. */
export function policyStatus(
  bundles: readonly BundleStatus[],
  nodes: readonly NodeStatus[],
  logsHealthy: boolean,
): PolicyStatus {
  const missing = bundles.some(({ active_revision }) => active_revision === undefined)
  const failed = bundles.some(({ code }) => code !== undefined)
  return {
    bundles: Object.fromEntries(bundles.map((bundle) => [bundle.name, bundle])),
    nodes,
    plugins: {
      bundle: { state: missing ? 'NOT_READY' : failed ? 'ERROR' : 'OK' },
      decision_logs: { state: logsHealthy ? 'OK' : 'ERROR' },
    },
  }
}
