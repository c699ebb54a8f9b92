/** Where bundles are loaded: in a thread of its own once decisions are made here, which ends when there is nothing to do. */
import { stat } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { threadEnvironment, threadFile } from '../../kernel/threads.ts'
import { BundleError, type BundleSet, type VerifiedBundle } from '../engine.ts'
import { isSetPrepared, prepareSet } from './all-data.ts'
import { type LoadedBundle, type LoadOptions, loadWhole } from './load.ts'
import type { LoadAnswer, LoadRequest } from './load-thread.ts'

export interface BundleLoader {
  /** As `loadWhole`. */
  load(source: Uint8Array | string, options: LoadOptions): Promise<LoadedBundle>
  /** Makes ready what a module sees of other bundles' data. */
  prepare(set: BundleSet): Promise<BundleSet>
}

/** On the calling thread. */
export const loadHere: BundleLoader = {
  load: loadWhole,
  prepare: async (set) => prepareSet(set),
}

export interface ThreadLoader extends BundleLoader {
  /** From now on nothing is loaded on this thread, however small. */
  decide(): void
  readonly isRunning: boolean
  close(): Promise<void>
}

/** Starting a thread takes longer than to load this much; at a start, nobody waits for a decision yet. */
const SMALL_BYTES = 1024 * 1024
/** It keeps the memory that the last bundle took. */
const IDLE_MS = 30_000

export function createLoader({ idleMs = IDLE_MS }: { readonly idleMs?: number } = {}): ThreadLoader {
  const thread = new LoadThread(idleMs)
  let deciding = false
  const isSmall = async (source: Uint8Array | string): Promise<boolean> => {
    if (typeof source !== 'string') return source.byteLength <= SMALL_BYTES
    // What cannot be looked at is refused by whoever reads it.
    const found = await stat(source).catch(() => undefined)
    return found?.isFile() !== true || found.size <= SMALL_BYTES
  }
  return {
    load: async (source, options) => {
      if (!deciding && (await isSmall(source))) return loadWhole(source, options)
      const answer = await thread.ask({ kind: 'load', source, options })
      if (!('loaded' in answer)) throw new Error('the loading thread answered something else')
      return answer.loaded
    },
    prepare: async (set) => {
      if (isSetPrepared(set)) return set
      const bytes = set.reduce((sum, { dataJson }) => sum + dataJson.byteLength, 0)
      if (!deciding && bytes <= SMALL_BYTES) return prepareSet(set)
      const answer = await thread.ask({ kind: 'prepare', set })
      if (!('set' in answer)) throw new Error('the loading thread answered something else')
      return withImages(set, answer.set)
    },
    decide: () => {
      deciding = true
    },
    get isRunning() {
      return thread.isRunning
    },
    close: () => thread.end(),
  }
}

/** The platform's bundle stays the very same: threads that need it alone see that nothing changed for them. */
function withImages([platform, ...others]: BundleSet, prepared: BundleSet): BundleSet {
  const made = new Map(prepared.map((bundle) => [bundle.name, bundle]))
  return [
    platform,
    ...others.map((bundle): VerifiedBundle => {
      const { image, moduleData, moduleDataDigest } = made.get(bundle.name) ?? bundle
      return {
        ...bundle,
        ...(image && { image }),
        ...(moduleData && { moduleData }),
        ...(moduleDataDigest !== undefined && { moduleDataDigest }),
      }
    }),
  ]
}

type Unnumbered<R> = R extends unknown ? Omit<R, 'id'> : never

class LoadThread {
  readonly #idleMs: number
  readonly #waiting = new Map<number, PromiseWithResolvers<LoadAnswer>>()
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #last = 0

  constructor(idleMs: number) {
    this.#idleMs = idleMs
  }

  async ask(request: Unnumbered<LoadRequest>): Promise<LoadAnswer> {
    clearTimeout(this.#idle)
    const worker = this.#start()
    const id = ++this.#last
    const waiting = Promise.withResolvers<LoadAnswer>()
    this.#waiting.set(id, waiting)
    worker.postMessage({ ...request, id })
    return waiting.promise
  }

  get isRunning(): boolean {
    return this.#worker !== undefined
  }

  async end(): Promise<void> {
    clearTimeout(this.#idle)
    await this.#worker?.terminate()
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(threadFile('./load-thread', import.meta.url), {
      env: threadEnvironment(),
      execArgv: [],
      name: 'bundle-loader',
    })
    worker.unref()
    worker.on('message', (answer: LoadAnswer) => this.#hear(answer))
    // Out of memory, most likely: the bundle is refused, and the next finds a new thread.
    worker.once('error', (cause) => this.#gone(new BundleError('too_large', 'the bundle cannot be loaded', { cause })))
    worker.once('exit', () => this.#gone(new BundleError('self_check_failed', 'loading was ended')))
    this.#worker = worker
    return worker
  }

  #hear(answer: LoadAnswer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('refused' in answer) waiting?.reject(refusalOf(answer.refused))
    else waiting?.resolve(answer)
    if (this.#waiting.size > 0) return
    this.#idle = setTimeout(() => void this.end(), this.#idleMs).unref()
  }

  #gone(error: BundleError): void {
    this.#worker = undefined
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

function refusalOf({ code, message, cause }: Extract<LoadAnswer, { refused: object }>['refused']): Error {
  const why = cause === undefined ? {} : { cause: new Error(cause) }
  return code === undefined ? new Error(message) : new BundleError(code, message, why)
}
