/**
 * What is counted about attacks, part of the store's port. Each key takes a fixed room, whatever is counted under it; that
 * keys are few is the caller's to see to. A power loss may forget the last moment.
 */

/** Failed attempts under a key. */
export interface Attempts {
  readonly count: number
  /** Milliseconds since the epoch; absent where none is remembered. */
  readonly lastAtMs?: number
}

export interface Attempt {
  readonly before: Attempts
  readonly atMs: number
}

/** Counts by time: of `keep` buckets, `bucketSeconds` each, those up to `bucket`, which is the time in buckets. */
export interface Series {
  readonly bucket: number
  readonly bucketSeconds: number
  readonly keep: number
}

export interface Place {
  /** Degrees. */
  readonly latitude: number
  readonly longitude: number
}

/** From where a person signed in lately. */
export interface PresenceRecord {
  readonly v: 1
  /** Digests, the newest first. */
  readonly networks: readonly string[]
  /** Of the last sign-in whose place was known. */
  readonly place?: Place & { readonly at: number }
}

/** Networks remembered of a person; the oldest goes. */
export const NETWORKS_REMEMBERED = 4

/** Throttles in force in a tenant at most; the one that ends first goes. */
export const MAX_THROTTLES = 1_000

/** Requests that may come less often for a while. */
export interface Throttle {
  /** What is throttled, as who set it spells it. */
  readonly key: string
  /** 0: none may come. */
  readonly perMinute: number
  /** Milliseconds since the epoch. */
  readonly untilMs: number
}

/** Rises kept of one signal about one kind of thing in a tenant at most, so that none crowds out another; the one that ends first goes. */
export const MAX_RISES = 1_000

/** Signals that are kept, by what they are about. `person_at_client`: one person's use of one client. */
export const RISES_KEPT = {
  person: ['replay', 'refresh_reuse', 'impossible_travel'],
  client: ['replay', 'introspection_spike', 'consent_phishing'],
  person_at_client: ['refresh_reuse'],
  address: ['credential_stuffing'],
  subnet: ['credential_stuffing'],
} as const

export type RiseAbout = keyof typeof RISES_KEPT
export type RiseSignal = (typeof RISES_KEPT)[RiseAbout][number]

export const RISE_KINDS: readonly { readonly about: RiseAbout; readonly signal: RiseSignal }[] = Object.entries(
  RISES_KEPT,
).flatMap(([about, signals]) => signals.map((signal) => ({ about: about as RiseAbout, signal })))

/** That a signal rose about somebody or something. */
export interface Rise {
  readonly about: RiseAbout
  /** Who or what, as who noted it spells it. */
  readonly key: string
  readonly signal: RiseSignal
  readonly count: number
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly untilMs: number
}

export interface ThreatStore {
  /** Counts one and answers what stood before it: of many at once no two see the same. Forgotten `forgetSeconds` after the last. */
  attempt(tenant: string, key: string, forgetSeconds: number): Promise<Attempt>
  attempts(tenant: string, key: string): Promise<Attempts>
  /** Takes back one that was no failure after all, and its time where it is still the last. */
  undoAttempt(tenant: string, key: string, attempt: Attempt): Promise<void>
  forgetAttempts(tenant: string, key: string): Promise<void>
  /** Adds an item and answers about how many different ones there are, `sketch.ts`; starts anew `windowSeconds` after the first. */
  addDistinct(tenant: string, key: string, item: string, windowSeconds: number): Promise<number>
  countDistinct(tenant: string, key: string): Promise<number>
  /** Adds to the newest bucket and answers all, the oldest first. */
  tally(tenant: string, key: string, series: Series, hits: number): Promise<readonly number[]>
  presence(tenant: string, sub: string): Promise<PresenceRecord | undefined>
  /** Puts the network first, and the place where there is one; nothing where the person has been deleted. Ends with the person. */
  noteArrival(
    tenant: string,
    sub: string,
    arrival: { readonly network: string; readonly place?: Place; readonly at: number; readonly expiresAt: number },
  ): Promise<void>
  /** In force until its end; of the same key, the later one. */
  throttle(tenant: string, throttle: Throttle): Promise<void>
  /** Those in force. */
  throttles(tenant: string): Promise<readonly Throttle[]>
  /** Known until its end; of the same signal about the same thing, the later one. */
  noteRise(tenant: string, rise: Rise): Promise<void>
  /** Those that have not ended. */
  rises(tenant: string): Promise<readonly Rise[]>
}
