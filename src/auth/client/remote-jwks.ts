/**
 * Key sets behind clients' `jwks_uri`, fetched by the guarded way out: https only, no redirect, small, soon. RFC 7591 2,
 * RFC 7517 5. Kept for minutes; read anew for a `kid` that is not in them, seldom enough that nobody makes us fetch.
 */
import { EgressError } from '../../egress/egress.ts'
import type { ReadJson } from '../../egress/json-document.ts'
import type { Clock } from '../../kernel/clock.ts'

export type Jwk = Readonly<Record<string, unknown>>

export interface RemoteJwks {
  /**
   * The keys at this address; none where there are none to be had. `lacking`: a kid, fetched again where no key has it; true:
   * fetched again. Where nothing was fetched, the same array as before.
   */
  keys(uri: string, lacking: string | true | undefined): Promise<readonly Jwk[]>
}

export const REMOTE_JWKS_LIMITS = {
  /** Older ones are fetched in the background while they still serve. */
  freshMs: 5 * 60 * 1000,
  /** Older ones do not serve: a key that its owner withdrew is good no longer than this. */
  keptMs: 15 * 60 * 1000,
  /** Between two loads from one address, and between two fetches for what is lacking there, whatever came of the first. */
  pauseMs: 10 * 1000,
  maxKeys: 20,
  maxAddresses: 1_000,
} as const

interface Known {
  keys: readonly Jwk[]
  fetchedAtMs: number
  triedAtMs: number
  /** Of the last fetch for what was lacking: the first load is none, so that a key changed right after it works at once. */
  soughtAtMs: number
  fetching: Promise<void> | undefined
}

const isObject = (value: unknown): value is Jwk => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Undefined for what is no key set. Unknown kinds of keys stand in some sets, and are left out later (RFC 7517 5). */
function keysIn(set: unknown): readonly Jwk[] | undefined {
  const keys = isObject(set) ? set.keys : undefined
  return Array.isArray(keys) ? keys.filter(isObject).slice(0, REMOTE_JWKS_LIMITS.maxKeys) : undefined
}

async function fetchKeys(readJson: ReadJson, uri: string): Promise<readonly Jwk[] | undefined> {
  try {
    return keysIn(await readJson(uri))
  } catch (error) {
    // Whatever the other side does, its client cannot authenticate: that is no outage of ours.
    if (error instanceof EgressError) return undefined
    throw error
  }
}

const NEVER = { fetchedAtMs: -Infinity, triedAtMs: -Infinity, soughtAtMs: -Infinity } as const

export interface RemoteJwksDeps {
  readonly readJson: ReadJson
  readonly clock: Clock
}

export function openRemoteJwks({ readJson, clock }: RemoteJwksDeps): RemoteJwks {
  const { freshMs, keptMs, pauseMs, maxAddresses } = REMOTE_JWKS_LIMITS
  const all = new Map<string, Known>()

  const knownAt = (uri: string): Known => {
    const known = all.get(uri) ?? { keys: [], ...NEVER, fetching: undefined }
    // Moved to the end: the first is the one that nobody asked for the longest.
    all.delete(uri)
    all.set(uri, known)
    if (all.size > maxAddresses) for (const oldest of all.keys()) if (all.delete(oldest)) break
    return known
  }
  const refresh = async (known: Known, uri: string): Promise<void> => {
    const keys = await fetchKeys(readJson, uri)
    if (keys === undefined) return
    known.keys = keys
    known.fetchedAtMs = clock.nowMs()
  }
  /** Of many at once one fetches, and all wait for it. */
  const fetchOnce = (known: Known, uri: string, last: 'triedAtMs' | 'soughtAtMs'): Promise<void> => {
    if (known.fetching !== undefined) return known.fetching
    if (clock.nowMs() - known[last] < pauseMs) return Promise.resolve()
    known.triedAtMs = clock.nowMs()
    known[last] = known.triedAtMs
    known.fetching = refresh(known, uri).finally(() => {
      known.fetching = undefined
    })
    return known.fetching
  }

  return {
    async keys(uri, lacking) {
      const known = knownAt(uri)
      const age = clock.nowMs() - known.fetchedAtMs
      const lacks = lacking === true || (lacking !== undefined && !known.keys.some(({ kid }) => kid === lacking))
      if (age >= keptMs) await fetchOnce(known, uri, 'triedAtMs')
      else if (lacks) await fetchOnce(known, uri, 'soughtAtMs')
      else if (age >= freshMs) fetchOnce(known, uri, 'triedAtMs').catch(() => undefined)
      return clock.nowMs() - known.fetchedAtMs < keptMs ? known.keys : []
    },
  }
}
