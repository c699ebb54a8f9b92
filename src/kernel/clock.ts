/** The one source of time, so that tests and replays can set it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number
}

export const systemClock: Clock = { nowMs: () => Date.now() }

/** Whole seconds since the Unix epoch, the unit of every JWT date (RFC 7519 section 2, NumericDate). */
export const epochSeconds = (clock: Clock): number => Math.floor(clock.nowMs() / 1000)

let second = Number.NaN
let upToSecond = ''

/** RFC 3339 in UTC with `digits` of a second's fraction. Many are asked for in one second, whose text is made once. */
export function timestampText(ms: number, digits: 3 | 9): string {
  const whole = Math.floor(ms / 1000)
  if (whole !== second) {
    upToSecond = new Date(whole * 1000).toISOString().slice(0, -4)
    second = whole
  }
  const fraction = Math.floor((ms - whole * 1000) * 10 ** (digits - 3))
  return `${upToSecond}${String(fraction).padStart(digits, '0')}Z`
}
