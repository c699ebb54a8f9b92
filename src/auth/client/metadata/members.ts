/**
 * Each member of a client's metadata and the check of its value alone. RFC 7591 2, OIDC Registration 2, RFC 8705 2.1.2,
 * RFC 9126 6, RFC 9449 5.2, RFC 9701 6, OIDC RP-Initiated, Front-Channel and Back-Channel Logout. What must hold between
 * members: `together.ts`.
 */
import { isIP } from 'node:net'
import type { ClientMetadata } from '../../../storage/client-metadata.ts'
import { MetadataFault } from './fault.ts'
import { publicKeySet } from './key-set.ts'
import { type Offered, offeredWith } from './offered.ts'
import { type Check, type EntryFault, list, oneOf, text, truth, unlike, webAddress, wholeNumber } from './values.ts'

type MemberChecks = { readonly [M in keyof ClientMetadata]-?: Check<NonNullable<ClientMetadata[M]>> }

const page = webAddress({ loopback: true })
/** Where the specification says https and nothing else, or where we fetch. */
const secure = webAddress({ loopback: false })

const contactFault: EntryFault = (entry) =>
  entry.length > 0 && entry.length <= 254 && !/[\p{Cc}\p{Cs}]/u.test(entry) ? undefined : 'must be a text'

const acrFault = unlike(/^[!-~]{1,128}$/, 'must be the name of an authentication level')

/** Its form depends on who the client is: `together.ts` knows. */
const logoutAddresses = list(() => undefined)

const ipAddress: Check<string> = (field, value) => {
  if (typeof value !== 'string' || isIP(value) === 0) throw new MetadataFault(field, 'must be an IP address')
  return value
}

const distinguishedName: Check<string> = (field, value) => {
  if (typeof value !== 'string' || !/^[A-Za-z0-9.]+=/.test(value) || value.length > 1024)
    throw new MetadataFault(field, 'must be a distinguished name (RFC 4514)')
  return value
}

const uri: Check<string> = (field, value) => {
  if (typeof value !== 'string' || value.length > 1024 || !/^[!-~]+$/.test(value) || !URL.canParse(value))
    throw new MetadataFault(field, 'must be an absolute URI')
  return value
}

const memberChecks = ({ authMethods, signing, clientSigning, clientMac }: Offered): MemberChecks => ({
  token_endpoint_auth_method: oneOf(authMethods),
  token_endpoint_auth_signing_alg: oneOf([...clientSigning, ...clientMac]),
  assertion_audience: oneOf(['issuer', 'endpoint']),
  jwks: publicKeySet,
  jwks_uri: secure,
  tls_client_auth_subject_dn: distinguishedName,
  tls_client_auth_san_dns: text,
  tls_client_auth_san_uri: uri,
  tls_client_auth_san_ip: ipAddress,
  tls_client_auth_san_email: text,
  tls_client_certificate_bound_access_tokens: truth,
  dpop_bound_access_tokens: truth,
  require_pushed_authorization_requests: truth,
  pkce: oneOf(['required', 'optional']),
  application_type: oneOf(['web', 'native']),
  subject_type: oneOf(['public', 'pairwise']),
  sector_identifier_uri: secure,
  id_token_signed_response_alg: oneOf(signing),
  userinfo_signed_response_alg: oneOf(signing),
  introspection_signed_response_alg: oneOf(signing),
  default_max_age: wholeNumber,
  require_auth_time: truth,
  default_acr_values: list(acrFault),
  initiate_login_uri: secure,
  post_logout_redirect_uris: logoutAddresses,
  backchannel_logout_uri: page,
  backchannel_logout_session_required: truth,
  frontchannel_logout_uri: page,
  frontchannel_logout_session_required: truth,
  client_uri: page,
  logo_uri: page,
  policy_uri: page,
  tos_uri: page,
  contacts: list(contactFault),
  software_id: text,
  software_version: text,
})

const isMember = (name: string, checks: MemberChecks): name is keyof ClientMetadata => Object.hasOwn(checks, name)

/** Names on the wire, in the order of the table. */
export const METADATA_MEMBERS = Object.keys(memberChecks(offeredWith([]))) as readonly (keyof ClientMetadata)[]

/**
 * Members of `sent` over those of `before`; null takes one away. What is no member is not looked at. Throws MetadataFault.
 */
export function readMembers(
  sent: Readonly<Record<string, unknown>>,
  before: ClientMetadata,
  offered: Offered,
): ClientMetadata {
  const checks = memberChecks(offered)
  const read: Record<string, unknown> = { ...before }
  for (const [name, value] of Object.entries(sent)) {
    if (!isMember(name, checks) || value === undefined) continue
    if (value === null) delete read[name]
    else read[name] = checks[name](name, value)
  }
  return read
}
