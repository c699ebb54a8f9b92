/**
 * What a provider said of a person, once all of it was checked, in one shape for every kind. An address is there only where
 * the provider has verified it and its word counts (checklist 43); the person is known by issuer and subject alone.
 */
import type { ProviderOptions } from './options.ts'

export interface Upstream {
  readonly issuer: string
  readonly subject: string
  /** Verified there. */
  readonly email?: string
  /** What the person knows the account by, for their own page alone. */
  readonly label?: string
  readonly organisation?: string
  readonly groups: readonly string[]
  readonly acr?: string
  readonly amr: readonly string[]
  /** SCIM attributes by name. */
  readonly attributes: Readonly<Record<string, unknown>>
}

export type Claims = Readonly<Record<string, unknown>>

/** Of a claim that goes into a decision or a profile; longer ones are nobody's name. */
const MAX_TEXT = 256
const MAX_GROUPS = 100

export const textIn = (claims: Claims, name: string): string | undefined => {
  const value = claims[name]
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT ? value : undefined
}

export const textsIn = (claims: Claims, name: string | undefined): readonly string[] => {
  const value = name === undefined ? undefined : claims[name]
  const all = Array.isArray(value) ? value : typeof value === 'string' ? [value] : []
  return all
    .filter((text): text is string => typeof text === 'string' && text !== '' && text.length <= MAX_TEXT)
    .slice(0, MAX_GROUPS)
}

/** OIDC Core 5.1 and the SCIM attribute that each becomes. */
const USUAL: Readonly<Record<string, string>> = {
  name: 'displayName',
  given_name: 'name.givenName',
  family_name: 'name.familyName',
  locale: 'locale',
}

export function attributesOf(options: ProviderOptions, claims: Claims): Readonly<Record<string, unknown>> {
  const texts = Object.entries({ ...USUAL, ...options.attributes }).flatMap(([claim, attribute]) => {
    const value = textIn(claims, claim)
    return value === undefined ? [] : [[attribute, value] as const]
  })
  const picture = textIn(claims, 'picture')
  const photos = picture?.startsWith('https://') ? [['photos', [{ value: picture, type: 'photo' }]] as const] : []
  return Object.fromEntries([...texts, ...photos])
}

/** As mail programs agree on it; what is none is not looked up. */
const ADDRESS = /^[^\s@"<>()[\]\\,;:]{1,64}@[A-Za-z0-9.-]{1,190}$/

/** Whether the provider has verified the address: Microsoft says so in a claim of its own, since anybody can set `email` there. */
function emailVerified({ kind }: ProviderOptions, claims: Claims): boolean {
  if (kind === 'microsoft') return claims.xms_edov === true || claims.xms_edov === 1 || claims.xms_edov === '1'
  return claims.email_verified === true
}

/** What says that an address is verified. */
const OF_THE_ADDRESS = ['email', 'email_verified', 'xms_edov']

/**
 * The ID token's claims first. An address and the word that it is verified come from one answer, or the word may be about
 * another address: from the ID token where that names one (OIDC Core 5.1 and 5.3.2).
 */
export function together(userinfo: Claims, idToken: Claims): Claims {
  const source = idToken.email === undefined ? userinfo : idToken
  const address = OF_THE_ADDRESS.map((name) => [name, source[name]] as const)
  return { ...userinfo, ...idToken, ...Object.fromEntries(address) }
}

export function upstreamOf(options: ProviderOptions, subject: string, claims: Claims): Upstream {
  const given = textIn(claims, 'email')
  const email = given !== undefined && ADDRESS.test(given) && emailVerified(options, claims) ? given : undefined
  const label = email ?? textIn(claims, 'preferred_username') ?? textIn(claims, 'name')
  const organisation = textIn(claims, options.kind === 'microsoft' ? 'tid' : 'hd')
  const acr = textIn(claims, 'acr')
  return {
    issuer: options.issuer,
    subject,
    groups: textsIn(claims, options.groupsClaim),
    amr: textsIn(claims, 'amr'),
    attributes: attributesOf(options, claims),
    ...(email !== undefined && { email }),
    ...(label !== undefined && { label }),
    ...(organisation !== undefined && { organisation }),
    ...(acr !== undefined && { acr }),
  }
}
