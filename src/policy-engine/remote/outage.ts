/** What counts as no answer of a service that decides, and how its breaker's turns are told to the operator. */

import type { BreakerState } from '../../observability/breaker-state.ts'
import type { Logger } from '../../observability/logger.ts'

/** Nothing came back that the service itself said. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  readonly reason: 'unreachable' | 'timeout'
  constructor(reason: 'unreachable' | 'timeout', cause: unknown) {
    super('no answer', { cause })
    this.reason = reason
  }
}

/** What proxies say of a service that they cannot reach (RFC 9110, 15.6.3 to 15.6.5). */
export const isGateway = (status: number): boolean => status === 502 || status === 503 || status === 504

export function sayBreaker(logger: Logger, url: string, state: BreakerState): void {
  if (state === 'open') logger.error({ url }, 'a service that decides does not answer: its decisions are unavailable')
  if (state === 'closed') logger.info({ url }, 'a service that decides answers again')
}
