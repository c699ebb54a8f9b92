/**
 * How long a receiver, or one event, is left alone after failures. The time doubles, and each wait is at random between half
 * of it and all of it, so that neither nodes nor events come back in step.
 */
export type Random = () => number

export interface BackOff {
  /** Before the second try; doubles with each. */
  readonly backOffMs: number
  readonly maxBackOffMs: number
}

/** Of what a receiver asks for: waits that end together would bring all nodes back at once. */
const LATER_THAN_ASKED = 0.1

/** `failures`: those before this one. `random` answers at least 0 and less than 1. */
export function backOff({ backOffMs, maxBackOffMs }: BackOff, failures: number, random: Random): number {
  const grown = Math.min(maxBackOffMs, backOffMs * 2 ** Math.min(failures, 30))
  return grown / 2 + (grown / 2) * random()
}

/** Never sooner than asked (RFC 9110 10.2.3), and at most a tenth later. */
export const asAsked = (seconds: number, random: Random): number => seconds * 1000 * (1 + LATER_THAN_ASKED * random())
