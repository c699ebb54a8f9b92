/** What this provider offers, at both well-known addresses. RFC 8414, OpenID Connect Discovery 1.0. Public. */
import type { Reply } from '../../http/message.ts'
import { GRANT_TYPES } from '../../policy-engine/contract/token.ts'
import type { KeyRing } from '../token/key-ring.ts'
import { CLAIM_NAMES } from '../user/claims.ts'

const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'none']
/** Introspection needs a secret: `introspect` denies public clients. */
const SECRET_METHODS = ['client_secret_basic', 'client_secret_post']

export interface DiscoveryDeps {
  readonly issuer: string
  readonly keys: Pick<KeyRing, 'algorithms'>
  readonly registration: boolean
}

/** Says only what is there; `test/flows` walks every address in it. */
export function metadata({ issuer, keys, registration }: DiscoveryDeps): Readonly<Record<string, unknown>> {
  const at = (path: string) => `${issuer}${path}`
  return {
    issuer,
    authorization_endpoint: at('/oauth/authorize'),
    token_endpoint: at('/oauth/token'),
    jwks_uri: at('/oauth/jwks'),
    userinfo_endpoint: at('/oauth/userinfo'),
    introspection_endpoint: at('/oauth/introspect'),
    revocation_endpoint: at('/oauth/revoke'),
    ...(registration && { registration_endpoint: at('/oauth/register') }),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: GRANT_TYPES,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: AUTH_METHODS,
    introspection_endpoint_auth_methods_supported: SECRET_METHODS,
    revocation_endpoint_auth_methods_supported: AUTH_METHODS,
    scopes_supported: ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'],
    subject_types_supported: ['public', 'pairwise'],
    id_token_signing_alg_values_supported: keys.algorithms(),
    userinfo_signing_alg_values_supported: keys.algorithms(),
    introspection_signing_alg_values_supported: keys.algorithms(),
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'acr', 'amr', 'nonce', 'sid', ...CLAIM_NAMES],
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    authorization_response_iss_parameter_supported: true,
  }
}

const MAX_AGE_SECONDS = 5 * 60

export const discovery = async (deps: DiscoveryDeps): Promise<Reply> => ({
  status: 200,
  headers: { 'cache-control': `public, max-age=${MAX_AGE_SECONDS}`, 'access-control-allow-origin': '*' },
  body: metadata(deps),
})
