/** What a scope or claim gives to a client, in words that a person can judge. OIDC Core 5.1, 5.4, 11; others are shown by their name. */

const WORDS: Readonly<Record<string, string>> = {
  openid: 'Know that it is you, by an identifier',
  profile: 'See your name and profile',
  email: 'See your e-mail address',
  phone: 'See your phone number',
  address: 'See your postal address',
  offline_access: 'Keep this access while you are away',
  scim: 'Manage user accounts',
  admin: 'Manage the applications of this service',
}

/** Undefined for a scope of the operator's own. */
export const scopeWords = (scope: string): string | undefined =>
  Object.hasOwn(WORDS, scope) ? WORDS[scope] : undefined

/** As a person reads them: who you are first, what goes on while you are away last. */
export const inReadingOrder = (scopes: readonly string[]): readonly string[] =>
  scopes.toSorted((one, other) => placeOf(one) - placeOf(other))

const placeOf = (scope: string): number => (scope === 'openid' ? 0 : scope === 'offline_access' ? 2 : 1)

const CLAIM_WORDS: Readonly<Record<string, string>> = {
  given_name: 'first name',
  family_name: 'family name',
  preferred_username: 'user name',
  profile: 'profile page',
  birthdate: 'date of birth',
  zoneinfo: 'time zone',
  updated_at: 'date of the last change to your profile',
  email: 'e-mail address',
  email_verified: 'e-mail address’s verification',
  phone_number: 'phone number',
  phone_number_verified: 'phone number’s verification',
  address: 'postal address',
}

/** After "See your". */
export const claimWords = (claim: string): string =>
  (Object.hasOwn(CLAIM_WORDS, claim) ? CLAIM_WORDS[claim] : undefined) ?? claim.replaceAll('_', ' ')
