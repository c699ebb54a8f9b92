/**
 * Keeps the newest fit bundle active: whatever its source offers is verified, held against the high-water mark, and handed
 * on. What is not fit is refused, said so in status, log and metrics, and the old bundle serves on, until nobody vouches for
 * it any more: its key is revoked, or its time is over.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { MarkStore } from '../../storage/port.ts'
import type { LoadedBundle } from '../bundle/load.ts'
import type { BundleLoader } from '../bundle/loader.ts'
import { verifySigner } from '../bundle/signature.ts'
import { BundleError, type VerifiedBundle } from '../engine.ts'
import type { NoticeHub } from '../notices/hub.ts'
import type { BundleTracker } from '../status.ts'
import { BundleReader, type From } from './bundle-reader.ts'
import { type BundleSource, type KnownSource, withDefaults } from './bundle-source.ts'
import { DeskError } from './desk.ts'
import { Expiry } from './expiry.ts'
import type { Feed, FeedListener, Outcome } from './feed.ts'
import { folderFeed } from './folder-feed.ts'
import { type BundlePin, type KeptBundle, type KeptBundles, openKeptBundles } from './kept-bundles.ts'
import { highWaterMark, raiseMark } from './marks.ts'
import { pinMarks } from './pin-marks.ts'
import { asRefusal, type RefusalDetails, Refusals } from './refusals.ts'
import { serviceFeed } from './service-feed.ts'

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
  /** Takes it out of force on the deciding nodes. */
  readonly withdraw: (name: string) => Promise<void>
  /** After each attempt. */
  readonly onStatus: () => void
  /** Told once the status says so: whoever hears of it may ask. */
  readonly notices?: Pick<NoticeHub, 'publish'>
}

export interface Activator {
  /** Makes another attempt, since what refused the last may be gone. Resolves when it was judged. */
  tryAgain(): Promise<void>
  /** In force now. */
  readonly active: VerifiedBundle | undefined
  readonly kept: readonly KeptBundle[]
  readonly pin: BundlePin | undefined
  /** A kept bundle becomes the only one that may be active, whatever the mark says. Throws DeskError. */
  setPin(pin: BundlePin): Promise<void>
  /** The newest is let in again. */
  unpin(): Promise<void>
  close(): Promise<void>
}

/** For the first answer of a service, at start. */
const START_WAIT_MS = 5000

/** Resolves after the first attempt, whatever its outcome. Throws ConfigError where it may not start. */
export async function openActivator(options: ActivatorOptions): Promise<Activator> {
  const activator = new BundleActivator(options)
  await activator.open()
  return activator
}

class BundleActivator implements Activator {
  readonly #options: ActivatorOptions
  readonly #source: KnownSource
  readonly #marks: MarkStore
  readonly #clock: Clock
  readonly #expiry: Expiry
  readonly #reader: BundleReader
  readonly #refusals: Refusals
  #kept: KeptBundles | undefined
  #feed: Feed | undefined
  #active: { readonly bundle: VerifiedBundle; readonly signatures: Uint8Array } | undefined
  #last: Promise<unknown> = Promise.resolve()
  #closed = false
  #unsubscribe: () => void = () => {}

