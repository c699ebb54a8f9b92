/** The e-mail address of a person: the primary entry of the SCIM profile (RFC 7643 4.1.2), and whether somebody has proven it. */
import type { UserRecord } from '../../storage/records.ts'
import { primaryEntry } from '../../storage/verified-email.ts'

type Person = Pick<UserRecord, 'profile'>

/** The profile once the person has proven to read `address`: it is the primary one, in the place of the one before it. */
export function withVerifiedEmail({ profile }: Person, address: string): Readonly<Record<string, unknown>> {
  const before = primaryEntry(profile.emails)
  const entries = Array.isArray(profile.emails) ? profile.emails : []
  const others = entries.filter((entry) => entry?.value !== before.value && entry?.value !== address)
  const { display: _name, ...kept } = before
  return { ...profile, emails: [{ ...kept, value: address, primary: true }, ...others], emailVerified: true }
}

/** BCP 47 tags that the person would like to be written to in, in order: RFC 7643 4.1.1. */
export const localesOf = ({ profile }: Person): readonly string[] =>
  [profile.preferredLanguage, profile.locale].filter((tag): tag is string => typeof tag === 'string')

/** As it was written: nobody checked that it is an IANA name. RFC 7643 4.1.1. */
export const timeZoneOf = ({ profile }: UserRecord): string | undefined =>
  typeof profile.timezone === 'string' ? profile.timezone : undefined
