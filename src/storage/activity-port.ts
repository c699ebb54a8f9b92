/**
 * What happened to an account, for its person to look at: part of the store's port. It is the person's own record, and no
 * audit log: it ends with them, and holds the latest only.
 */

/** Of a browser, as a person knows it. */
export interface ActivityPlace {
  readonly browser: string
  readonly system: string
  /** Never the whole address. */
  readonly network: string
  /** ISO 3166-1 alpha-2, where known. */
  readonly country?: string
}

export interface ActivityRecord {
  readonly v: 1
  readonly id: string
  /** The name of the security event. */
  readonly kind: string
  /** A bounded word of the event. */
  readonly detail?: string
  readonly clientId?: string
  readonly place?: ActivityPlace
  /** Of the last, where several are one entry. */
  readonly at: number
  readonly expiresAt: number
}

/** `times`: how many are one entry. */
export type ActivityEntry = ActivityRecord & { readonly shelf: ActivityShelf; readonly times: number }

/** Attempts that were refused stand apart, so that nobody drives out of sight what was done by making them. */
export type ActivityShelf = 'done' | 'refused'

export const MAX_ACTIVITY: Readonly<Record<ActivityShelf, number>> = { done: 100, refused: 30 }

export interface Appended {
  readonly shelf: ActivityShelf
  readonly record: ActivityRecord
  /** An entry of the same key that is not older than `since` becomes this one, and counts it; absent: it stands alone. */
  readonly fold?: { readonly key: string; readonly since: number }
}

export interface ActivityStore {
  /** Of more than MAX_ACTIVITY the oldest goes in the same step. `missing`: there is no such person. */
  append(tenant: string, sub: string, appended: Appended): Promise<'written' | 'missing'>
  /** Of both shelves, the newest first. */
  list(tenant: string, sub: string): Promise<readonly ActivityEntry[]>
}