  constructor(options: ActivatorOptions) {
    this.#options = options
    this.#source = withDefaults(options.source)
    this.#clock = options.clock ?? systemClock
    this.#marks = highWaterMark(options.marks, this.#source.copies?.folder)
    this.#expiry = new Expiry(this.#clock, () => this.#later(() => this.#end()))
    const { isPlatform = true, loader, logger, metrics } = options
    const [source, marks, clock] = [this.#source, this.#marks, this.#clock]
    this.#reader = new BundleReader({ source, marks, clock, isPlatform, loader })
    this.#refusals = new Refusals({ name: source.name, isRemote: source.remote !== undefined, logger, metrics })
  }

  get active(): VerifiedBundle | undefined {
    return this.#active?.bundle
  }

  get kept(): readonly KeptBundle[] {
    return this.#kept?.list ?? []
  }

  get pin(): BundlePin | undefined {
    return this.#kept?.pin
  }

  async open(): Promise<void> {
    await this.#reader.mayStart()
    const { copies, keys, path, remote, limits } = this.#source
    const pins = pinMarks(this.#options.marks, this.#source.name, this.#options.logger)
    if (copies !== undefined) this.#kept = await openKeptBundles(copies, pins)
    this.#options.tracker.follows({ pin: this.pin, ...(remote && { service: remote.service.name }) })
    this.#unsubscribe = keys.onChange(() => this.#later(() => this.#judgeSigner()))
    // A service may be slow or down: what was good serves until it answers. A file is here, fit or not.
    if (remote !== undefined || this.pin !== undefined) await this.#inTurn(() => this.#restore())
    const etag = this.pin === undefined && this.#active !== undefined ? this.kept[0]?.etag : undefined
    const listener = this.#listener()
    this.#feed =
      remote === undefined
        ? folderFeed(path, listener)
        : serviceFeed({ source: remote, listener, maxBytes: limits.archiveBytes, etag })
    const opened = this.#feed.open()
    if (remote === undefined) await opened
    // Whoever starts answers 503 meanwhile, rather than not at all.
    else if (this.#active === undefined) await Promise.race([opened, delay(START_WAIT_MS, undefined, { ref: false })])
  }

  /** What the feed tells, in turn with everything else that changes what is active. */
  #listener(): FeedListener {
    const { tracker, onStatus } = this.#options
    return {
      requested: () => tracker.requested(this.#now()),
      offered: (content, etag) => this.#inTurn(() => this.#consider(content, 'source', etag)),
      unchanged: () => {
        tracker.unchanged(this.#now())
        this.#refusals.forget()
        onStatus()
      },
      empty: () => {
        tracker.empty(this.#now())
        onStatus()
      },
      failed: (error, httpCode) => {
        this.#refuse(error, { ...(httpCode !== undefined && { httpCode }), isReachable: httpCode !== undefined })
        onStatus()
      },
    }
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(action)
    this.#last = turn.catch(() => {})
    return turn
  }

  /** For what nobody waits for; the source is asked anew after it. */
  #later(action: () => Promise<void>): void {
    this.#inTurn(action)
      .then(() => this.tryAgain())
      .catch((error: unknown) =>
        this.#options.logger.error({ bundle: this.#source.name, err: error }, 'bundle not judged'),
      )
  }

  async #consider(content: Uint8Array | string, from: From, etag?: string): Promise<Outcome> {
    const { tracker, onStatus } = this.#options
    try {
      const read = await this.#read(content, from, this.pin)
      const loaded = typeof content === 'string' ? read : { ...read, archive: content }
      if (this.#closed) return 'refused'
      const { bundle } = loaded
      if (this.#active?.bundle.digest === bundle.digest && this.#active.bundle.version === bundle.version) {
        // Signed anew it may end later.
        this.#take(loaded)
        tracker.vouched(bundle)
        if (from === 'source') tracker.unchanged(this.#now())
        await this.#keep(loaded, etag)
      } else await this.#activate(loaded, from, etag)
      this.#refusals.forget()
      return 'active'
    } catch (error) {
      const refusal = asRefusal(error)
      if (refusal.code === 'held' && from === 'source') {
        tracker.held(refusal.message, this.#now())
        this.#options.logger.warn({ bundle: this.#source.name, why: refusal.message }, 'the bundle is held back')
        return 'held'
      }
      this.#refuse(refusal, { cause: error, from })
      return refusal.code === 'mark_unavailable' ? 'again' : 'refused'
    } finally {
      onStatus()
    }
  }

  #read(content: Uint8Array | string, from: From, pin: BundlePin | undefined): Promise<LoadedBundle> {
    return this.#reader.read(content, { from, pin, wantsArchive: this.#kept !== undefined })
  }

  async #activate(loaded: LoadedBundle, from: From, etag: string | undefined): Promise<void> {
    const { tracker, metrics, logger, onStatus, notices } = this.#options
    const { bundle } = loaded
    const { name, revision, version } = bundle
    // A pin may lie under the mark, and leaves it where it is.
    const note = async () => {
      if (this.pin === undefined) await raiseMark(this.#marks, bundle)
    }
    await this.#options.activate(bundle, note)
    this.#take(loaded)
    tracker.activated(bundle, this.#now(), from)
    metrics.bundleLoaded.inc({ name })
    logger.info({ bundle: name, revision, version, from }, 'bundle activated')
    // Others forget at once, not when the copy is on disk.
    onStatus()
    notices?.publish('bundle.activated', { bundle: name, revision, version })
    if (from === 'source') await this.#keep(loaded, etag)
  }

  #take({ bundle, signatures }: LoadedBundle): void {
    this.#active = { bundle, signatures }
    this.#expiry.watch(bundle.expiresAt)
  }

  /** A full disk ends no decision: it shows in log and status. */
  async #keep(loaded: LoadedBundle, etag: string | undefined): Promise<void> {
    const { tracker, logger } = this.#options
    try {
      if (loaded.archive !== undefined) await this.#kept?.keep(loaded.bundle, loaded.archive, this.#now(), etag)
      tracker.kept(undefined)
    } catch (error) {
      tracker.kept('the copy on disk cannot be written')
      logger.error({ bundle: this.#source.name, err: error }, 'no copy of the bundle is kept')
    }
  }

  /** What was active last, or is pinned, from its copy. */
  async #restore(): Promise<void> {
    const { pin } = this
    const copy = this.kept.find(
      ({ version, digest }) => pin === undefined || (version === pin.version && digest === pin.digest),
    )
    if (copy === undefined || this.#kept === undefined) return
    await this.#consider(this.#kept.pathOf(copy), 'disk')
  }

  /** Keys changed: what is active may be signed by one that is trusted no more. */
  async #judgeSigner(): Promise<void> {
    if (this.#active === undefined || this.#closed) return
    try {
      verifySigner(this.#active.signatures, this.#source.keys.current, this.#source.signing)
    } catch (error) {
      await this.#withdraw(asRefusal(error))
    }
  }

  async #end(): Promise<void> {
    if (this.#active === undefined || this.#closed) return
    await this.#withdraw(new BundleError('expired', 'the active bundle has ended: sign it anew'))
  }

  async #withdraw(refusal: BundleError): Promise<void> {
    const { tracker, onStatus, notices } = this.#options
    const { name } = this.#source
    this.#active = undefined
    this.#expiry.watch(undefined)
    try {
      await this.#options.withdraw(name)
    } finally {
      // Where the others cannot go on without it nothing is in force: least of all this one.
      tracker.withdrawn()
      this.#refuse(refusal)
      onStatus()
      notices?.publish('bundle.withdrawn', { bundle: name, code: refusal.code })
    }
  }

  #refuse(refusal: BundleError, more: RefusalDetails = {}): void {
    this.#options.tracker.refused(refusal, this.#now(), more)
    this.#refusals.tell(refusal, more, this.#active !== undefined)
  }

  tryAgain(): Promise<void> {
    return this.#feed?.tryAgain() ?? Promise.resolve()
  }

  async setPin(pin: BundlePin): Promise<void> {
    const kept = this.#kept
    if (kept === undefined)
      throw new DeskError('conflict', 'no copies are kept on disk: set policy.persistence_directory')
    await this.#inTurn(async () => {
      const copy = kept.list.find(({ version, digest }) => version === pin.version && digest === pin.digest)
      if (copy === undefined) throw new DeskError('not_found', `version ${pin.version} is not kept here`)
      const loaded = await this.#read(kept.pathOf(copy), 'disk', pin).catch((error: unknown) => {
        const { code, message } = asRefusal(error)
        throw new DeskError('conflict', `version ${pin.version} is not fit any more: ${code}, ${message}`)
      })
      await kept.setPin(pin)
      this.#options.tracker.pinned(pin)
      const { digest, version } = this.#active?.bundle ?? {}
      if (digest !== pin.digest || version !== pin.version) await this.#activate(loaded, 'disk', undefined)
      this.#options.onStatus()
    })
  }

  async unpin(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#kept?.setPin(undefined)
      this.#options.tracker.pinned(undefined)
      await this.#restore()
    })
    await this.tryAgain()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#unsubscribe()
    this.#expiry.close()
    await this.#feed?.close()
    await this.#last
  }

  #now(): string {
    return new Date(this.#clock.nowMs()).toISOString()
  }
}
