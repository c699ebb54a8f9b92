/**
 * What an operator may do with bundles, by the policy API: see them and their history, have the source asked at once, pin
 * one, roll back to one that is kept, and let newer ones in again. Each act is an audit event, written before it is done.
 */
import type { AuditEventName } from '../../audit/events.ts'
import type { VerifiedBundle } from '../engine.ts'
import type { BundleStatus } from '../status.ts'
import type { BundlePin, KeptBundle } from './kept-bundles.ts'

export type DeskErrorCode = 'not_found' | 'conflict' | 'unavailable'

/** Public: the message says what to do. */
export class DeskError extends Error {
  override readonly name = 'DeskError'
  readonly code: DeskErrorCode
  constructor(code: DeskErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
  }
}

export const ACTIONS = ['activate', 'rollback', 'pin', 'unpin'] as const
export type BundleAction = (typeof ACTIONS)[number]

export interface DeskRequest {
  readonly name: string
  readonly action: BundleAction
  /** Of `rollback`, `pin` and `activate`; by default what the action says. */
  readonly version?: number
  /** Identity of the caller. */
  readonly by: string
}

/** One bundle as `GET /v1/bundles` shows it. */
export interface BundleRecord {
  readonly name: string
  readonly status: BundleStatus
  /** Newest version first. */
  readonly history: readonly (KeptBundle & { readonly active: boolean })[]
}

export interface BundleDesk {
  list(): Promise<readonly BundleRecord[]>
  /** Answers what came of it. Throws DeskError. */
  act(request: DeskRequest): Promise<BundleRecord>
}

/** What the desk does it with: one for each bundle. */
export interface Handled {
  readonly active: VerifiedBundle | undefined
  readonly kept: readonly KeptBundle[]
  readonly pin: BundlePin | undefined
  tryAgain(): Promise<void>
  setPin(pin: BundlePin): Promise<void>
  unpin(): Promise<void>
}

export interface BundleAct {
  readonly event: AuditEventName
  readonly bundle: string
  readonly version?: number
  /** Identity of the caller. */
  readonly by: string
}
/** Resolves when it is written. */
export type BundleAudit = (act: BundleAct) => Promise<void>

export interface DeskDeps {
  /** The platform's first. */
  bundles(): readonly { readonly status: BundleStatus; readonly handled: Handled | undefined }[]
  readonly audit?: BundleAudit
  now(): string
}

export function createBundleDesk(deps: DeskDeps): BundleDesk {
  const find = (name: string): Handled => {
    const handled = deps.bundles().find(({ status }) => status.name === name)?.handled
    if (handled === undefined) throw new DeskError('not_found', 'there is no bundle of this name')
    return handled
  }
  const record = (name: string): BundleRecord => {
    const found = deps.bundles().find(({ status }) => status.name === name)
    if (found === undefined) throw new DeskError('not_found', 'there is no bundle of this name')
    return recordOf(found.status, found.handled)
  }
  const noted = async (event: AuditEventName, { name, by }: DeskRequest, version?: number): Promise<void> => {
    if (deps.audit === undefined) throw new DeskError('conflict', 'acts on bundles need an audit log')
    try {
      await deps.audit({ event, bundle: name, by, ...(version !== undefined && { version }) })
    } catch (cause) {
      throw new DeskError('unavailable', 'the audit log cannot be written, so nothing was done', { cause })
    }
  }
  const pinTo = async (request: DeskRequest, event: AuditEventName, target: KeptBundle): Promise<void> => {
    await noted(event, request, target.version)
    const { version, digest } = target
    await find(request.name).setPin({ version, digest, by: request.by, since: deps.now() })
  }
  const act = async (request: DeskRequest): Promise<void> => {
    const handled = find(request.name)
    switch (request.action) {
      case 'activate':
        await noted('bundle_activation_asked', request)
        return handled.tryAgain()
      case 'rollback':
        return pinTo(request, 'bundle_rolled_back', rollbackTarget(handled, request.version))
      case 'pin':
        return pinTo(request, 'bundle_pinned', pinTarget(handled, request.version))
      case 'unpin':
        if (handled.pin === undefined) throw new DeskError('conflict', 'no version is pinned')
        await noted('bundle_unpinned', request, handled.pin.version)
        return handled.unpin()
    }
  }
  return {
    list: async () => deps.bundles().map(({ status, handled }) => recordOf(status, handled)),
    act: async (request) => {
      await act(request)
      return record(request.name)
    },
  }
}

const recordOf = (status: BundleStatus, handled: Handled | undefined): BundleRecord => ({
  name: status.name,
  status,
  history: (handled?.kept ?? []).map(({ etag: _etag, ...kept }) => ({
    ...kept,
    active: handled?.active?.version === kept.version && handled.active.digest === kept.digest,
  })),
})

/** The named version, or the newest that is older than what is active. */
function rollbackTarget({ active, kept }: Handled, version: number | undefined): KeptBundle {
  if (version !== undefined) return keptVersion(kept, version)
  const before = kept.find((one) => one.version < (active?.version ?? Infinity))
  if (before === undefined) throw new DeskError('conflict', 'no older version is kept here')
  return before
}

function pinTarget({ active, kept }: Handled, version: number | undefined): KeptBundle {
  if (version === undefined && active === undefined) throw new DeskError('conflict', 'no version is active: name one')
  const target = keptVersion(kept, version ?? active?.version ?? 0)
  if (active !== undefined && target.version < active.version)
    throw new DeskError('conflict', `version ${target.version} is older than what is active: roll back to it`)
  return target
}

function keptVersion(kept: readonly KeptBundle[], version: number): KeptBundle {
  const found = kept.find((one) => one.version === version)
  if (found === undefined) throw new DeskError('not_found', `version ${version} is not kept here`)
  return found
}
