/** What a create or replace would change, by name: the facts that `scim` is decided on hold names, never values. */
import { isDeepStrictEqual } from 'node:util'
import type { UserRecord } from '../../storage/records.ts'
import { PROFILE_ATTRIBUTES } from './attributes.ts'
import type { UserBody } from './parse-user.ts'

export interface Changes {
  readonly changed: readonly string[]
  readonly changedRoles: readonly string[]
}

const difference = (left: readonly string[], right: readonly string[]): string[] => [
  ...new Set([...left.filter((entry) => !right.includes(entry)), ...right.filter((entry) => !left.includes(entry))]),
]

const valueIn = (values: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(values, name) ? values[name] : undefined

/**
 * What the body sets to another value; `before` is undefined for a create. Absent `password`, `roles` and `active` stay
 * as they are: an omission must neither lock out, disarm nor revive anyone.
 */
export function changesOf(body: UserBody, before: UserRecord | undefined): Changes {
  const changedRoles = body.roles === undefined ? [] : difference(body.roles, before?.roles ?? []).sort()
  const profile = Object.entries(body.profile)
    .filter(([name, value]) => !isDeepStrictEqual(value, valueIn(before?.profile ?? {}, name)))
    .map(([name]) => name)
  const changed = [
    ...(body.userName === before?.userName ? [] : ['userName']),
    ...(body.active === undefined || body.active === (before?.active ?? true) ? [] : ['active']),
    ...(changedRoles.length === 0 ? [] : ['roles']),
    ...(body.password === undefined ? [] : ['password']),
    ...profile,
  ]
  return { changed, changedRoles }
}

/** Attributes that are stored and that the body leaves out: a replace clears them where it may (RFC 7644 3.5.1). */
export const omitted = (body: UserBody, before: UserRecord): readonly string[] =>
  Object.keys(PROFILE_ATTRIBUTES).filter(
    (name) => valueIn(before.profile, name) !== undefined && valueIn(body.profile, name) === undefined,
  )

/** `vouched`: whoever sends it is believed about e-mail addresses. */
export const profileOf = ({ profile }: UserBody, vouched: boolean): Readonly<Record<string, unknown>> => ({
  ...profile,
  ...(vouched && profile.emails !== undefined && { emailVerified: true }),
})

/** The profile after a replace: what the body sets, less what is cleared. A verification goes with its address. */
export function profileAfter(
  body: UserBody,
  before: UserRecord,
  cleared: readonly string[],
  vouched: boolean,
): Readonly<Record<string, unknown>> {
  const sent = profileOf(body, vouched)
  const after: Readonly<Record<string, unknown>> = { ...before.profile, ...sent }
  const gone = new Set(cleared)
  const isAnother = gone.has('emails') || !isDeepStrictEqual(after.emails, before.profile.emails)
  if (isAnother && sent.emailVerified !== true) gone.add('emailVerified')
  return Object.fromEntries(Object.entries(after).filter(([name]) => !gone.has(name)))
}
