/** What a scope lets a client do, in words that a person can judge. OIDC Core 5.4 and 11; others are shown by their name. */

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
