/** Reads what the source of one bundle offers: verified by the keys of now, and held against the mark, or the pin, of now. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { ConfigError } from '../../kernel/errors.ts'
import type { MarkStore } from '../../storage/port.ts'
import type { LoadedBundle } from '../bundle/load.ts'
import { type BundleLoader, loadHere } from '../bundle/loader.ts'
import { BundleError, type BundleRefusal } from '../engine.ts'
import { REQUIRED_ENTRYPOINTS } from '../validate.ts'
import type { KnownSource } from './bundle-source.ts'
import type { BundlePin } from './kept-bundles.ts'
import { readMark } from './marks.ts'

/** Where a bundle was had from: its source, or the copy on disk. */
export type From = 'source' | 'disk'

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

export interface ReaderOptions {
  readonly source: KnownSource
  readonly marks: MarkStore
  readonly clock: Clock
  /** It must hold what the platform asks. */
  readonly isPlatform: boolean
  /** Default: on this thread. */
  readonly loader?: Pick<BundleLoader, 'load'> | undefined
}

export interface ReadOptions {
  readonly from: From
  /** The only one that is fit, whatever the mark says. */
  readonly pin: BundlePin | undefined
  /** Whether what the source offers is kept as it came. */
  readonly wantsArchive: boolean
}

export class BundleReader {
  readonly #options: ReaderOptions
  constructor(options: ReaderOptions) {
    this.#options = options
  }

  /** Throws ConfigError where nobody could say what is genuine, or what is new. */
  async mayStart(): Promise<void> {
    const { source, marks, isPlatform } = this.#options
    const { name, keys, minimumVersion } = source
    if (keys.current.length === 0) throw new ConfigError(`bundle ${name} has no trusted keys: name at least one`)
    if (minimumVersion === undefined && (await marks.read(name)) === undefined) {
      const setting = isPlatform ? 'policy.bundle.minimum_version' : 'its minimum_version in policy.bundles'
      throw new ConfigError(`no version of bundle ${name} was active here yet: set ${setting}, 1 where it is the first`)
    }
  }

  /** Throws BundleError; a file that may be half written is read twice. */
  async read(content: Uint8Array | string, options: ReadOptions): Promise<LoadedBundle> {
    try {
      return await this.#load(content, options)
    } catch (error) {
      const halfWritten = error instanceof BundleError && MAY_BE_HALF_WRITTEN.has(error.code)
      if (!halfWritten || typeof content !== 'string') throw error
      await delay(READ_AGAIN_MS)
      return this.#load(content, options)
    }
  }

  async #load(content: Uint8Array | string, { from, pin, wantsArchive }: ReadOptions): Promise<LoadedBundle> {
    const { source, marks, clock, isPlatform, loader = loadHere } = this.#options
    const { name, keys, minimumVersion, requiredEntrypoints, limits, engine, signing, maxAgeSeconds } = source
    return loader.load(content, {
      name,
      keys: keys.current,
      mark: await readMark(marks, name),
      nowSeconds: epochSeconds(clock),
      requiredEntrypoints: requiredEntrypoints ?? (isPlatform ? REQUIRED_ENTRYPOINTS : []),
      isPlatform,
      // What came as bytes is its own archive.
      wantsArchive: wantsArchive && from === 'source' && typeof content === 'string',
      limits,
      ...(pin && { pin: { version: pin.version, revision: pin.digest } }),
      ...(minimumVersion !== undefined && { minimumVersion }),
      ...(signing && { signing }),
      ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
      ...(engine && { engine }),
    })
  }
}
