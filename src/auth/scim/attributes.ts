/** The attributes of a SCIM user that this provider keeps: their names and shapes. RFC 7643 4.1; others are ignored (RFC 7644 3.3). */

export const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User'
/** Claims of OIDC Core 5.1 that RFC 7643 has no attribute for; an extension by its section 3.3. */
export const CLAIMS_SCHEMA = 'urn:sallyport:params:scim:schemas:claims:1.0:User'
export const LIST_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'

/** Attributes kept in the record's profile as they are sent; the shape is checked. */
export const PROFILE_ATTRIBUTES = {
  externalId: 'string',
  name: 'name',
  displayName: 'string',
  nickName: 'string',
  profileUrl: 'string',
  locale: 'string',
  timezone: 'string',
  emails: 'values',
  phoneNumbers: 'values',
  photos: 'values',
  addresses: 'addresses',
  [CLAIMS_SCHEMA]: 'claims',
} as const
export type ProfileAttribute = keyof typeof PROFILE_ATTRIBUTES

export const isProfileAttribute = (name: string): name is ProfileAttribute => Object.hasOwn(PROFILE_ATTRIBUTES, name)

/** All attributes that a request may set. */
const ATTRIBUTES: readonly string[] = ['userName', 'active', 'roles', 'password', ...Object.keys(PROFILE_ATTRIBUTES)]

export const NAME_PARTS: readonly string[] = [
  'formatted',
  'familyName',
  'givenName',
  'middleName',
  'honorificPrefix',
  'honorificSuffix',
]

/** Parts of a postal address, RFC 7643 4.1.2. */
export const ADDRESS_PARTS: readonly string[] = [
  'formatted',
  'streetAddress',
  'locality',
  'region',
  'postalCode',
  'country',
  'type',
  'primary',
]

/** Parts of the extension, as OIDC Core 5.1 names the claims. */
export const CLAIM_PARTS: readonly string[] = ['website', 'gender', 'birthdate']

/** Parts of an entry of a multi-valued attribute, RFC 7643 2.4. */
export const VALUE_PARTS: readonly string[] = ['value', 'display', 'type', 'primary']

const byLowerCase = (names: readonly string[]): ReadonlyMap<string, string> =>
  new Map(names.map((name) => [name.toLowerCase(), name]))

const CANONICAL = byLowerCase([
  ...ATTRIBUTES,
  ...NAME_PARTS,
  ...VALUE_PARTS,
  ...ADDRESS_PARTS,
  ...CLAIM_PARTS,
  'id',
  'schemas',
  'meta',
])

/** The attribute's name as RFC 7643 writes it, however the caller wrote it (section 2.1: names are case-insensitive). */
export const canonicalName = (name: string): string | undefined => CANONICAL.get(name.toLowerCase())
