/**
 * An API behind Sallyport, with node:http and `sallyport/resource-server` alone.
 *
 *   ISSUER=http://localhost:8080 AUDIENCE=urn:sallyport:default node server.js
 *
 * GET /orders   needs the scope orders:read
 * GET /account  needs a sign-in that is at most five minutes old (RFC 9470)
 * GET /opinion  what the provider's own signed bundle says of the token, asked in this process: BUNDLE and BUNDLE_KEY
 *
 * With CLIENT_ID and CLIENT_SECRET tokens are introspected, so that a revocation counts within five seconds; without, JWT
 * are judged from the provider's published keys.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createResourceServer, openOfflinePolicy } from 'sallyport/resource-server'

const { ISSUER, AUDIENCE, CLIENT_ID, CLIENT_SECRET, BUNDLE, BUNDLE_KEY, BUNDLE_KEY_ID = 'bundle' } = process.env
const { PORT = '8090' } = process.env
if (!ISSUER || !AUDIENCE) throw new Error('set ISSUER and AUDIENCE')

const origin = `http://localhost:${PORT}`
const api = createResourceServer({
  issuer: ISSUER,
  audience: AUDIENCE,
  dpop: { origins: [origin] },
  ...(CLIENT_ID &&
    CLIENT_SECRET && { introspection: { clientId: CLIENT_ID, clientSecret: () => CLIENT_SECRET, when: 'always' } }),
  onRefused: (refused) => console.error(`refused: ${refused.code}${refused.cause ? ` (${refused.cause})` : ''}`),
})

const policy =
  BUNDLE &&
  BUNDLE_KEY &&
  (await openOfflinePolicy({
    file: BUNDLE,
    keys: [{ id: BUNDLE_KEY_ID, algorithm: 'ES256', key: readFileSync(BUNDLE_KEY, 'utf8') }],
    entrypoints: ['authz/userinfo/decision'],
  }))

/** The provider's `userinfo` decision, on the facts that a token carries. */
function opinion({ sub, clientId, scopes, audience, expiresAt, claims }) {
  if (!policy) return { error: 'set BUNDLE and BUNDLE_KEY' }
  const now = new Date()
  const facts = { kind: 'access_token', active: true, client_id: clientId, sub, scopes, audience }
  const input = {
    tenant: 'default',
    token: { ...facts, issued_at: claims.iat, expires_at: expiresAt },
    subject: { sub, active: true, roles: ['user'] },
    // What the client is registered for by now only the provider knows.
    holder: { scopes },
    request: {
      address: '127.0.0.1',
      time: { epoch_seconds: Math.floor(now / 1000), minute_of_day: 0, weekday: now.getUTCDay() || 7 },
    },
  }
  return { revision: policy.revision, decision: policy.evaluate('authz/userinfo/decision', input) }
}

const send = (response, status, body) =>
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body))

const routes = {
  '/orders': [api.guard({ scopes: ['orders:read'] }), (access) => ({ for: access.sub, orders: [{ id: 1 }] })],
  '/account': [api.guard({ maxAgeSeconds: 300 }), (access) => ({ for: access.sub })],
  '/opinion': [api.guard(), opinion],
}

const server = createServer((request, response) => {
  const [guard, answer] = routes[request.url?.split('?')[0] ?? ''] ?? []
  if (!guard) return response.writeHead(404).end()
  guard(request, response, () => {
    try {
      send(response, 200, answer(request.access))
    } catch (error) {
      // An evaluation that fails is never a yes.
      console.error(`unavailable: ${error}`)
      send(response, 503, { error: 'temporarily_unavailable' })
    }
  })
})
server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on ${origin}`))
