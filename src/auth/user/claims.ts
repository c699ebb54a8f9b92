/** OpenID Connect claims of a person, read from the stored SCIM profile. OIDC Core 5.1, RFC 7643 4.1. */
import type { UserRecord } from '../../storage/records.ts'
import { primaryEntry } from '../../storage/verified-email.ts'

const asText = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length > 0 ? value : undefined

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

const primary = (values: unknown): string | undefined => asText(primaryEntry(values).value)

const nameOf = (user: UserRecord): Readonly<Record<string, unknown>> => asRecord(user.profile.name)

function fullName(user: UserRecord): string | undefined {
  const { formatted, givenName, familyName } = nameOf(user)
  const parts = [asText(givenName), asText(familyName)].filter((part) => part !== undefined)
  return asText(user.profile.displayName) ?? asText(formatted) ?? asText(parts.join(' '))
}

/** Claims that RFC 7643 has no attribute for: the extension of the SCIM endpoint. */
const CLAIMS_SCHEMA = 'urn:sallyport:params:scim:schemas:claims:1.0:User'
const extended = (user: UserRecord): Readonly<Record<string, unknown>> => asRecord(user.profile[CLAIMS_SCHEMA])

/** Member of the claim and part of the SCIM address, OIDC Core 5.1.1 and RFC 7643 4.1.2. */
const ADDRESS = {
  formatted: 'formatted',
  street_address: 'streetAddress',
  locality: 'locality',
  region: 'region',
  postal_code: 'postalCode',
  country: 'country',
} as const

function addressOf(user: UserRecord): Readonly<Record<string, string>> | undefined {
  const entry = primaryEntry(user.profile.addresses)
  const members = Object.entries(ADDRESS).flatMap(([member, part]) => {
    const value = asText(entry[part])
    return value === undefined ? [] : [[member, value] as const]
  })
  return members.length === 0 ? undefined : Object.fromEntries(members)
}

/**
 * RFC 7643 4.1.2 has telephone numbers as `tel` URIs, OIDC Core 5.1 as E.164, with an extension as in RFC 3966. A number of one
 * place only (`phone-context`), and what is no such URI, stays as it is.
 */
function phoneNumberOf(user: UserRecord): string | undefined {
  const stored = primary(user.profile.phoneNumbers)
  const [, number = '', extension = ''] = /^tel:(\+[\d.()-]+)(;ext=[\d.()-]+)?$/i.exec(stored ?? '') ?? []
  const digits = number.replace(/[.()-]/g, '')
  return /^\+\d{1,15}$/.test(digits) ? `${digits}${extension}` : stored
}

/** Only `address` is an object. */
export type ClaimValue = string | number | boolean | Readonly<Record<string, string>>

/** Each claim this provider knows, and where its value comes from. */
const CLAIMS = {
  name: fullName,
  given_name: (user) => asText(nameOf(user).givenName),
  family_name: (user) => asText(nameOf(user).familyName),
  middle_name: (user) => asText(nameOf(user).middleName),
  nickname: (user) => asText(user.profile.nickName),
  preferred_username: (user) => user.userName,
  profile: (user) => asText(user.profile.profileUrl),
  picture: (user) => primary(user.profile.photos),
  website: (user) => asText(extended(user).website),
  gender: (user) => asText(extended(user).gender),
  birthdate: (user) => asText(extended(user).birthdate),
  locale: (user) => asText(user.profile.locale),
  zoneinfo: (user) => asText(user.profile.timezone),
  updated_at: (user) => user.updatedAt,
  email: (user) => primary(user.profile.emails),
  // Said to be verified only where a verification was recorded: relying parties link accounts by it.
  email_verified: (user) => (primary(user.profile.emails) ? user.profile.emailVerified === true : undefined),
  address: addressOf,
  phone_number: phoneNumberOf,
  phone_number_verified: (user) =>
    primary(user.profile.phoneNumbers) ? user.profile.phoneNumberVerified === true : undefined,
} as const satisfies Record<string, (user: UserRecord) => ClaimValue | undefined>

/** For `claims_supported` in discovery, beside `sub`. */
export const CLAIM_NAMES: readonly string[] = Object.keys(CLAIMS)

/** The claims among `names` that this person has a value for; unknown names are left out. */
export function profileClaims(user: UserRecord, names: readonly string[]): Record<string, ClaimValue> {
  const wanted = new Set(names)
  const entries = Object.entries(CLAIMS).flatMap(([name, read]) => {
    const value = wanted.has(name) ? read(user) : undefined
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(entries)
}
