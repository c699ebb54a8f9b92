/** What must hold between the members of a client, also of those that a change leaves as they were. Throws MetadataFault. */
import type { ClientMetadata } from '../../../storage/client-metadata.ts'
import type { ClientRecord } from '../../../storage/records.ts'
import { MetadataFault } from './fault.ts'
import type { Offered } from './offered.ts'
import { redirectUriFault } from './redirect-uri.ts'

/** What whoever registers a client sets of it. */
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
> & {
  readonly metadata: ClientMetadata
  readonly managedBy?: string | undefined
}

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
  metadata: {},
}

/** Of a stored client, or of none. */
export const settingsOf = (stored: ClientRecord | undefined): ClientSettings =>
  stored === undefined ? blank : { ...stored, metadata: stored.metadata ?? {} }

/** The record's own, with what `settings` say in place of what stood there. */
export function withSettings<R extends Partial<ClientRecord>>(
  record: R,
  { managedBy, ...settings }: ClientSettings,
  sector: Pick<ClientRecord, 'sectorIdentifier'>,
): Omit<R, 'managedBy' | 'sectorIdentifier'> & ClientParts {
  const { managedBy: _managedBy, sectorIdentifier: _sector, ...kept } = record
  return { ...kept, ...settings, ...sector, ...(managedBy !== undefined && { managedBy }) }
}

type ClientParts = Omit<ClientSettings, 'managedBy'> & Pick<ClientRecord, 'managedBy' | 'sectorIdentifier'>

const fault = (field: string, what: string): MetadataFault => new MetadataFault(field, what)

function checkGrants({ type, grantTypes, redirectUris, metadata }: ClientSettings): void {
  if (grantTypes.includes('authorization_code') && redirectUris.length === 0)
    throw fault('redirect_uris', 'needs an entry where grant_types holds authorization_code')
  if (type === 'public' && grantTypes.includes('client_credentials'))
    throw fault('grant_types', 'must not hold client_credentials for a public client (RFC 6749 4.4)')
  const owner = { type, applicationType: metadata.application_type }
  for (const [field, uris] of [
    ['redirect_uris', redirectUris],
    ['post_logout_redirect_uris', metadata.post_logout_redirect_uris ?? []],
  ] as const) {
    const at = uris.findIndex((uri) => redirectUriFault(uri, owner) !== undefined)
    const uri = uris[at]
    if (uri !== undefined) throw fault(`${field}[${at}]`, redirectUriFault(uri, owner) ?? 'is no redirect URI')
  }
}

const CERTIFICATE_NAMES = [
  'tls_client_auth_subject_dn',
  'tls_client_auth_san_dns',
  'tls_client_auth_san_uri',
  'tls_client_auth_san_ip',
  'tls_client_auth_san_email',
] as const satisfies readonly (keyof ClientMetadata)[]

/** RFC 7591 2, OIDC Core 9, RFC 8705 2. */
function checkAuthentication({ type, metadata }: ClientSettings, { clientSigning, clientMac }: Offered): void {
  const method = metadata.token_endpoint_auth_method
  if (method !== undefined && (method === 'none') !== (type === 'public'))
    throw fault('token_endpoint_auth_method', 'must be none for a public client, and for no other')
  if (metadata.jwks !== undefined && metadata.jwks_uri !== undefined)
    throw fault('jwks', 'must not stand beside jwks_uri (RFC 7591 2)')
  const hasKeys = metadata.jwks !== undefined || metadata.jwks_uri !== undefined
  if ((method === 'private_key_jwt' || method === 'self_signed_tls_client_auth') && !hasKeys)
    throw fault('jwks', `or jwks_uri is needed for token_endpoint_auth_method ${method}`)

  const named = CERTIFICATE_NAMES.filter((name) => metadata[name] !== undefined)
  if (method === 'tls_client_auth' && named.length === 0)
    throw fault(CERTIFICATE_NAMES[0], 'or one other of tls_client_auth_san_* is needed (RFC 8705 2.1.2)')
  if (named[1] !== undefined) throw fault(named[1], 'must be the only one of tls_client_auth_* (RFC 8705 2.1.2)')
  if (method !== 'tls_client_auth' && named[0] !== undefined)
    throw fault(named[0], 'needs token_endpoint_auth_method tls_client_auth')

  const alg = metadata.token_endpoint_auth_signing_alg
  const fitting = { private_key_jwt: clientSigning, client_secret_jwt: clientMac }
  const allowed = method === 'private_key_jwt' || method === 'client_secret_jwt' ? fitting[method] : []
  if (alg !== undefined && !allowed.includes(alg))
    throw fault(
      'token_endpoint_auth_signing_alg',
      allowed.length === 0
        ? 'needs token_endpoint_auth_method private_key_jwt or client_secret_jwt'
        : `must be one of ${allowed.join(', ')} for ${method}`,
    )
}

function checkLogout({ redirectUris, metadata }: ClientSettings): void {
  const { frontchannel_logout_uri: front, backchannel_logout_uri: back } = metadata
  if (metadata.frontchannel_logout_session_required === true && front === undefined)
    throw fault('frontchannel_logout_session_required', 'needs frontchannel_logout_uri')
  if (metadata.backchannel_logout_session_required === true && back === undefined)
    throw fault('backchannel_logout_session_required', 'needs backchannel_logout_uri')
  // Front-Channel Logout 2: a page that we frame must be the client's own.
  if (front !== undefined && !redirectUris.some((uri) => new URL(uri).origin === new URL(front).origin))
    throw fault('frontchannel_logout_uri', 'must have scheme, host and port of a redirect URI')
}

export function checkTogether(settings: ClientSettings, offered: Offered): void {
  const { name, type, metadata } = settings
  if (name === '') throw fault('name', 'is needed')
  checkGrants(settings)
  checkAuthentication(settings, offered)
  checkLogout(settings)
  if (metadata.pkce === 'optional' && type === 'public')
    throw fault('pkce', 'must be required for a public client (RFC 9700 2.1.1)')
}
