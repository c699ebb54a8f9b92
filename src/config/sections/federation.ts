/**
 * `federation`: identity providers that people may sign in at, by preset or by issuer; how they are reached, which keys they
 * show, and what of theirs is kept. docs/federation.md has an example of each.
 */
import { type Static, Type } from '../../schema/type.ts'
import { closed, oneOf, path, secret, section } from '../keywords.ts'

const milliseconds = (minimum: number, maximum: number, fallback: number, description: string) =>
  Type.Integer({ minimum, maximum, default: fallback, description })

const texts = (description: string) =>
  Type.Unsafe<Readonly<Record<string, string>>>({
    type: 'object',
    additionalProperties: { type: 'string' },
    default: {},
    description,
  })

const breaker = section(
  {
    failures: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 5,
      description: 'in a row, until nobody is sent there',
    }),
    reset_ms: milliseconds(50, 600_000, 10_000, 'until it is asked whether it is back'),
  },
  'when a provider that does not answer is left alone',
)

const provider = Type.Object(
  {
    id: Type.String({
      pattern: '^[a-z0-9][a-z0-9_-]{0,31}$',
      description: 'in addresses, metrics and log; part of the redirect URI, /federation/callback/{id}',
    }),
    kind: oneOf(['google', 'microsoft', 'github', 'oidc'], { description: 'the preset; oidc: any, by its issuer' }),
    display_name: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'on the sign-in page' })),
    issuer: Type.Optional(
      Type.String({ minLength: 1, description: 'required for oidc; others have one, and another in national clouds' }),
    ),
    tenant: Type.Optional(
      Type.String({
        pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
        description: 'microsoft: the id of the one directory whose people come in',
      }),
    ),
    hosted_domain: Type.Optional(
      Type.String({ minLength: 1, description: 'google: the one Workspace domain whose people come in' }),
    ),
    api_url: Type.Optional(
      Type.String({ minLength: 1, description: 'github: its API; default https://api.github.com' }),
    ),
    client_id: Type.String({ minLength: 1 }),
    client_secret: Type.Optional(secret('prefer client_secret_file or client_secret_env')),
    client_secret_file: Type.Optional(path('file that holds the client secret')),
    client_secret_env: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
        description: 'environment variable that holds the client secret',
      }),
    ),
    token_endpoint_auth_method: oneOf(['client_secret_basic', 'client_secret_post', 'none'], {
      default: 'client_secret_post',
    }),
    scopes: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), { description: 'default: openid profile email, or what GitHub needs' }),
    ),
    response_mode: oneOf(['query', 'form_post'], { default: 'query' }),
    userinfo: Type.Boolean({
      default: false,
      description: 'ask the userinfo endpoint for claims beside the ID token’s',
    }),
    pins: Type.Array(Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' }), {
      default: [],
      description: 'SHA-256 of public keys (SPKI, base64), the current and a backup: of its hosts or their authorities',
    }),
    ca_file: Type.Optional(path('certification authorities to trust, PEM, in place of the system’s')),
    allow: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'private addresses that it may have, as in egress.allow',
    }),
    timeout_ms: milliseconds(100, 60_000, 5_000, 'for each answer'),
    retries: Type.Integer({ minimum: 0, maximum: 5, default: 1, description: 'further tries of what only reads' }),
    breaker,
    clock_tolerance_seconds: Type.Integer({ minimum: 0, maximum: 120, default: 10 }),
    dpop: oneOf(['auto', 'on', 'off'], {
      default: 'auto',
      description: 'bind its tokens to a key (RFC 9449); auto: where its metadata offers it',
    }),
    keep_tokens: oneOf(['none', 'id_token', 'all'], {
      default: 'id_token',
      description: 'kept sealed, as long as policy says, for signing out there; all: also to revoke them then',
    }),
    sign_out_returns: Type.Boolean({
      default: false,
      description: 'come back to /logout after a sign-out there; it must be registered there',
    }),
    groups_claim: Type.Optional(Type.String({ minLength: 1, description: 'claim that lists groups or roles' })),
    roles: texts('role here for each group there'),
    attributes: texts('SCIM attribute of a new account for each claim, beside the usual ones'),
  },
  closed,
)

export const federation = section(
  {
    providers: Type.Array(provider, { default: [], maxItems: 32, description: 'identity providers, each by its id' }),
  },
  'identity providers that people may sign in at',
)
export type ProviderConfig = Static<typeof provider>
