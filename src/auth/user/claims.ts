/** OpenID Connect claims of a person, read from the stored SCIM profile. OIDC Core 5.1, RFC 7643 4.1. */
import type { UserRecord } from '../../storage/records.ts'

const asText = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length > 0 ? value : undefined

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

/** The primary value of a multi-valued attribute, else its first (RFC 7643 2.4). */
function primary(values: unknown): string | undefined {
  const entries = Array.isArray(values) ? values.map(asRecord) : []
  return asText((entries.find((entry) => entry.primary === true) ?? entries[0])?.value)
}

const nameOf = (user: UserRecord): Readonly<Record<string, unknown>> => asRecord(user.profile.name)

function fullName(user: UserRecord): string | undefined {
  const { formatted, givenName, familyName } = nameOf(user)
  const parts = [asText(givenName), asText(familyName)].filter((part) => part !== undefined)
  return asText(user.profile.displayName) ?? asText(formatted) ?? asText(parts.join(' '))
}

/** Each claim this provider knows, and where its value comes from. */
const CLAIMS = {
  name: fullName,
  given_name: (user) => asText(nameOf(user).givenName),
  family_name: (user) => asText(nameOf(user).familyName),
  middle_name: (user) => asText(nameOf(user).middleName),
  nickname: (user) => asText(user.profile.nickName),
  preferred_username: (user) => user.userName,
  profile: (user) => asText(user.profile.profileUrl),
  locale: (user) => asText(user.profile.locale),
  zoneinfo: (user) => asText(user.profile.timezone),
  updated_at: (user) => user.updatedAt,
  email: (user) => primary(user.profile.emails),
  // Said to be verified only where a verification was recorded: relying parties link accounts by it.
  email_verified: (user) => (primary(user.profile.emails) ? user.profile.emailVerified === true : undefined),
  phone_number: (user) => primary(user.profile.phoneNumbers),
} as const satisfies Record<string, (user: UserRecord) => string | number | boolean | undefined>

/** For `claims_supported` in discovery, beside `sub`. */
export const CLAIM_NAMES: readonly string[] = Object.keys(CLAIMS)

/** The claims among `names` that this person has a value for; unknown names are left out. */
export function profileClaims(user: UserRecord, names: readonly string[]): Record<string, string | number | boolean> {
  const wanted = new Set(names)
  const entries = Object.entries(CLAIMS).flatMap(([name, read]) => {
    const value = wanted.has(name) ? read(user) : undefined
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(entries)
}
