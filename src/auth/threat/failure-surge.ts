/** Whether sign-ins of a whole tenant fail more than is usual: stuffing spread so thin that no source stands out. */
import type { Clock } from '../../kernel/clock.ts'
import type { ThreatStore } from '../../storage/threat-port.ts'
import { standing } from './baseline.ts'
import { FAILURES } from './rules.ts'

export interface FailureSurge {
  isOn(tenant: string): Promise<boolean>
  /** One more; answers whether it is on, and how many there were and usually are. */
  add(tenant: string): Promise<Surge>
}

export interface Surge {
  readonly isOn: boolean
  readonly count: number
  readonly usual: number
}

/** A node asks the store so often at most. */
const FRESH_MS = 5_000

export function failureSurge(deps: {
  readonly threats: Pick<ThreatStore, 'tally'>
  readonly clock: Clock
  readonly floor: number
}): FailureSurge {
  const { threats, clock, floor } = deps
  const known = new Map<string, { readonly surge: Surge; readonly until: number }>()
  const count = async (tenant: string, hits: number): Promise<Surge> => {
    const nowMs = clock.nowMs()
    const bucket = Math.floor(nowMs / 1000 / FAILURES.bucketSeconds)
    const all = await threats.tally(tenant, 'failures', { ...FAILURES, bucket }, hits)
    // The newest bucket has only begun: what the one before it had still counts.
    const most = Math.max(...all.slice(-2))
    const { standsOut, usual } = standing(most, all.slice(0, -2), { floor, leastHistory: 0 })
    const surge = { isOn: standsOut, count: most, usual }
    known.set(tenant, { surge, until: nowMs + FRESH_MS })
    return surge
  }
  return {
    isOn: async (tenant) => {
      const fresh = known.get(tenant)
      if (fresh !== undefined && fresh.until > clock.nowMs()) return fresh.surge.isOn
      return (await count(tenant, 0)).isOn
    },
    add: (tenant) => count(tenant, 1),
  }
}
