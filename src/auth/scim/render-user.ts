/** A stored user as a SCIM resource: of its attributes only those that the decision lets this actor see. RFC 7643 3.1 and 4.1. */
import type { HttpRequest } from '../../http/message.ts'
import type { UserRecord } from '../../storage/records.ts'
import { canonicalName, isProfileAttribute, USER_SCHEMA } from './attributes.ts'

/** What the caller asks to have in the answer, RFC 7644 3.9; never more than is visible. */
export interface Selection {
  readonly only: ReadonlySet<string> | undefined
  readonly without: ReadonlySet<string>
}

export const everything: Selection = { only: undefined, without: new Set() }

/** `name.givenName` and `urn:…:User:name` select the whole attribute `name`: sub-attributes are not cut. */
function namesIn(text: string | undefined): ReadonlySet<string> | undefined {
  if (text === undefined) return undefined
  const names = text.split(',').map(
    (name) =>
      name
        .trim()
        .replace(/^urn:[^,]*:/i, '')
        .split('.')[0] ?? '',
  )
  return new Set(names.map((name) => canonicalName(name) ?? name))
}

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
  return {
    schemas: [USER_SCHEMA],
    id: user.sub,
    ...Object.fromEntries(Object.entries(attributes).filter(([name]) => shown(name))),
    meta: {
      resourceType: 'User',
      created: isoTime(user.createdAt),
      lastModified: isoTime(user.updatedAt),
      location: locationOf(issuer, user),
      version: etagOf(user),
    },
  }
}
