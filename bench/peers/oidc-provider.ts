/**
 * The peer: npm `oidc-provider` with its in-memory adapter, or one on Redis, in a process of its own. Resource indicators
 * choose the form of its access tokens: JWT signed with ES256 for JWT_RESOURCE, opaque for OPAQUE_RESOURCE. Its pages
 * sign the next person in by themselves.
 * Arguments: port, and the file that holds the population. BENCH_REDIS: where its Redis is, as JSON.
 */
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import Provider from 'oidc-provider'
import {
  type Credentials,
  JWT_RESOURCE,
  type Population,
  REDIRECT_URI,
  TOKEN_TTL_SECONDS,
  WEB_SCOPE,
} from '../population.ts'
import { redisAdapter } from './redis-adapter.ts'

const HOST = '127.0.0.1'

function configuration(population: Population): Readonly<Record<string, unknown>> {
  const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  const client = { redirect_uris: [], response_types: [], grant_types: ['client_credentials'], scope: population.scope }
  const known = (more: object) => (one: Credentials) => ({
    ...client,
    client_id: one.clientId,
    client_secret: one.secret,
    token_endpoint_auth_method: 'client_secret_basic',
    ...more,
  })
  const web = {
    redirect_uris: [REDIRECT_URI],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
    scope: WEB_SCOPE,
  }
  const redis = process.env.BENCH_REDIS
  return {
    ...(redis !== undefined && { adapter: redisAdapter(JSON.parse(redis)) }),
    clients: [
      ...[...population.clients, population.resourceServer].map(known({})),
      ...[population.web].map(known(web)),
    ],
    findAccount: (_context: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    cookies: { keys: ['bench'] },
    jwks: { keys: [{ ...signingKey, kid: 'bench', alg: 'ES256', use: 'sig' }] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    scopes: WEB_SCOPE.split(' '),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => JWT_RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: population.scope,
          audience: resource,
          accessTokenTTL: TOKEN_TTL_SECONDS,
          accessTokenFormat: resource === JWT_RESOURCE ? 'jwt' : 'opaque',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    ttl: { ClientCredentials: TOKEN_TTL_SECONDS, AccessToken: TOKEN_TTL_SECONDS },
  }
}

const [port, populationFile] = process.argv.slice(2)
if (port === undefined || populationFile === undefined) throw new Error('usage: oidc-provider.ts PORT POPULATION_FILE')
const population = JSON.parse(readFileSync(populationFile, 'utf8')) as Population
const provider = new Provider(`http://${HOST}:${port}`, configuration(population))
let people = 0
provider.use(async (context, next) => {
  if (!context.path.startsWith('/interaction/')) return next()
  // It asks twice: to sign in, and to consent.
  const { session } = await provider.interactionDetails(context.req, context.res)
  const accountId = session?.accountId ?? `sub-${String(people++).padStart(5, '0')}`
  const grant = new provider.Grant({ accountId, clientId: population.web.clientId })
  grant.addOIDCScope(WEB_SCOPE)
  grant.addResourceScope(JWT_RESOURCE, population.scope)
  const grantId = await grant.save()
  await provider.interactionFinished(context.req, context.res, { login: { accountId }, consent: { grantId } })
  context.respond = false
})
const server = provider.listen(Number(port), HOST, () => process.stdout.write('ready\n'))
process.once('SIGTERM', () => {
  server.close(() => process.exit())
  server.closeAllConnections()
})
