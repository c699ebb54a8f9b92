/** The one source of time, so that tests and replays can set it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number
}

export const systemClock: Clock = { nowMs: () => Date.now() }

/** Whole seconds since the Unix epoch, the unit of every JWT date (RFC 7519 section 2, NumericDate). */
export const epochSeconds = (clock: Clock): number => Math.floor(clock.nowMs() / 1000)
