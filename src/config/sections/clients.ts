/** `clients`, `resources`, `scopes`: clients as code, which `sallyport config plan`, `apply` and `drift` read and `serve` does not. */
import { type Static, type TSchema, Type } from '../../schema/type.ts'
import { closed, oneOf, path } from '../keywords.ts'

const text = (description?: string) => Type.String({ minLength: 1, ...(description && { description }) })
const texts = (description?: string) => Type.Array(text(), description ? { description } : {})
const truth = () => Type.Boolean()

const optional = <P extends Record<string, TSchema>>(properties: P) =>
  Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, Type.Optional(schema)])) as {
    [N in keyof P]: ReturnType<typeof Type.Optional<P[N]>>
  }

/** RFC 7591 2, and what later specifications add to it; the values are judged by the parser of all registrations. */
const metadata = {
  token_endpoint_auth_method: text('how it authenticates; default: any way that its type and secrets allow'),
  token_endpoint_auth_signing_alg: text(),
  jwks: Type.Object(
    { keys: Type.Array(Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object' })) },
    { ...closed, description: 'its public keys, RFC 7517' },
  ),
  jwks_uri: text(),
  tls_client_auth_subject_dn: text(),
  tls_client_auth_san_dns: text(),
  tls_client_auth_san_uri: text(),
  tls_client_auth_san_ip: text(),
  tls_client_auth_san_email: text(),
  tls_client_certificate_bound_access_tokens: truth(),
  dpop_bound_access_tokens: truth(),
  require_pushed_authorization_requests: truth(),
  pkce: oneOf(['required', 'optional'], {}),
  assertion_audience: oneOf(['issuer', 'endpoint'], {}),
  application_type: oneOf(['web', 'native'], {}),
  subject_type: oneOf(['public', 'pairwise'], {}),
  sector_identifier_uri: text(),
  id_token_signed_response_alg: text(),
  userinfo_signed_response_alg: text(),
  introspection_signed_response_alg: text(),
  default_max_age: Type.Integer({ minimum: 0 }),
  require_auth_time: truth(),
  default_acr_values: texts(),
  initiate_login_uri: text(),
  post_logout_redirect_uris: texts(),
  backchannel_logout_uri: text(),
  backchannel_logout_session_required: truth(),
  frontchannel_logout_uri: text(),
  frontchannel_logout_session_required: truth(),
  client_uri: text(),
  logo_uri: text(),
  policy_uri: text(),
  tos_uri: text(),
  contacts: texts(),
  software_id: text(),
  software_version: text(),
}

const secret = Type.Object(
  {
    file: Type.Optional(
      path('file that holds the secret, of 32 characters at least; only its digest leaves this machine'),
    ),
    sha256: Type.Optional(
      Type.String({ pattern: '^([0-9a-fA-F]{64}|[A-Za-z0-9_-]{43})$', description: 'digest of the secret' }),
    ),
    generate: Type.Optional(path('file that `apply` writes a new secret to, once, where it is not there yet')),
  },
  { ...closed, description: 'one of file, sha256, generate' },
)

const client = Type.Object(
  {
    client_id: Type.String({ pattern: '^(?!\\.{1,2}$)[A-Za-z0-9_.-]{1,128}$' }),
    name: text('as people read it'),
    type: oneOf(['confidential', 'public'], { default: 'confidential' }),
    active: Type.Boolean({ default: true }),
    first_party: Type.Boolean({ default: false, description: 'run by the same organisation: no consent page' }),
    redirect_uris: Type.Array(text(), { default: [] }),
    grant_types: Type.Array(text(), { default: [] }),
    scopes: Type.Array(text(), { default: [] }),
    audience: Type.Array(text(), { default: [], description: 'resource indicators that it may ask tokens for' }),
    resources: Type.Array(text(), { default: [], description: 'resource indicators that it answers for' }),
    roles: Type.Array(text(), { default: [] }),
    secrets: Type.Array(secret, { maxItems: 2, default: [], description: 'live secrets, the newest first' }),
    ...optional(metadata),
  },
  closed,
)
export type ClientConfig = Static<typeof client>

const resource = Type.Object(
  {
    resource: text('resource indicator, RFC 8707'),
    servers: Type.Array(text(), { default: [], description: 'client_id of each resource server that answers for it' }),
  },
  closed,
)
export type ResourceConfig = Static<typeof resource>

const scope = Type.Object(
  {
    scope: text(),
    audience: Type.Optional(texts('what policy must say of it in data.rbac.scopes')),
    permissions: Type.Optional(texts('what policy must say of it in data.rbac.scopes')),
  },
  closed,
)
export type ScopeConfig = Static<typeof scope>

export const METADATA_KEYS: readonly string[] = Object.keys(metadata)

export const clientsAsCode = {
  clients: Type.Array(client, { default: [], description: 'clients as code: `sallyport config plan`' }),
  resources: Type.Array(resource, { default: [], description: 'resources as code, and who answers for each' }),
  scopes: Type.Array(scope, { default: [], description: 'scopes that the active policies must know' }),
  clients_file: Type.Optional(path('a file of its own for clients, resources and scopes')),
  managed_by: Type.String({
    minLength: 1,
    maxLength: 128,
    default: 'sallyport.yaml',
    description: 'mark of the clients that this configuration keeps; each configuration needs its own',
  }),
}
