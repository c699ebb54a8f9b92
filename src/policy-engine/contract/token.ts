/** `token`: may these tokens be issued, and how long, for whom and with what? Every grant but token exchange. RFC 6749 4 to 6. */
import { Type } from '../../schema/type.ts'
import { closed, decision, oneOf, strings } from './decision.ts'
import { Authentication, Claims, Client, RequestFacts, Sender, Subject, seconds, Tenant } from './facts.ts'
import { RecentRisk } from './risk.ts'

/** All that the token endpoint knows: what is offered, and what a client can be registered for. */
export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
] as const

export const token = decision('token', {
  askedBy: 'src/auth/oauth/token.ts',
  input: Type.Object(
    {
      tenant: Tenant,
      grant_type: oneOf(...GRANT_TYPES),
      client: Client,
      /** The person, as stored now; absent for client_credentials. */
      subject: Type.Optional(Subject),
      authentication: Type.Optional(Authentication),
      /** What the code or refresh token carries; absent for client_credentials. */
      grant: Type.Optional(Type.Object({ scopes: strings(), audience: strings(), created_at: Type.Integer() }, closed)),
      /** What this request asks for; empty where it names none. */
      requested: Type.Object({ scopes: strings(), resources: strings() }, closed),
      sender: Type.Optional(Sender),
      risk: Type.Optional(RecentRisk),
      request: RequestFacts,
    },
    closed,
  ),
  reasons: {
    client_inactive: 'unauthorized_client',
    grant_not_allowed: 'unauthorized_client',
    client_not_confidential: 'unauthorized_client',
    tenant_not_allowed: 'unauthorized_client',
    network_not_allowed: 'unauthorized_client',
    phishing_suspected: 'unauthorized_client',
    subject_inactive: 'invalid_grant',
    grant_too_old: 'invalid_grant',
    scope_not_allowed: 'invalid_scope',
    resource_not_allowed: 'invalid_target',
    outside_hours: 'unauthorized_client',
    dpop_required: 'invalid_dpop_proof',
    certificate_required: 'invalid_request',
  },
  obligations: Type.Object(
    {
      scopes: strings(),
      /** `aud`; at least one. */
      audience: Type.Array(Type.String(), { minItems: 1 }),
      access_token_ttl_seconds: seconds(24 * 3600),
      id_token_ttl_seconds: seconds(24 * 3600),
      /** Whether a refresh token goes with it, and how long the whole family lives from the first one. */
      refresh_token: Type.Boolean(),
      refresh_token_ttl_seconds: seconds(365 * 24 * 3600),
      /** How long a spent refresh token still gives the successor it gave first; 0: a second use ends the family. */
      refresh_grace_seconds: Type.Integer({ minimum: 0, maximum: 60 }),
      /** `opaque`: a handle that only introspection reads; `jwt`: RFC 9068. */
      access_token_format: oneOf('jwt', 'opaque'),
      /** What the tokens are bound to, of what `sender` proved. RFC 9449, RFC 8705. */
      sender_constraint: oneOf('none', 'dpop', 'mtls'),
      /** Written to the access token's `permissions` claim. */
      permissions: strings(),
      /** Added to the access token. */
      claims: Claims,
      /** Added to the ID token. */
      id_token_claims: Claims,
    },
    closed,
  ),
})
