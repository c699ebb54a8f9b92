/** A client as decisions take it. RFC 6749 section 2. */
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { ClientMetadata } from '../../storage/client-metadata.ts'
import type { ClientRecord } from '../../storage/records.ts'

export type ClientFacts = DecisionInput<'revoke'>['client']

/** How a request authenticated, RFC 6749 2.3 and OIDC Core 9. */
export type AuthMethod = ClientFacts['auth_method']

function requirements(metadata: ClientMetadata = {}): ClientFacts['requires'] {
  const requires: ClientFacts['requires'] = metadata.pkce === 'optional' ? [] : ['pkce']
  if (metadata.require_pushed_authorization_requests) requires.push('par')
  if (metadata.dpop_bound_access_tokens) requires.push('dpop')
  if (metadata.tls_client_certificate_bound_access_tokens) requires.push('mtls')
  return requires
}

export const clientFacts = (record: ClientRecord, authMethod: AuthMethod): ClientFacts => ({
  client_id: record.clientId,
  type: record.type,
  auth_method: authMethod,
  active: record.active,
  first_party: record.firstParty,
  grant_types: [...record.grantTypes],
  scopes: [...record.scopes],
  audience: [...record.audience],
  resources: [...record.resources],
  roles: [...record.roles],
  requires: requirements(record.metadata),
})
