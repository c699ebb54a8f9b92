/**
 * Whether a client introspects far more than it usually does: a leaked credential that tries tokens, or a resource server under
 * attack. Counted in memory, where a request costs one look-up; every few seconds all nodes add up in the store, which keeps
 * an hour of minutes for each client.
 */
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import type { LimitStore } from '../../storage/port.ts'
import type { ClientRecord } from '../../storage/records.ts'
import type { ThreatStore } from '../../storage/threat-port.ts'
import { standing } from './baseline.ts'
import type { CounterKeys } from './keys.ts'
import { INTROSPECTIONS } from './rules.ts'
import { hasRisen, type Raise } from './signal.ts'

export interface IntrospectionSpikes {
  /** One more of this client. */
  count(client: Pick<ClientRecord, 'clientId' | 'createdAt'>): void
  /** Adds what was counted here to the store, and raises what stands out. */
  tell(): Promise<void>
  close(): void
}

interface Counted extends Pick<ClientRecord, 'clientId' | 'createdAt'> {
  hits: number
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
/** Minutes that must be known: with fewer nothing is usual yet. */
const LEAST_HISTORY = 10

export function introspectionSpikes(deps: IntrospectionSpikesDeps): IntrospectionSpikes {
  const { everyMs = EVERY_MS, onFailure } = deps
  const startedAt = epochSeconds(deps.clock)
  let counts = new Map<string, Counted>()
  const tell = async (): Promise<void> => {
    const told = counts
    counts = new Map()
    for (const counted of told.values()) await add(deps, startedAt, counted)
  }
  const timer = setInterval(() => void tell().catch(onFailure), everyMs)
  timer.unref()
  return {
    count: ({ clientId, createdAt }) => {
      const counted = counts.get(clientId)
      if (counted !== undefined) counted.hits += 1
      else if (counts.size < MOST_CLIENTS) counts.set(clientId, { clientId, createdAt, hits: 1 })
    },
    tell,
    close: () => clearInterval(timer),
  }
}

/**
 * Minutes before this one that say what is usual: those since the first introspection of the hour. Where that is not long ago,
 * the minutes before it count as well, in which the client was there and we were, and nothing came.
 */
function knownMinutes(before: readonly number[], quietSeconds: number): readonly number[] {
  const began = before.findIndex((count) => count > 0)
  const since = began < 0 ? 0 : before.length - began
  const quiet = Math.min(LEAST_HISTORY, Math.floor(quietSeconds / INTROSPECTIONS.bucketSeconds), before.length)
  const known = Math.max(since, quiet)
  return known === 0 ? [] : before.slice(-known)
}

async function add(
  deps: IntrospectionSpikesDeps,
  startedAt: number,
  { clientId, createdAt, hits }: Counted,
): Promise<void> {
  const { store, clock, tenant, keys, floor } = deps
  const bucket = Math.floor(clock.nowMs() / 1000 / INTROSPECTIONS.bucketSeconds)
  const key = keys.client('introspected', clientId)
  const minutes = await store.threats.tally(tenant, key, { ...INTROSPECTIONS, bucket }, hits)
  const known = knownMinutes(minutes.slice(0, -1), epochSeconds(clock) - Math.max(startedAt, createdAt))
  const count = minutes.at(-1) ?? 0
  const { standsOut, usual } = standing(count, known, { floor, leastHistory: LEAST_HISTORY })
  if (!standsOut || !(await hasRisen(store.limits, tenant, key, count, Math.max(1, floor)))) return
  deps.raise({ signal: 'introspection_spike', tenant, clientId, count, usual, floor })
}
