/** What `sallyport.yaml` may hold, as a JSON Schema from which TypeScript takes its type; every default stands here. */
import { type Static, Type } from '../schema/type.ts'
import { closed, host, oneOf, path, port, secret, section } from './keywords.ts'
import { admin } from './sections/admin.ts'
import { bundle, bundles, keptBundles, persistenceDirectory } from './sections/bundles.ts'
import { clientsAsCode } from './sections/clients.ts'
import { cacheBytes } from './sections/decision-cache.ts'
import { dpop } from './sections/dpop.ts'
import { egress } from './sections/egress.ts'
import { federation } from './sections/federation.ts'
import { keys } from './sections/keys.ts'
import { limits } from './sections/limits.ts'
import { log } from './sections/log.ts'
import { mail } from './sections/mail.ts'
import { pages } from './sections/pages.ts'
import { passkeys } from './sections/passkeys.ts'
import { passwords } from './sections/passwords.ts'
import { clientTls, defaultDecision, opaFile, policyTls } from './sections/policy-api.ts'
import { remotes } from './sections/remotes.ts'
import { securityEvents } from './sections/security-events.ts'
import { services } from './sections/services.ts'
import { notices, status } from './sections/status.ts'
import { threats } from './sections/threats.ts'
import { listenerTls, mtls } from './sections/tls.ts'

const auth = section(
  {
    host: host(),
    port: port(8080),
    tls: listenerTls('the auth service over TLS', {}),
    mtls,
    trusted_proxies: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'CIDR ranges whose X-Forwarded-For is believed',
    }),
    metrics: Type.Boolean({ default: false, description: 'serve /metrics on the auth service too' }),
    registration: Type.Boolean({
      default: true,
      description: 'serve dynamic client registration (RFC 7591); the decision `register` says who may',
    }),
  },
  'the OAuth and OpenID Connect service',
)

const credential = Type.Object({ identity: Type.String({ minLength: 1 }), token_file: path('bearer token') }, closed)

const policy = section(
  {
    host: host(),
    port: port(8181),
    url: Type.Optional(Type.String({ minLength: 1, description: 'policy service that `serve auth` asks' })),
    token_file: Type.Optional(path('bearer token that `serve auth` sends')),
    client_tls: clientTls,
    deadline_ms: Type.Integer({ minimum: 10, maximum: 60_000, default: 1_000 }),
    cache_bytes: cacheBytes,
    remotes,
    engine: oneOf(['host', 'sdk'], {
      default: 'host',
      description: 'host: ours, with deadlines and built-ins; sdk: the @open-policy-agent/opa-wasm package',
    }),
    credentials: Type.Array(credential, {
      default: [],
      description: 'callers of the policy API, judged by system.authz',
    }),
    tls: policyTls,
    opa_file: opaFile,
    default_decision: defaultDecision,
    bundle,
    bundles,
    persistence_directory: persistenceDirectory,
    kept_bundles: keptBundles,
  },
  'the policy service',
)

const redis = Type.Object(
  {
    nodes: Type.Array(Type.String({ pattern: '^.+:[0-9]+$' }), { minItems: 1, description: 'host:port' }),
    mode: oneOf(['single', 'sentinel', 'cluster'], { default: 'single' }),
    sentinel_name: Type.Optional(Type.String({ minLength: 1 })),
    username: Type.Optional(Type.String({ minLength: 1 })),
    password: Type.Optional(secret('prefer password_file, or the environment')),
    password_file: Type.Optional(path('file that holds the password')),
    tls: Type.Boolean({ default: false }),
    ca_file: Type.Optional(path('CA certificates, PEM')),
    cert_file: Type.Optional(path('certificate that this side shows, PEM')),
    key_file: Type.Optional(path('its private key, PEM')),
    key_prefix: Type.String({ minLength: 1, default: 'sallyport:' }),
    replicas: Type.Integer({
      minimum: 0,
      maximum: 10,
      default: 0,
      description: 'replicas that must confirm a redemption',
    }),
  },
  { ...closed, description: 'the shared store of several processes' },
)

const store = section(
  {
    kind: oneOf(['sqlite', 'redis'], { default: 'sqlite' }),
    path: path('SQLite file', { default: 'var/sallyport.sqlite' }),
    redis: Type.Optional(redis),
  },
  'where clients, users, sessions and grants are kept',
)

export const DEFAULT_ISSUER = 'http://localhost:8080'

export const ConfigSchema = Type.Object(
  {
    issuer: Type.String({ default: DEFAULT_ISSUER, description: 'issuer identifier, RFC 8414 section 2' }),
    tls: oneOf(['none', 'terminated'], {
      default: 'none',
      description: 'terminated: a mesh or sidecar ends TLS, so plain http may leave loopback',
    }),
    kek: Type.Optional(secret('envelope key, 32 bytes as base64 (environment only)')),
    kek_file: Type.Optional(path('file that holds the envelope key, 32 bytes as base64')),
    kek_previous: Type.Optional(secret('envelope key that `sallyport keys rewrap` moves away from (environment only)')),
    kek_previous_file: Type.Optional(
      path('file that holds the envelope key that `sallyport keys rewrap` moves away from'),
    ),
    auth,
    dpop,
    admin,
    keys,
    policy,
    services,
    status,
    notices,
    security_events: securityEvents,
    egress,
    federation,
    store,
    log,
    limits,
    threats,
    mail,
    pages,
    passkeys,
    passwords,
    ...clientsAsCode,
  },
  { ...closed, title: 'sallyport.yaml' },
)
export type Config = Static<typeof ConfigSchema>

/** The schema as an editor wants it: what has a default may be left out. */
export function publishedSchema(): unknown {
  const published: unknown = JSON.parse(JSON.stringify(ConfigSchema), (_key, value: unknown) => {
    if (!isObjectSchema(value)) return value
    const required = value.required?.filter((name) => !('default' in (value.properties[name] ?? {})))
    const { required: _all, ...rest } = value
    return required?.length ? { ...rest, required } : rest
  })
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...(published as object) }
}

interface ObjectSchema {
  readonly properties: Readonly<Record<string, object>>
  readonly required?: readonly string[]
}
const isObjectSchema = (value: unknown): value is ObjectSchema =>
  typeof value === 'object' && value !== null && 'properties' in value && 'type' in value && value.type === 'object'
