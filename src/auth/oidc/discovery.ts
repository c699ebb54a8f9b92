/** What this provider offers, at both well-known addresses. RFC 8414, OpenID Connect Discovery 1.0. Public. */
import { LANGUAGES } from '../../../web/language.ts'
import type { Reply } from '../../http/message.ts'
import { DPOP_ALGORITHMS } from '../../kernel/proof-algorithms.ts'
import { GRANT_TYPES } from '../../policy-engine/contract/token.ts'
import type { Offered } from '../client/metadata/offered.ts'
import { ACR_LEVELS } from '../session/assurance-level.ts'
import type { KeyRing } from '../token/key-ring.ts'
import { userinfoAddress } from '../token/released-claims.ts'
import { CLAIM_NAMES } from '../user/claims.ts'
import { certificateMethods, type MtlsOffer, mtlsMetadata } from './mtls-metadata.ts'

/** Introspection needs authentication: public clients are refused there. */
const PROVING_METHODS = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt']
const AUTH_METHODS = [...PROVING_METHODS, 'none']

export interface DiscoveryDeps {
  readonly issuer: string
  readonly keys: Pick<KeyRing, 'algorithms'>
  readonly offered: () => Offered
  readonly registration: boolean
  /** Absent: clients show no certificates. */
  readonly mtls?: MtlsOffer | undefined
}

/** Says only what is there; `test/flows` walks every address in it. */
export function metadata({
  issuer,
  keys,
  mtls,
  offered: what,
  registration,
}: DiscoveryDeps): Readonly<Record<string, unknown>> {
  const at = (path: string) => `${issuer}${path}`
  const byCertificate = certificateMethods(mtls)
  const { clientSigning, clientMac } = what()
  /** Of assertions, OIDC Core 9. */
  const algorithms = [...clientSigning, ...clientMac]
  const offered = {
    issuer,
    authorization_endpoint: at('/oauth/authorize'),
    token_endpoint: at('/oauth/token'),
    jwks_uri: at('/oauth/jwks'),
    userinfo_endpoint: userinfoAddress(issuer),
    introspection_endpoint: at('/oauth/introspect'),
    revocation_endpoint: at('/oauth/revoke'),
    end_session_endpoint: at('/oauth/logout'),
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    frontchannel_logout_supported: true,
    frontchannel_logout_session_supported: true,
    ...(registration && { registration_endpoint: at('/oauth/register') }),
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    device_authorization_endpoint: at('/oauth/device_authorization'),
    pushed_authorization_request_endpoint: at('/oauth/par'),
    require_pushed_authorization_requests: false,
    grant_types_supported: GRANT_TYPES,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: [...AUTH_METHODS, ...byCertificate],
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    introspection_endpoint_auth_methods_supported: [...PROVING_METHODS, ...byCertificate],
    introspection_endpoint_auth_signing_alg_values_supported: algorithms,
    revocation_endpoint_auth_methods_supported: [...AUTH_METHODS, ...byCertificate],
    revocation_endpoint_auth_signing_alg_values_supported: algorithms,
    dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
    scopes_supported: ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'],
    subject_types_supported: ['public', 'pairwise'],
    id_token_signing_alg_values_supported: keys.algorithms(),
    userinfo_signing_alg_values_supported: keys.algorithms(),
    introspection_signing_alg_values_supported: keys.algorithms(),
    // The weakest is none that anybody asks for.
    acr_values_supported: ACR_LEVELS.slice(1),
    ui_locales_supported: LANGUAGES,
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'acr', 'amr', 'nonce', 'sid', ...CLAIM_NAMES],
    claims_parameter_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    authorization_response_iss_parameter_supported: true,
  }
  return { ...offered, ...mtlsMetadata(issuer, mtls, offered) }
}

const MAX_AGE_SECONDS = 5 * 60

export const discovery = async (deps: DiscoveryDeps): Promise<Reply> => ({
  status: 200,
  headers: { 'cache-control': `public, max-age=${MAX_AGE_SECONDS}`, 'access-control-allow-origin': '*' },
  body: metadata(deps),
})
