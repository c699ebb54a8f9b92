/** From when on something is a signal, and for how long it is remembered. What follows from it is policy's to say. */
export interface ThreatRules {
  /** A journey of at least so far, faster than so, is impossible. */
  readonly travel: { readonly kilometres: number; readonly kilometresPerHour: number }
  /** Failed sign-ins of a tenant in ten minutes that are no surge yet. */
  readonly surgeFloor: number
  /** Introspections of a client in a minute that are no spike yet. */
  readonly introspectionFloor: number
}

export const DEFAULT_THREAT_RULES: ThreatRules = {
  travel: { kilometres: 300, kilometresPerHour: 1000 },
  surgeFloor: 100,
  introspectionFloor: 3000,
}

/** Failures of an account, after the last. */
export const FORGET_SECONDS = 60 * 60
/** Failures of an address or subnet, after the first. */
export const SOURCE_WINDOW_SECONDS = 15 * 60
/** Accounts tried, people who agreed, what came twice: after the first. */
export const HOUR_SECONDS = 60 * 60
/** Where a person signed in from, after the last time. */
export const PRESENCE_SECONDS = 90 * 24 * 3600

/** Counts from which a signal rises; then again whenever the count has doubled. */
export const RISES_AT = {
  password_guessing: 10,
  tried_from_address: 10,
  tried_from_subnet: 50,
  consent_phishing: 10,
} as const

/** Failures of a tenant: ten minutes each, of a day. */
export const FAILURES = { bucketSeconds: 10 * 60, keep: 144 } as const
/** Introspections of a client: a minute each, of an hour. */
export const INTROSPECTIONS = { bucketSeconds: 60, keep: 60 } as const
