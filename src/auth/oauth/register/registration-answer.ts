/** A registration as its client reads it: RFC 7591 3.2.1, RFC 7592 3. All that is in force, defaults included. */
import type { Reply } from '../../../http/message.ts'
import type { ClientRecord } from '../../../storage/records.ts'
import type { Offered } from '../../client/metadata/offered.ts'

export interface Answered {
  readonly issuer: string
  readonly offered: Offered
  readonly client: ClientRecord
  readonly registrationToken: string
  /** In the clear, when it was made just now. */
  readonly secret?: string | undefined
}

const registrationPath = (clientId: string): string => `/oauth/register/${encodeURIComponent(clientId)}`

export function registrationAnswer(
  status: 200 | 201,
  { issuer, offered, client, registrationToken, secret }: Answered,
): Reply {
  const { pkce: _pkce, assertion_audience: _audience, ...metadata } = client.metadata ?? {}
  const [platformAlg] = offered.signing
  return {
    status,
    headers: { 'cache-control': 'no-store', pragma: 'no-cache' },
    body: {
      client_id: client.clientId,
      client_id_issued_at: client.createdAt,
      ...(secret !== undefined && { client_secret: secret }),
      ...(client.secretDigests.length > 0 && { client_secret_expires_at: client.secretExpiresAt ?? 0 }),
      registration_access_token: registrationToken,
      registration_client_uri: `${issuer}${registrationPath(client.clientId)}`,
      client_name: client.name,
      redirect_uris: client.redirectUris,
      grant_types: client.grantTypes,
      response_types: client.grantTypes.includes('authorization_code') ? ['code'] : [],
      scope: client.scopes.join(' '),
      token_endpoint_auth_method: 'client_secret_basic',
      subject_type: 'public',
      id_token_signed_response_alg: platformAlg,
      require_auth_time: false,
      tls_client_certificate_bound_access_tokens: false,
      dpop_bound_access_tokens: false,
      require_pushed_authorization_requests: false,
      ...metadata,
    },
  }
}
