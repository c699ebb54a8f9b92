/** A sign of an attack, as it is told to whoever answers it. */
import { digestOf } from '../../kernel/ids.ts'
import type { REPLAYED, ThreatSignal } from '../../policy-engine/contract/threat.ts'
import type { LimitStore } from '../../storage/port.ts'
import { HOUR_SECONDS } from './rules.ts'

export interface Signal {
  readonly signal: ThreatSignal
  readonly tenant: string
  readonly kind?: (typeof REPLAYED)[number]
  readonly requestId?: string | undefined
  readonly sub?: string | undefined
  readonly clientId?: string | undefined
  readonly grantId?: string | undefined
  /** The session that the person signed in to when it rose. */
  readonly sid?: string | undefined
  readonly source?: { readonly kind: 'address' | 'subnet'; readonly address: string }
  readonly count: number
  /** With `refresh_reuse`: of the person at this client alone. */
  readonly countAtClient?: number | undefined
  readonly usual?: number
  /** Up to which a count never stands out. */
  readonly floor?: number
}

/** Never waits and never fails. */
export type Raise = (signal: Signal) => void

/**
 * Whether a count that grew to this has just doubled past `from`: true once for each doubling in an hour, on all nodes together,
 * so that a signal costs its attacker more than us.
 */
export async function hasRisen(
  limits: Pick<LimitStore, 'hit'>,
  tenant: string,
  about: string,
  count: number,
  from: number,
): Promise<boolean> {
  if (count < from) return false
  const doublings = Math.floor(Math.log2(count / from))
  return (await limits.hit(tenant, `risen:${digestOf(about)}:${doublings}`, HOUR_SECONDS)) === 1
}
