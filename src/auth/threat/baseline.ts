/**
 * Whether a count stands out against those before it: over the median by many median absolute deviations (Hampel, 1974). A
 * few extreme counts in the past move neither, so that an attack does not make the next one usual.
 */
export interface BaselineRules {
  /** No count up to this one stands out. */
  readonly floor: number
  /** With fewer counts before it nothing is known to be usual, and none stands out. */
  readonly leastHistory: number
}

export interface Standing {
  readonly standsOut: boolean
  readonly usual: number
}

const DEVIATIONS = 6
/** Of the median absolute deviation, what a standard deviation of a normal distribution is. */
const TO_SIGMA = 1.4826
/** Where nothing ever varies, no doubling is a spike yet. */
const LEAST_RATIO = 3

export function standing(count: number, before: readonly number[], rules: BaselineRules): Standing {
  const usual = median(before)
  const spread = median(before.map((one) => Math.abs(one - usual)))
  const bound = Math.max(rules.floor, usual + DEVIATIONS * TO_SIGMA * spread, usual * LEAST_RATIO)
  return { standsOut: before.length >= rules.leastHistory && count > bound, usual }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : Math.round(((sorted[middle - 1] ?? 0) + upper) / 2)
}
