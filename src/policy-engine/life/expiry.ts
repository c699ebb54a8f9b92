/** Tells when the active bundle ends: by the clock, not by a timer alone, which stands still while a machine sleeps. */
import type { Clock } from '../../kernel/clock.ts'

/** A timer holds no more than some 24 days; a shorter one sees a clock that was set. */
const LOOK_EVERY_MS = 60_000

export class Expiry {
  readonly #clock: Clock
  readonly #onEnd: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock, onEnd: () => void) {
    this.#clock = clock
    this.#onEnd = onEnd
  }

  /** Seconds since the epoch; undefined for never. What was watched before no longer is. */
  watch(endsAt: number | undefined): void {
    clearTimeout(this.#timer)
    if (endsAt === undefined) return
    const leftMs = endsAt * 1000 - this.#clock.nowMs()
    if (leftMs <= 0) {
      this.#onEnd()
      return
    }
    this.#timer = setTimeout(() => this.watch(endsAt), Math.min(leftMs, LOOK_EVERY_MS))
    this.#timer.unref()
  }

  close(): void {
    clearTimeout(this.#timer)
  }
}
