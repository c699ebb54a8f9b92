/**
 * Whether a client introspects far more than it usually does: a leaked credential that tries tokens, or a resource server under
 * attack. Counted in memory, where a request costs one look-up; every few seconds all nodes add up in the store, which keeps
 * an hour of minutes for each client.
 */
import type { Clock } from '../../kernel/clock.ts'
import type { LimitStore } from '../../storage/port.ts'
import type { ThreatStore } from '../../storage/threat-port.ts'
import { standing } from './baseline.ts'
import type { CounterKeys } from './keys.ts'
import { INTROSPECTIONS } from './rules.ts'
import { hasRisen, type Raise } from './signal.ts'

export interface IntrospectionSpikes {
  /** One more of this client. */
  count(clientId: string): void
  /** Adds what was counted here to the store, and raises what stands out. */
  tell(): Promise<void>
  close(): void
}

export interface IntrospectionSpikesDeps {
  readonly store: { readonly threats: Pick<ThreatStore, 'tally'>; readonly limits: Pick<LimitStore, 'hit'> }
  readonly clock: Clock
  readonly tenant: string
  readonly keys: CounterKeys
  readonly floor: number
  readonly raise: Raise
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

const EVERY_MS = 10_000
/** Clients that are counted between two tellings; of more, none is counted until then. */
const MOST_CLIENTS = 10_000
/** Minutes since the first introspection that are known: with fewer nothing is usual yet. */
const LEAST_HISTORY = 10

export function introspectionSpikes(deps: IntrospectionSpikesDeps): IntrospectionSpikes {
  const { everyMs = EVERY_MS, onFailure } = deps
  let counts = new Map<string, { hits: number }>()
  const tell = async (): Promise<void> => {
    const told = counts
    counts = new Map()
    for (const [clientId, { hits }] of told) await add(deps, clientId, hits)
  }
  const timer = setInterval(() => void tell().catch(onFailure), everyMs)
  timer.unref()
  return {
    count: (clientId) => {
      const counted = counts.get(clientId)
      if (counted !== undefined) counted.hits += 1
      else if (counts.size < MOST_CLIENTS) counts.set(clientId, { hits: 1 })
    },
    tell,
    close: () => clearInterval(timer),
  }
}

async function add(deps: IntrospectionSpikesDeps, clientId: string, hits: number): Promise<void> {
  const { store, clock, tenant, keys, floor } = deps
  const bucket = Math.floor(clock.nowMs() / 1000 / INTROSPECTIONS.bucketSeconds)
  const key = keys.client('introspected', clientId)
  const minutes = await store.threats.tally(tenant, key, { ...INTROSPECTIONS, bucket }, hits)
  const before = minutes.slice(0, -1)
  const began = before.findIndex((count) => count > 0)
  const known = began < 0 ? [] : before.slice(began)
  const count = minutes.at(-1) ?? 0
  const { standsOut, usual } = standing(count, known, { floor, leastHistory: LEAST_HISTORY })
  if (!standsOut || !(await hasRisen(store.limits, tenant, key, count, Math.max(1, floor)))) return
  deps.raise({ signal: 'introspection_spike', tenant, clientId, count, usual })
}
