/** `/v1/status`: what is active, what was asked for last and why it was refused (OPA, "Status", plus version and nodes). */

import type { BundleError, VerifiedBundle } from './engine.ts'
import type { BundlePin } from './life/kept-bundles.ts'
import type { NodeStatus } from './node/data-node.ts'

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
  /** RFC 3339, as all times here. */
  readonly expires_at?: string
  readonly last_request?: string
  readonly last_successful_request?: string
  readonly last_successful_download?: string
  readonly last_successful_activation?: string
  /** Of the last attempt; absent when it succeeded. */
  readonly code?: string
  readonly message?: string
  readonly http_code?: number
  /** Stays after a success. */
  readonly last_refusal?: Refusal
  /** Name of the service that it is pulled from. */
  readonly service?: string
  /** What is active was had from the source, or is the copy on disk that the source has not vouched for since the start. */
  readonly active_from?: 'source' | 'disk'
  /** False while the service does not answer. */
  readonly source_reachable?: boolean
  readonly pinned?: BundlePin
  /** What the source has, and a pin keeps out. */
  readonly held?: string
  /** Why no copy is kept on disk. */
  readonly copy_trouble?: string
}

export interface PolicyStatus {
  readonly bundles: Readonly<Record<string, BundleStatus>>
  /** Every deciding thread; a revision may differ for under a second after a change. */
  readonly nodes: readonly NodeStatus[]
  /** Why decisions are not uploaded, on the first thread that says so. */
  readonly decision_logs?: NonNullable<NodeStatus['decision_log']>
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

  follows({ pin, service }: { readonly pin: BundlePin | undefined; readonly service?: string }): void {
    if (service !== undefined) this.#status = { ...this.#status, service }
    this.pinned(pin)
  }

  requested(time: string): void {
    this.#status = { ...this.#status, last_request: time }
  }

  /** The source has what is active already. */
  unchanged(time: string): void {
    this.#answered(time)
    if (this.#status.active_revision !== undefined) this.#status = { ...this.#status, active_from: 'source' }
  }

  /** The source has no bundle. */
  empty(time: string): void {
    this.#answered(time)
  }

  /** The source has a fit bundle, which a pin keeps out. */
  held(what: string, time: string): void {
    this.#answered(time)
    this.#status = { ...this.#status, held: what }
  }

  #answered(time: string): void {
    const { code: _code, message: _message, http_code: _httpCode, ...rest } = this.#status
    this.#status = {
      ...rest,
      last_successful_request: time,
      ...(rest.service !== undefined && { source_reachable: true }),
    }
  }

  activated(bundle: VerifiedBundle, time: string, from: 'source' | 'disk' = 'source'): void {
    if (from === 'source') {
      this.#answered(time)
      this.#status = { ...this.#status, last_successful_download: time }
    }
    const { held: _held, ...rest } = this.#status
    this.#status = {
      ...rest,
      active_revision: bundle.revision,
      version: bundle.version,
      size: bundle.sizeBytes,
      last_successful_activation: time,
      active_from: from,
    }
    this.vouched(bundle)
  }

  /** By whom, and until when: a bundle may be signed anew. */
  vouched({ keyId, expiresAt }: VerifiedBundle): void {
    const { expires_at: _expires, ...rest } = this.#status
    this.#status = {
      ...rest,
      key_id: keyId,
      ...(expiresAt !== undefined && { expires_at: new Date(expiresAt * 1000).toISOString() }),
    }
  }

  refused(
    { code, message }: BundleError,
    time: string,
    more: { readonly httpCode?: number; readonly isReachable?: boolean } = {},
  ): void {
    const { http_code: _httpCode, ...rest } = this.#status
    this.#status = {
      ...rest,
      code,
      message,
      last_refusal: { code, message, time },
      ...(more.httpCode !== undefined && { http_code: more.httpCode }),
      ...(more.isReachable !== undefined && { source_reachable: more.isReachable }),
    }
  }

  /** Nothing of it is in force any more. */
  withdrawn(): void {
    const {
      active_revision: _r,
      version: _v,
      key_id: _k,
      size: _s,
      active_from: _f,
      expires_at: _e,
      ...rest
    } = this.#status
    this.#status = rest
  }

  pinned(pin: BundlePin | undefined): void {
    const { pinned: _pinned, held: _held, ...rest } = this.#status
    this.#status = { ...rest, ...(pin && { pinned: pin }) }
  }

  kept(trouble: string | undefined): void {
    const { copy_trouble: _trouble, ...rest } = this.#status
    this.#status = { ...rest, ...(trouble !== undefined && { copy_trouble: trouble }) }
  }
}

/** Why a bundle that is active is not what its source has now; undefined where nothing says so. */
export function degraded(bundle: BundleStatus): string | undefined {
  if (bundle.active_revision === undefined) return undefined
  if (bundle.pinned !== undefined) return undefined
  if (bundle.active_from === 'disk')
    return 'served from the copy on disk, which its source has not confirmed since the start'
  if (bundle.source_reachable === false) return 'its source does not answer'
  return undefined
}

/** The whole status from its parts; the platform's bundle first. */
export function policyStatus(
  bundles: readonly BundleStatus[],
  nodes: readonly NodeStatus[],
  logsHealthy: boolean,
): PolicyStatus {
  const missing = bundles.some(({ active_revision }) => active_revision === undefined)
  const failed = bundles.some(({ code }) => code !== undefined)
  const trouble = nodes.find(({ decision_log }) => decision_log !== undefined)?.decision_log
  return {
    bundles: Object.fromEntries(bundles.map((bundle) => [bundle.name, bundle])),
    nodes,
    ...(trouble && { decision_logs: trouble }),
    plugins: {
      bundle: { state: missing ? 'NOT_READY' : failed ? 'ERROR' : 'OK' },
      decision_logs: { state: logsHealthy ? 'OK' : 'ERROR' },
      ...remotePlugins(nodes),
    },
  }
}

/** A remote server is not OK while the breaker of any node before it is not closed. */
function remotePlugins(nodes: readonly NodeStatus[]): PolicyStatus['plugins'] {
  const plugins: Record<string, { readonly state: 'OK' | 'ERROR' }> = {}
  for (const { remotes = {} } of nodes) {
    for (const [name, { breaker }] of Object.entries(remotes)) {
      const key = `remote/${name}`
      if (plugins[key]?.state !== 'ERROR') plugins[key] = { state: breaker === 'closed' ? 'OK' : 'ERROR' }
    }
  }
  return plugins
}
