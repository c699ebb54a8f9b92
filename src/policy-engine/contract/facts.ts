/** Facts that several decisions take. All are verified by the auth service before they enter an input. */
import { Type } from '../../schema/type.ts'
import { closed, oneOf, strings } from './decision.ts'

/** Today always `default`; it comes from the credential or the issuer's address, never from a path or body. */
export const Tenant = Type.String()

/** Time is a fact so that decisions replay. */
export const Time = Type.Object(
  {
    epoch_seconds: Type.Integer(),
    /** UTC, 0 to 1439. */
    minute_of_day: Type.Integer(),
    /** UTC, ISO 8601: 1 is Monday, 7 is Sunday. */
    weekday: Type.Integer(),
  },
  closed,
)

/** The moment and origin of the request. */
export const RequestFacts = Type.Object(
  {
    /** IPv4 or IPv6 text, through trusted proxies only. */
    address: Type.String(),
    time: Time,
  },
  closed,
)

export const Client = Type.Object(
  {
    client_id: Type.String(),
    /** RFC 6749 2.1. */
    type: oneOf('confidential', 'public'),
    /** How this request authenticated; `none` for public clients and where the endpoint takes no authentication. */
    auth_method: oneOf(
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      'tls_client_auth',
      'self_signed_tls_client_auth',
      'none',
    ),
    active: Type.Boolean(),
    /** Run by the same organisation as this provider: no consent page. */
    first_party: Type.Boolean(),
    grant_types: strings(),
    /** Scopes this client is registered for. */
    scopes: strings(),
    /** Resource indicators (RFC 8707) this client may ask tokens for. */
    audience: strings(),
    /** Resource indicators this client answers for as a resource server; tokens for one of them are its to introspect. */
    resources: strings(),
    /** Roles of the client itself, for client_credentials and the admin API; keys of `data.rbac.roles`. */
    roles: strings(),
    /**
     * What it is registered to: `pkce` (RFC 7636), `par` (RFC 9126), tokens bound by `dpop` (RFC 9449) or to its
     * certificate, `mtls` (RFC 8705).
     */
    requires: Type.Array(oneOf('pkce', 'par', 'dpop', 'mtls')),
  },
  closed,
)

/** Keys that this request proved it holds; absent where it proved none. RFC 9449 4, RFC 8705 3. */
export const Sender = Type.Object(
  {
    /** A DPoP proof that was valid for this request. */
    dpop: Type.Boolean(),
    /** A client certificate, from TLS itself or a trusted proxy. */
    certificate: Type.Boolean(),
  },
  closed,
)

export const Subject = Type.Object(
  {
    /** Pseudonymous identifier, OIDC Core 8. */
    sub: Type.String(),
    active: Type.Boolean(),
    /** Keys of `data.rbac.roles`. */
    roles: strings(),
  },
  closed,
)

/** How and when the person signed in. */
export const Authentication = Type.Object(
  {
    /** Level reached; `data.rbac.acr` orders them. */
    acr: Type.String(),
    /** RFC 8176 values. */
    amr: strings(),
    /** Seconds since the epoch. */
    auth_time: Type.Integer(),
  },
  closed,
)

/** The same where the person changes how they sign in. */
export const OwnAuthentication = Type.Object(
  {
    ...Authentication.properties,
    /**
     * Seconds since the epoch: the last sign-in with a first factor (password, passkey, provider). A code that only raises the
     * level of a session moves `auth_time` alone.
     */
    primary_time: Type.Integer(),
  },
  closed,
)

/** A token of ours, looked up and found authentic. `active` is false once it is expired, revoked, or its grant is. */
export const TokenFacts = Type.Object(
  {
    kind: oneOf('access_token', 'refresh_token'),
    active: Type.Boolean(),
    client_id: Type.String(),
    sub: Type.Optional(Type.String()),
    scopes: strings(),
    audience: strings(),
    acr: Type.Optional(Type.String()),
    issued_at: Type.Integer(),
    expires_at: Type.Integer(),
  },
  closed,
)

/** Claim names that only the issuer sets (RFC 7519 4.1, RFC 9068 2.2, RFC 7800 3.1): a policy that mints one is a wrong result. */
export const RESERVED_CLAIMS = [
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'cnf',
  'act',
  'may_act',
  'client_id',
  'scope',
  'auth_time',
  'acr',
  'amr',
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
  'azp',
  'sid',
  'events',
  'active',
  'token_type',
  'username',
  'permissions',
] as const

/** Extra claims that policy adds. Records are allowed for claims only: OPA's checker reads nothing below them. */
export const Claims = Type.Record(
  Type.String({ pattern: `^(?!(${RESERVED_CLAIMS.join('|')})$)[A-Za-z0-9_.:/-]{1,128}$` }),
  Type.Unknown(),
  closed,
)

/** Seconds, at least one and at most `max`. */
export const seconds = (max: number) => Type.Integer({ minimum: 1, maximum: max })
