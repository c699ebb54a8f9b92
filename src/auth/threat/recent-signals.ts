/**
 * Signals of the last hour and whom they were about, as facts for decisions that wait for no store: `authorize`, `token` and
 * `introspect`. Written when one rises, read by every node every few seconds, looked up in memory; while there are none a
 * request pays for asking whether there are.
 */
import type { HttpRequest } from '../../http/message.ts'
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import type { RecentRiskFacts } from '../../policy-engine/contract/risk.ts'
import type { ThreatSignal } from '../../policy-engine/contract/threat.ts'
import type { ClientRecord } from '../../storage/records.ts'
import {
  MAX_RISES,
  RISES_KEPT,
  type Rise,
  type RiseAbout,
  type RiseSignal,
  type ThreatStore,
} from '../../storage/threat-port.ts'
import type { CounterKeys } from './keys.ts'
import { HOUR_SECONDS } from './rules.ts'
import type { Signal } from './signal.ts'

/** Undefined where nothing is known: of a client that somebody registered, about which no signal rose. */
export type RecentRisk = (
  request: HttpRequest,
  client: Pick<ClientRecord, 'clientId' | 'registration' | 'createdAt'>,
  sub?: string | undefined,
) => RecentRiskFacts | undefined

export interface RecentSignals {
  /** Known here at once, on the other nodes when they next read. Never waits and never fails. */
  note(signal: Signal): void
  readonly riskOf: RecentRisk
  /** Reads what other nodes noted. */
  read(): Promise<void>
  close(): void
}

export interface RecentSignalsDeps {
  readonly store: { readonly threats: Pick<ThreatStore, 'noteRise' | 'rises'> }
  readonly clock: Clock
  readonly tenant: string
  readonly keys: Pick<CounterKeys, 'about'>
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

const EVERY_MS = 2_000

/** What anybody can raise about anybody stays out: its thousand would say nothing. So does a `request_uri` that came twice. */
const KEPT: Readonly<Record<RiseAbout, readonly (ThreatSignal & RiseSignal)[]>> = RISES_KEPT

const ABOUTS = Object.keys(KEPT) as readonly RiseAbout[]

const keptAs = (about: RiseAbout, { signal, kind }: Signal): RiseSignal | undefined =>
  kind === 'request_uri' ? undefined : KEPT[about].find((name) => name === signal)

/** Ids of whom and what a request or signal is about; an address is cut to its network by the key. */
type Ids = Readonly<Partial<Record<RiseAbout, string>>>

function idsOf(clientId: string | undefined, sub: string | undefined): Ids {
  return {
    ...(sub !== undefined && { person: sub }),
    ...(clientId !== undefined && { client: clientId }),
    ...(sub !== undefined && clientId !== undefined && { person_at_client: pairOf(sub, clientId) }),
  }
}

/** With how often it was about each. What a person shows twice is counted by person, and no fault of their client's. */
function* aboutWhom({
  sub,
  clientId,
  source,
  count,
  countAtClient,
}: Signal): Generator<readonly [RiseAbout, string, number]> {
  if (sub !== undefined) yield ['person', sub, count]
  if (sub === undefined && clientId !== undefined) yield ['client', clientId, count]
  if (sub !== undefined && clientId !== undefined && countAtClient !== undefined)
    yield ['person_at_client', pairOf(sub, clientId), countAtClient]
  if (source !== undefined) yield [source.kind, source.address, count]
}

const pairOf = (sub: string, clientId: string): string => `${sub} ${clientId}`

/** Rises of one signal about one kind of thing, by key. The oldest go first where there are too many. */
type Known = Map<string, Rise>

function put(known: Known, rise: Rise): void {
  const { key } = rise
  // What was read may have been written before what this node noted.
  if ((known.get(key)?.atMs ?? 0) > rise.atMs) return
  known.delete(key)
  known.set(key, rise)
  if (known.size <= MAX_RISES) return
  const [oldest] = known.keys()
  if (oldest !== undefined) known.delete(oldest)
}

function forgetEnded(known: Known, nowMs: number): void {
  for (const [key, { untilMs }] of known) if (untilMs <= nowMs) known.delete(key)
}

/** Reads right away, then again and again until it is closed. */
export function openRecentSignals(deps: RecentSignalsDeps): RecentSignals {
  const { store, clock, tenant, keys, onFailure, everyMs = EVERY_MS } = deps
  const known = new Map<RiseAbout, Map<RiseSignal, Known>>(
    ABOUTS.map((about) => [about, new Map(KEPT[about].map((signal) => [signal, new Map()]))]),
  )
  let reading = false

  const take = (rise: Rise): void => {
    const of = known.get(rise.about)?.get(rise.signal)
    if (of !== undefined) put(of, rise)
  }
  const read = async (): Promise<void> => {
    if (reading) return
    reading = true
    try {
      for (const rise of await store.threats.rises(tenant)) take(rise)
      for (const signals of known.values()) for (const of of signals.values()) forgetEnded(of, clock.nowMs())
    } catch (error) {
      onFailure(error)
    } finally {
      reading = false
    }
  }
  const found = (ids: Ids): Readonly<Record<string, unknown>> | undefined => {
    let facts: Record<string, unknown> | undefined
    for (const about of ABOUTS) {
      const [signals, id] = [known.get(about), ids[about]]
      if (signals === undefined || id === undefined || isEmpty(signals)) continue
      const told = factsOf(signals, keys.about(about, id), clock.nowMs())
      if (told !== undefined) facts = { ...facts, [about]: told }
    }
    return facts
  }
  const isQuiet = (): boolean => {
    for (const signals of known.values()) if (!isEmpty(signals)) return false
    return true
  }
  const timer = setInterval(() => void read(), everyMs)
  timer.unref()
  void read()

  return {
    note: (signal) => {
      const atMs = clock.nowMs()
      const untilMs = atMs + HOUR_SECONDS * 1000
      for (const [about, id, count] of aboutWhom(signal)) {
        const kept = keptAs(about, signal)
        if (kept === undefined) continue
        const rise: Rise = { about, key: keys.about(about, id), signal: kept, count, atMs, untilMs }
        if (signal.tenant === tenant) take(rise)
        store.threats.noteRise(signal.tenant, rise).catch(onFailure)
      }
    },
    riskOf: ({ origin: { address } }, { clientId, registration, createdAt }, sub) => {
      if (registration === undefined && isQuiet()) return undefined
      const facts = found({ ...idsOf(clientId, sub), address, subnet: address })
      if (facts === undefined && registration === undefined) return undefined
      return {
        self_registered: registration !== undefined,
        client_age_seconds: Math.max(0, epochSeconds(clock) - createdAt),
        ...facts,
      }
    },
    read,
    close: () => clearInterval(timer),
  }
}

function isEmpty(signals: ReadonlyMap<string, Known>): boolean {
  for (const of of signals.values()) if (of.size > 0) return false
  return true
}

/** Undefined where none rose about it, or all have ended. */
function factsOf(signals: ReadonlyMap<string, Known>, key: string, nowMs: number) {
  let facts: Record<string, { readonly count: number; readonly seconds_ago: number }> | undefined
  for (const [signal, of] of signals) {
    const rise = of.get(key)
    if (rise === undefined || rise.untilMs <= nowMs) continue
    const { count, atMs } = rise
    facts = { ...facts, [signal]: { count, seconds_ago: Math.max(0, Math.floor((nowMs - atMs) / 1000)) } }
  }
  return facts
}
