/**
 * The protected resource of the plans of FAPI 2.0: an API behind `sallyport/resource-server`, as users build theirs. Userinfo
 * is none where OpenID is left out: it takes tokens with the scope `openid` alone (OIDC Core 5.3).
 */
import { once } from 'node:events'
import { createServer } from 'node:https'
import { openTlsContext } from '../../../src/http/tls.ts'
import { createLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { createResourceServer } from '../../../src/resource-server/resource-server.ts'
import { type Certificates, trustAuthority } from '../../servers/certificates.ts'
import { AUDIENCE, RESOURCE_CLIENT } from './clients.ts'

export interface ResourcePlace {
  readonly issuer: string
  /** Where it is served: `https://localhost:9444`. */
  readonly resource: URL
  readonly certificates: Certificates
  /** Of the client that asks introspection. */
  readonly secret: string
}

/** Answers how it is closed. */
export async function serveResource({ issuer, resource, certificates, secret }: ResourcePlace): Promise<() => void> {
  trustAuthority(certificates)
  const api = createResourceServer({
    issuer,
    audience: AUDIENCE,
    dpop: { origins: [resource.origin] },
    // The plans look whether a token still opens anything when its code came twice: nothing is remembered.
    introspection: { clientId: RESOURCE_CLIENT, clientSecret: () => secret, when: 'always', cacheSeconds: 0 },
    onRefused: ({ code, cause }) =>
      console.error(`resource: ${code}${cause instanceof Error ? `: ${cause.message}` : ''}`),
  })
  const tls = openTlsContext({
    setting: 'resource',
    listener: 'resource',
    files: { ...certificates, minimumVersion: '1.2', requestCertificates: true },
    logger: createLogger(),
    metrics: createMetrics('auth'),
  })
  const guard = api.guard()
  const server = createServer(tls.options(), (request, response) =>
    guard(request, response, () => {
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      response.end(JSON.stringify({ accounts: [] }))
    }),
  )
  tls.adopt(server)
  server.listen(Number(resource.port || 443), resource.hostname)
  await once(server, 'listening')
  return () => {
    server.closeAllConnections()
    server.close()
    tls.close()
  }
}
