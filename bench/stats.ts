/** The few statistics that a report states: median, spread and percentiles. */

const ascending = (values: Iterable<number>): Float64Array => Float64Array.from(values).sort()

export function median(values: readonly number[]): number {
  const sorted = ascending(values)
  if (sorted.length === 0) return Number.NaN
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
  return (lower + upper) / 2
}

/** The smallest value that at least `share` (0 to 1) of all values do not exceed. */
export function percentile(values: readonly number[] | Float64Array, share: number): number {
  const sorted = ascending(values)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** Distance of the extremes relative to the median: 0.1 says that all rounds lie within ten percent of it together. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values)
}
