/** What a circuit breaker does, and the figure by which every metric of one shows it. */
export type BreakerState = 'closed' | 'half_open' | 'open'

export const BREAKER_FIGURES: Readonly<Record<BreakerState, number>> = { closed: 0, half_open: 1, open: 2 }
