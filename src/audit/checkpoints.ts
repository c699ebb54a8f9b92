/**
 * Checkpoints of one log: the file is synced, then its chain's head is signed, noted beside the file and registered where the
 * files are not. In this order, so that a head never names a line that a power loss can still take.
 */
import { appendFileSync } from 'node:fs'
import type { Clock } from '../kernel/clock.ts'
import type { ChainHead } from '../storage/records.ts'
import type { AppendFile } from './append-file.ts'
import type { ChainPosition } from './chain.ts'
import { makeHead } from './head.ts'
import { headsFileOf } from './segments.ts'
import type { Signer } from './signer.ts'

export interface CheckpointOptions {
  readonly path: string
  readonly place: string
  readonly file: Pick<AppendFile, 'sync'>
  readonly signer?: Signer | undefined
  readonly register?: ((head: ChainHead) => Promise<void>) | undefined
  readonly clock: Clock
  readonly onTrouble: (what: string, cause: unknown) => void
}

export class Checkpoints {
  readonly #options: CheckpointOptions
  /** Per chain, the last place that was taken; two at most, since a chain ends where the next begins. */
  #taken: { readonly id: string; readonly seq: number } = { id: '', seq: 0 }
  #running: Promise<void> | undefined
  #next: ChainPosition | undefined
  /** The last one could not be registered. */
  #again = false

  constructor(options: CheckpointOptions) {
    this.#options = options
  }

  seqOf(chain: string): number {
    return this.#taken.id === chain ? this.#taken.seq : 0
  }

  /** The first line of a chain is registered at once. */
  begin(position: ChainPosition): void {
    if (position.seq > 0 && this.#taken.id !== position.id) this.take(position)
  }

  /** One at a time; what comes meanwhile is taken after it, the latest only. */
  take(position: ChainPosition): void {
    if (position.seq === 0 || (this.seqOf(position.id) === position.seq && !this.#again)) return
    this.#again = false
    this.#taken = { id: position.id, seq: position.seq }
    this.#next = position
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    while (this.#next !== undefined) {
      const position = this.#next
      this.#next = undefined
      await this.#register(position, false)
    }
    this.#running = undefined
  }

  /** Resolves when it was taken, registered or not. */
  async now(position: ChainPosition): Promise<void> {
    this.take(position)
    await this.#running
  }

  /** After the last line. */
  async close(position: ChainPosition): Promise<void> {
    await this.#running
    if (position.seq > 0) await this.#register(position, true)
  }

  async #register(position: ChainPosition, closed: boolean): Promise<void> {
    const { path, place, file, signer, register, clock, onTrouble } = this.#options
    try {
      await file.sync()
    } catch (cause) {
      return onTrouble('the log cannot be synced', cause)
    }
    const head = makeHead(position, { place, at: clock.nowMs(), closed }, signer)
    try {
      appendFileSync(headsFileOf(path), `${JSON.stringify(head)}\n`, { mode: 0o600 })
    } catch (cause) {
      onTrouble('the head of the log cannot be noted', cause)
    }
    try {
      await register?.(head)
    } catch (cause) {
      this.#again = true
      onTrouble('the head of the log cannot be registered', cause)
    }
  }
}
