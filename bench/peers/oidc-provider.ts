/**
 * The peer: npm `oidc-provider` with its in-memory adapter, in a process of its own. Resource indicators choose the form
 * of its access tokens: JWT signed with ES256 for JWT_RESOURCE, opaque for OPAQUE_RESOURCE.
 * Arguments: port, and the file that holds the population.
 */
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import Provider from 'oidc-provider'
import { JWT_RESOURCE, type Population, TOKEN_TTL_SECONDS } from '../population.ts'

const HOST = '127.0.0.1'

function configuration(population: Population): Readonly<Record<string, unknown>> {
  const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  const client = { redirect_uris: [], response_types: [], grant_types: ['client_credentials'], scope: population.scope }
  return {
    clients: [...population.clients, population.resourceServer].map(({ clientId, secret }) => ({
      ...client,
      client_id: clientId,
      client_secret: secret,
      token_endpoint_auth_method: 'client_secret_basic',
    })),
    jwks: { keys: [{ ...signingKey, kid: 'bench', alg: 'ES256', use: 'sig' }] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    scopes: population.scope.split(' '),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: population.scope,
          audience: resource,
          accessTokenTTL: TOKEN_TTL_SECONDS,
          accessTokenFormat: resource === JWT_RESOURCE ? 'jwt' : 'opaque',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    ttl: { ClientCredentials: TOKEN_TTL_SECONDS },
  }
}

const [port, populationFile] = process.argv.slice(2)
if (port === undefined || populationFile === undefined) throw new Error('usage: oidc-provider.ts PORT POPULATION_FILE')
const population = JSON.parse(readFileSync(populationFile, 'utf8')) as Population
const provider = new Provider(`http://${HOST}:${port}`, configuration(population))
const server = provider.listen(Number(port), HOST, () => process.stdout.write('ready\n'))
process.once('SIGTERM', () => {
  server.close(() => process.exit())
  server.closeAllConnections()
})
