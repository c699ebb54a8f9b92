/**
 * What a client registers beyond its grants and addresses, under the names of the wire: RFC 7591 2, OIDC Dynamic Client
 * Registration 2, RFC 8705 2.1.2 and 3.4, RFC 9126 6, RFC 9449 5.2, RFC 9701 6, OIDC logout specifications. Absent means
 * the default that the specification gives.
 */

/** How a client authenticates, RFC 7591 2 and RFC 8705 2. */
export const CLIENT_AUTH_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
  'private_key_jwt',
  'tls_client_auth',
  'self_signed_tls_client_auth',
  'none',
] as const
export type ClientAuthMethod = (typeof CLIENT_AUTH_METHODS)[number]

/** RFC 7517, public members only. */
export type PublicKeySet = { readonly keys: readonly Readonly<Record<string, unknown>>[] }

export interface ClientMetadata {
  /** The one method this client may use; absent: any that its type and secrets allow. */
  readonly token_endpoint_auth_method?: ClientAuthMethod
  readonly token_endpoint_auth_signing_alg?: string
  /**
   * Ours: `endpoint` takes assertions made in the ways of RFC 7523 before 2025, whose audience is the address they are sent
   * to, RS256 among their algorithms; the default takes the issuer alone, and what FAPI 2.0 allows.
   */
  readonly assertion_audience?: 'issuer' | 'endpoint'
  /** Its public keys, here or behind `jwks_uri`, never both. */
  readonly jwks?: PublicKeySet
  readonly jwks_uri?: string
  /** RFC 8705 2.1.2: exactly one of these names the certificate. */
  readonly tls_client_auth_subject_dn?: string
  readonly tls_client_auth_san_dns?: string
  readonly tls_client_auth_san_uri?: string
  readonly tls_client_auth_san_ip?: string
  readonly tls_client_auth_san_email?: string
  /** RFC 8705 3.4. */
  readonly tls_client_certificate_bound_access_tokens?: boolean
  /** RFC 9449 5.2. */
  readonly dpop_bound_access_tokens?: boolean
  /** RFC 9126 6. */
  readonly require_pushed_authorization_requests?: boolean
  /** Ours: `optional` exempts a confidential client from PKCE, for those that cannot send it. */
  readonly pkce?: 'required' | 'optional'
  readonly application_type?: 'web' | 'native'
  readonly subject_type?: 'public' | 'pairwise'
  readonly sector_identifier_uri?: string
  readonly id_token_signed_response_alg?: string
  readonly userinfo_signed_response_alg?: string
  readonly introspection_signed_response_alg?: string
  readonly default_max_age?: number
  readonly require_auth_time?: boolean
  readonly default_acr_values?: readonly string[]
  readonly initiate_login_uri?: string
  readonly post_logout_redirect_uris?: readonly string[]
  readonly backchannel_logout_uri?: string
  readonly backchannel_logout_session_required?: boolean
  readonly frontchannel_logout_uri?: string
  readonly frontchannel_logout_session_required?: boolean
  readonly client_uri?: string
  readonly logo_uri?: string
  readonly policy_uri?: string
  readonly tos_uri?: string
  readonly contacts?: readonly string[]
  readonly software_id?: string
  readonly software_version?: string
}
