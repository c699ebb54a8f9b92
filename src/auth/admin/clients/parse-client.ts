/**
 * Reads the body of a client's create or replace into checked values: a few fields of ours, the rest by the names of
 * RFC 7591 2. A fault names its field, never a value.
 */
import { Problem } from '../../../kernel/errors.ts'
import { GRANT_TYPES } from '../../../policy-engine/contract/token.ts'
import { MetadataFault } from '../../client/metadata/fault.ts'
import { METADATA_MEMBERS, readMembers } from '../../client/metadata/members.ts'
import type { Offered } from '../../client/metadata/offered.ts'
import { type ClientSettings, checkTogether } from '../../client/metadata/together.ts'
import { type Check, type EntryFault, list, oneOf, text, truth, unlike } from '../../client/metadata/values.ts'
import { needsSecretItself, readDigests, readKeepIds, type SecretWish, usesSecret } from '../../client/secrets.ts'

/** Field on the wire and attribute of the record; beside them stands the client's metadata, field for field. */
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
  managed_by: 'managedBy',
} as const satisfies Record<string, keyof ClientSettings>

/** Answered, and taken back unread, so that what was read can be sent as it is. */
const READ_ONLY: readonly string[] = ['client_id', 'created_at', 'dynamic', 'secret_ids', 'updated_at']

const WISHES: readonly string[] = ['keep_secret_ids', 'rotate_secret', 'secret_sha256']

const KNOWN: readonly string[] = [...Object.keys(FIELDS), ...METADATA_MEMBERS, ...READ_ONLY, ...WISHES]

export interface ClientBody {
  readonly settings: ClientSettings
  readonly secret: SecretWish
}

/** RFC 6749 3.3, scope-token. */
const SCOPE = /^[!#-[\]-~]{1,128}$/
const ROLE = /^[\w:.-]{1,128}$/

type JsonObject = Readonly<Record<string, unknown>>

/** RFC 8707 2: an absolute URI without a fragment. */
const resourceFault: EntryFault = (entry) =>
  entry.length <= 512 && /^[!-~]+$/.test(entry) && URL.canParse(entry) && !entry.includes('#')
    ? undefined
    : 'must be an absolute URI without a fragment'

const grantTypeFault: EntryFault = (entry) =>
  GRANT_TYPES.some((known) => known === entry) ? undefined : `must be one of ${GRANT_TYPES.join(', ')}`

function settingsOf(body: JsonObject, before: ClientSettings, offered: Offered): ClientSettings {
  const read = <T>(field: keyof typeof FIELDS, stored: T, check: Check<T>): T =>
    body[field] === undefined ? stored : check(field, body[field])
  return {
    name: read('name', before.name, text),
    type: read('type', before.type, oneOf(['confidential', 'public'])),
    active: read('active', before.active, truth),
    firstParty: read('first_party', before.firstParty, truth),
    // Their form depends on who the client is, which is known when all is read.
    redirectUris: read(
      'redirect_uris',
      before.redirectUris,
      list(() => undefined),
    ),
    grantTypes: read('grant_types', before.grantTypes, list(grantTypeFault)),
    scopes: read('scopes', before.scopes, list(unlike(SCOPE, 'must be a scope (RFC 6749 3.3)'))),
    audience: read('audience', before.audience, list(resourceFault)),
    resources: read('resources', before.resources, list(resourceFault)),
    roles: read('roles', before.roles, list(unlike(ROLE, 'must be the name of a role'))),
    managedBy: body.managed_by === null ? undefined : read('managed_by', before.managedBy, text),
    metadata: readMembers(body, before.metadata, offered),
  }
}

function secretWish(sent: JsonObject, settings: ClientSettings): SecretWish {
  const rotate = sent.rotate_secret !== undefined && truth('rotate_secret', sent.rotate_secret)
  if (sent.keep_secret_ids !== undefined) {
    if (sent.secret_sha256 !== undefined)
      throw new MetadataFault('keep_secret_ids', 'must not stand beside secret_sha256, which names all that live')
    return { rotate, keepIds: readKeepIds('keep_secret_ids', sent.keep_secret_ids, rotate) }
  }
  if (sent.secret_sha256 === undefined) return { rotate }
  const digests = readDigests('secret_sha256', sent.secret_sha256)
  if (rotate) throw new MetadataFault('secret_sha256', 'must not stand beside rotate_secret')
  if (!usesSecret(settings)) throw new MetadataFault('secret_sha256', 'is for confidential clients that use a secret')
  if (needsSecretItself(settings))
    throw new MetadataFault('secret_sha256', 'is not enough for client_secret_jwt, whose secret is made here')
  return { rotate, digests }
}

function checkedSettings(sent: JsonObject, before: ClientSettings, offered: Offered): ClientBody {
  const settings = settingsOf(sent, before, offered)
  checkTogether(settings, offered)
  return { settings, secret: secretWish(sent, settings) }
}

/**
 * `before` is `blank` for a create. Fields left out stay as they are; null takes metadata away. Throws Problem bad_request.
 */
export function parseClient(body: unknown, before: ClientSettings, offered: Offered, clientId?: string): ClientBody {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Problem('bad_request', { detail: 'The body must be a JSON object.' })
  const sent: JsonObject = { ...body }
  if (!Object.keys(sent).every((field) => KNOWN.includes(field)))
    throw new Problem('bad_request', { detail: `The body may hold only these fields: ${KNOWN.join(', ')}.` })
  if (sent.client_id !== undefined && sent.client_id !== clientId)
    throw new Problem('bad_request', { detail: 'client_id is made by the server and cannot be set.' })
  try {
    return checkedSettings(sent, before, offered)
  } catch (error) {
    if (error instanceof MetadataFault) throw new Problem('bad_request', { detail: error.message })
    throw error
  }
}
