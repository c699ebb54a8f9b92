/**
 * Keeps the newest fit bundle active: on each change of the source it is read, verified, held against the high-water mark,
 * and handed on. What is not fit is refused, said so in status, log and metrics, and the old bundle serves on.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Clock, systemClock } from '../kernel/clock.ts'
import { ConfigError } from '../kernel/errors.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { MarkStore } from '../storage/port.ts'
import type { ArchiveLimits } from './bundle/archive.ts'
import type { Mark } from './bundle/load.ts'
import { type BundleLoader, loadHere } from './bundle/loader.ts'
import type { BundleKey } from './bundle/signature.ts'
import { watchBundle } from './bundle/source.ts'
import { BundleError, type BundleRefusal, type VerifiedBundle } from './engine.ts'
import type { BundleTracker } from './status.ts'
import { REQUIRED_ENTRYPOINTS } from './validate.ts'
import type { Engine } from './wasm/open.ts'

export interface BundleSource {
  /** A bundle file or folder. */
  readonly path: string
  /** Default `sallyport`. */
  readonly name?: string
  readonly keys: readonly BundleKey[]
  /** Needed where no mark is: a first start cannot tell an old bundle from a new one. 0 takes any. */
  readonly minimumVersion?: number
  readonly requiredEntrypoints?: readonly string[]
  readonly limits?: ArchiveLimits
  /** Who evaluates it; our own host by default. */
  readonly engine?: Engine
}

export interface ActivatorOptions {
  readonly source: BundleSource
  readonly marks: MarkStore
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock?: Clock
  /** It must hold what the platform asks; any other bundle need not even hold policy. Default true. */
  readonly isPlatform?: boolean
  /** Default: on this thread. */
  readonly loader?: Pick<BundleLoader, 'load'>
  /** Told of every attempt. */
  readonly tracker: BundleTracker
  /**
   * Swaps the deciding nodes, once the bundle fits beside the others and `note` has raised its mark. Rejects when they
   * cannot.
   */
  readonly activate: (bundle: VerifiedBundle, note: () => Promise<void>) => Promise<void>
  /** After each attempt. */
  readonly onStatus: () => void
}

export interface Activator {
  /** Makes another attempt, since what refused the last may be gone. */
  tryAgain(): void
  close(): Promise<void>
}

/** What a half-written file looks like; read again once before it counts. */
const MAY_BE_HALF_WRITTEN: ReadonlySet<BundleRefusal> = new Set([
  'unreadable',
  'not_a_bundle',
  'unsigned',
  'bad_signature',
  'digest_mismatch',
  'no_wasm',
])
const READ_AGAIN_MS = 100
const MARK_RETRY_MS = 1000

/** Resolves after the first attempt, whatever its outcome. Throws ConfigError where it may not start. */
export async function openActivator(options: ActivatorOptions): Promise<Activator> {
  const { source, marks, logger, metrics, tracker, clock = systemClock, isPlatform = true, loader = loadHere } = options
  const { name = 'sallyport', keys, minimumVersion } = source
  if (keys.length === 0) throw new ConfigError(`bundle ${name} has no trusted keys: name at least one`)
  if (minimumVersion === undefined && (await marks.read(name)) === undefined) {
    throw new ConfigError(
      `no version of bundle ${name} was active here yet: set ${isPlatform ? 'policy.bundle.minimum_version' : 'its minimum_version in policy.bundles'}, 1 where it is the first`,
    )
  }
  let active: VerifiedBundle | undefined
  let retry: NodeJS.Timeout | undefined
  let closed = false
  const now = () => new Date(clock.nowMs()).toISOString()

  const load = async (): Promise<VerifiedBundle> => {
    const mark = await readMark(marks, name)
    return loader.load(source.path, {
      name,
      keys,
      mark,
      ...(minimumVersion !== undefined && { minimumVersion }),
      requiredEntrypoints: source.requiredEntrypoints ?? (isPlatform ? REQUIRED_ENTRYPOINTS : []),
      isPlatform,
      ...(source.limits && { limits: source.limits }),
      ...(source.engine && { engine: source.engine }),
    })
  }
  const loadTwice = async (): Promise<VerifiedBundle> => {
    try {
      return await load()
    } catch (error) {
      if (!(error instanceof BundleError) || !MAY_BE_HALF_WRITTEN.has(error.code)) throw error
      await delay(READ_AGAIN_MS)
      return load()
    }
  }
  const attempt = async (): Promise<void> => {
    tracker.requested(now())
    try {
      const bundle = await loadTwice()
      if (closed) return
      if (active?.digest === bundle.digest && active.version === bundle.version) return tracker.unchanged(now())
      await options.activate(bundle, () => raiseMark(marks, bundle))
      active = bundle
      tracker.activated(bundle, now())
      metrics.bundleLoaded.inc({ name })
      logger.info({ bundle: name, revision: bundle.revision, version: bundle.version }, 'bundle activated')
    } catch (error) {
      const refusal = asRefusal(error)
      tracker.refused(refusal, now())
      metrics.bundleFailed.inc({ name, code: refusal.code })
      const serving = active === undefined ? 'none, nothing is issued' : 'the one before'
      const refused = { bundle: name, path: source.path, refusal: refusal.code, why: refusal.message, serving }
      logger.error(error instanceof BundleError ? refused : { ...refused, err: error }, 'bundle refused')
      if (refusal.code === 'mark_unavailable' && !closed) retry = setTimeout(changed, MARK_RETRY_MS)
    } finally {
      options.onStatus()
    }
  }

  /** One attempt at a time; a change during one makes another. */
  let running: Promise<void> | undefined
  let again = false
  const changed = (): Promise<void> => {
    clearTimeout(retry)
    again = true
    running ??= (async () => {
      while (again && !closed) {
        again = false
        await attempt()
      }
      running = undefined
    })()
    return running
  }
  const watching = await watchBundle(source.path, () => void changed())
  await changed()
  return {
    tryAgain: () => void changed(),
    close: async () => {
      closed = true
      clearTimeout(retry)
      await watching.close()
      await running
    },
  }
}

async function readMark(marks: MarkStore, name: string): Promise<Mark | undefined> {
  try {
    return await marks.read(name)
  } catch (cause) {
    throw new BundleError('mark_unavailable', 'the version that was active before cannot be read', { cause })
  }
}

async function raiseMark(marks: MarkStore, bundle: VerifiedBundle): Promise<void> {
  let raised: 'raised' | 'conflict'
  try {
    raised = await marks.raise(bundle.name, bundle.version, bundle.digest)
  } catch (cause) {
    throw new BundleError('mark_unavailable', 'the version that becomes active cannot be noted', { cause })
  }
  if (raised === 'raised') return
  const mark = await readMark(marks, bundle.name)
  if (mark !== undefined && mark.version > bundle.version) {
    throw new BundleError('older_version', `version ${bundle.version} is older than ${mark.version}`)
  }
  throw new BundleError('version_conflict', `version ${bundle.version} was active with another content`)
}

const asRefusal = (error: unknown): BundleError =>
  error instanceof BundleError
    ? error
    : new BundleError('self_check_failed', 'the bundle cannot be activated', { cause: error })
