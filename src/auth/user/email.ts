/** The e-mail address of a person: the primary entry of the SCIM profile (RFC 7643 4.1.2), and whether somebody has proven it. */
import type { UserRecord } from '../../storage/records.ts'
import { primary } from './claims.ts'

export const emailOf = (user: UserRecord): string | undefined => primary(user.profile.emails)

/** Verified here, or by a source that policy takes as authoritative. */
export const isEmailVerified = (user: UserRecord): boolean =>
  emailOf(user) !== undefined && user.profile.emailVerified === true

/** BCP 47 tags that the person would like to be written to in, in order: RFC 7643 4.1.1. */
export const localesOf = ({ profile }: UserRecord): readonly string[] =>
  [profile.preferredLanguage, profile.locale].filter((tag): tag is string => typeof tag === 'string')

/** As it was written: nobody checked that it is an IANA name. RFC 7643 4.1.1. */
export const timeZoneOf = ({ profile }: UserRecord): string | undefined =>
  typeof profile.timezone === 'string' ? profile.timezone : undefined
