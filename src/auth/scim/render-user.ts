/** A stored user as a SCIM resource: of its attributes only those that the decision lets this actor see. RFC 7643 3.1 and 4.1. */
import type { HttpRequest } from '../../http/message.ts'
import type { UserRecord } from '../../storage/records.ts'
import { CLAIMS_SCHEMA, canonicalName, isProfileAttribute, USER_SCHEMA } from './attributes.ts'

/** What the caller asks to have in the answer, RFC 7644 3.9; never more than is visible. */
export interface Selection {
  readonly only: ReadonlySet<string> | undefined
  readonly without: ReadonlySet<string>
}

export const everything: Selection = { only: undefined, without: new Set() }

/** `name.givenName` and `urn:…:User:name` select the whole attribute `name`: sub-attributes are not cut, nor is an extension. */
function nameIn(path: string): string {
  if (path.toLowerCase().startsWith(CLAIMS_SCHEMA.toLowerCase())) return CLAIMS_SCHEMA
  const name = path.replace(/^urn:[^,]*:/i, '').split('.')[0] ?? ''
  return canonicalName(name) ?? name
}

const namesIn = (text: string | undefined): ReadonlySet<string> | undefined =>
  text === undefined ? undefined : new Set(text.split(',').map((path) => nameIn(path.trim())))

export const selectionOf = (request: HttpRequest): Selection => ({
  only: namesIn(request.query.get('attributes')),
  without: namesIn(request.query.get('excludedAttributes')) ?? new Set(),
})

export const etagOf = (user: UserRecord): string => `W/"${user.version}"`

export const locationOf = (issuer: string, user: UserRecord): string =>
  `${issuer.replace(/\/$/, '')}/scim/v2/Users/${user.sub}`

const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString()

export function renderUser(
  issuer: string,
  user: UserRecord,
  visible: ReadonlySet<string>,
  selection: Selection = everything,
): Readonly<Record<string, unknown>> {
  const shown = (name: string): boolean =>
    visible.has(name) && name !== 'password' && (selection.only?.has(name) ?? true) && !selection.without.has(name)
  const attributes = {
    userName: user.userName,
    active: user.active,
    roles: user.roles.map((value) => ({ value })),
    ...Object.fromEntries(Object.entries(user.profile).filter(([name]) => isProfileAttribute(name))),
  }
  const answered = Object.entries(attributes).filter(([name]) => shown(name))
  const extended = answered.some(([name]) => name === CLAIMS_SCHEMA)
  return {
    schemas: [USER_SCHEMA, ...(extended ? [CLAIMS_SCHEMA] : [])],
    id: user.sub,
    ...Object.fromEntries(answered),
    meta: {
      resourceType: 'User',
      created: isoTime(user.createdAt),
      lastModified: isoTime(user.updatedAt),
      location: locationOf(issuer, user),
      version: etagOf(user),
    },
  }
}
