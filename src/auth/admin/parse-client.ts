/** Reads the body of a client's create or replace into checked values. RFC 7591 2 names most fields; a fault names its field, never a value. */
import { Problem } from '../../kernel/errors.ts'
import { GRANT_TYPES } from '../../policy-engine/contract/token.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { redirectUriFault } from './redirect-uri.ts'

/** What an administrator sets of a client. */
export type ClientSettings = Pick<
  ClientRecord,
  | 'name'
  | 'type'
  | 'active'
  | 'firstParty'
  | 'redirectUris'
  | 'grantTypes'
  | 'scopes'
  | 'audience'
  | 'resources'
  | 'roles'
>

/** Before anything is set; also what a create leaves out. */
export const blank: ClientSettings = {
  name: '',
  type: 'confidential',
  active: true,
  firstParty: false,
  redirectUris: [],
  grantTypes: [],
  scopes: [],
  audience: [],
  resources: [],
  roles: [],
}

/** Field on the wire and attribute of the record. */
export const FIELDS = {
  name: 'name',
  type: 'type',
  active: 'active',
  first_party: 'firstParty',
  redirect_uris: 'redirectUris',
  grant_types: 'grantTypes',
  scopes: 'scopes',
  audience: 'audience',
  resources: 'resources',
  roles: 'roles',
} as const satisfies Record<string, keyof ClientSettings>

/** Answered, and taken back unread, so that what was read can be sent as it is. */
const READ_ONLY: readonly string[] = ['client_id', 'created_at', 'updated_at']

export interface ClientBody {
  readonly settings: ClientSettings
  readonly rotateSecret: boolean
}

const MAX_ENTRIES = 50
/** RFC 6749 3.3, scope-token. */
const SCOPE = /^[!#-[\]-~]{1,128}$/
const ROLE = /^[\w:.-]{1,128}$/
/** Half a surrogate pair is no character: it would not come back as it was sent. */
const CONTROL = /[\p{Cc}\p{Cs}]/u

const fault = (field: string, what: string): Problem => new Problem('bad_request', { detail: `${field} ${what}.` })

type JsonObject = Readonly<Record<string, unknown>>

function text(field: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '' || value.length > 128 || CONTROL.test(value))
    throw fault(field, 'must be a text of 1 to 128 characters')
  return value.trim()
}

function truth(field: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw fault(field, 'must be true or false')
  return value
}

function list(field: string, value: unknown, wrong: (entry: string) => string | undefined): readonly string[] {
  if (!Array.isArray(value) || value.length > MAX_ENTRIES)
    throw fault(field, `must be a list of at most ${MAX_ENTRIES} texts`)
  const entries = value.map((entry: unknown, index) => {
    const what = typeof entry === 'string' ? wrong(entry) : 'must be a text'
    if (typeof entry !== 'string' || what !== undefined) throw fault(`${field}[${index}]`, what ?? 'must be a text')
    return entry
  })
  if (new Set(entries).size !== entries.length) throw fault(field, 'must name nothing twice')
  return entries
}

const unlike = (pattern: RegExp, what: string) => (entry: string) => (pattern.test(entry) ? undefined : what)

/** RFC 8707 2: an absolute URI without a fragment. */
const resourceFault = (entry: string): string | undefined =>
  entry.length <= 512 && /^[!-~]+$/.test(entry) && URL.canParse(entry) && !entry.includes('#')
    ? undefined
    : 'must be an absolute URI without a fragment'

const grantTypeFault = (entry: string): string | undefined =>
  GRANT_TYPES.some((known) => known === entry) ? undefined : `must be one of ${GRANT_TYPES.join(', ')}`

function typeOf(value: unknown): ClientSettings['type'] {
  if (value !== 'confidential' && value !== 'public') throw fault('type', 'must be confidential or public')
  return value
}

function settingsOf(body: JsonObject, before: ClientSettings): ClientSettings {
  const read = <T>(field: keyof typeof FIELDS, stored: T, check: (field: string, value: unknown) => T): T =>
    body[field] === undefined ? stored : check(field, body[field])
  const texts = (wrong: (entry: string) => string | undefined) => (field: string, value: unknown) =>
    list(field, value, wrong)
  const type = read('type', before.type, (_, value) => typeOf(value))
  return {
    name: read('name', before.name, text),
    type,
    active: read('active', before.active, truth),
    firstParty: read('first_party', before.firstParty, truth),
    redirectUris: read(
      'redirect_uris',
      before.redirectUris,
      texts((uri) => redirectUriFault(uri, type)),
    ),
    grantTypes: read('grant_types', before.grantTypes, texts(grantTypeFault)),
    scopes: read('scopes', before.scopes, texts(unlike(SCOPE, 'must be a scope (RFC 6749 3.3)'))),
    audience: read('audience', before.audience, texts(resourceFault)),
    resources: read('resources', before.resources, texts(resourceFault)),
    roles: read('roles', before.roles, texts(unlike(ROLE, 'must be the name of a role'))),
  }
}

/** Rules across fields, which also hold for what a replace leaves as it was. */
function checkTogether(settings: ClientSettings): void {
  const { name, type, grantTypes, redirectUris } = settings
  if (name === '') throw fault('name', 'is needed')
  if (grantTypes.includes('authorization_code') && redirectUris.length === 0)
    throw fault('redirect_uris', 'needs an entry where grant_types holds authorization_code')
  if (type === 'public' && grantTypes.includes('client_credentials'))
    throw fault('grant_types', 'must not hold client_credentials for a public client (RFC 6749 4.4)')
  if (redirectUris.some((uri) => redirectUriFault(uri, type) !== undefined))
    throw fault('redirect_uris', `holds an address that a ${type} client must not have`)
}

/** `before` is `blank` for a create. Fields left out stay as they are. Throws Problem bad_request. */
export function parseClient(body: unknown, before: ClientSettings, clientId?: string): ClientBody {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Problem('bad_request', { detail: 'The body must be a JSON object.' })
  const sent: JsonObject = { ...body }
  const known = [...Object.keys(FIELDS), ...READ_ONLY, 'rotate_secret']
  if (!Object.keys(sent).every((field) => known.includes(field)))
    throw new Problem('bad_request', { detail: `The body may hold only these fields: ${known.join(', ')}.` })
  if (sent.client_id !== undefined && sent.client_id !== clientId)
    throw fault('client_id', 'is made by the server and cannot be set')
  const settings = settingsOf(sent, before)
  checkTogether(settings)
  return { settings, rotateSecret: sent.rotate_secret !== undefined && truth('rotate_secret', sent.rotate_secret) }
}
