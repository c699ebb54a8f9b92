/**
 * A person signs in to an application of yours: authorization code with PKCE, as a public client that this script registers
 * itself. Each request is written out here; an application takes a certified library. Start the demo (`make run`), then, by
 * Node 26 (see .toolchain/node/node_modules/.bin): node examples/code-flow.ts. RFC 6749 4.1, 7636, 8252 7.3, 9207, OIDC Core.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const file = process.env.DEMO_CREDENTIALS ?? join(import.meta.dirname, '../var/dev/credentials.json')
const demo: { issuer: string; admin_client: { client_id: string; client_secret: string } } = JSON.parse(
  readFileSync(file, 'utf8'),
)
const random = () => randomBytes(32).toString('base64url')

async function read<T>(asked: Promise<Response>): Promise<T> {
  const response = await asked
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`)
  return response.json() as Promise<T>
}

const callback = createServer()
await new Promise<void>((resolve) => callback.listen(0, '127.0.0.1', resolve))
const redirectUri = `http://127.0.0.1:${(callback.address() as AddressInfo).port}/callback`

interface Metadata {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly userinfo_endpoint: string
  readonly jwks_uri: string
}
const metadata = await read<Metadata>(fetch(`${demo.issuer}/.well-known/openid-configuration`))
if (metadata.issuer !== demo.issuer) throw new Error(`${demo.issuer} says that it is ${metadata.issuer}`)

interface Tokens {
  readonly access_token: string
  readonly expires_in: number
  readonly id_token: string
  readonly refresh_token: string
}
const ask = (form: Record<string, string>, headers: Record<string, string> = {}) =>
  read<Tokens>(fetch(metadata.token_endpoint, { method: 'POST', headers, body: new URLSearchParams(form) }))

const clientId = await registerClient()
const [verifier, state, nonce] = [random(), random(), random()]
const query = new URLSearchParams({
  response_type: 'code',
  client_id: clientId,
  redirect_uri: redirectUri,
  scope: 'openid profile email offline_access',
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256',
  state,
  nonce,
})
console.log(`Open this address and sign in:\n\n  ${metadata.authorization_endpoint}?${query}\n`)

const answer = await new Promise<URLSearchParams>((resolve) => {
  callback.on('request', (request, response) => {
    const url = new URL(request.url ?? '/', redirectUri)
    response.setHeader('connection', 'close')
    if (url.pathname !== '/callback') return void response.writeHead(404).end()
    response.end('You can close this page.')
    resolve(url.searchParams)
  })
})
callback.close()
// Whose answer this is, and to which question (RFC 9207 2.4, RFC 6749 10.12).
if (answer.get('iss') !== metadata.issuer || answer.get('state') !== state) throw new Error('this answer is not ours')
const code = answer.get('code')
if (code === null) throw new Error(`no code: ${answer.get('error')}`)

const grant = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: redirectUri }
const tokens = await ask({ ...grant, code, code_verifier: verifier })
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri))
const expected = { issuer: metadata.issuer, audience: clientId, algorithms: ['ES256'] }
const { payload: claims } = await jwtVerify(tokens.id_token, keys, expected)
if (claims.nonce !== nonce) throw new Error('this ID token answers another request')
console.log('ID token says', claims)
const authorization = `Bearer ${tokens.access_token}`
console.log('userinfo says', await read(fetch(metadata.userinfo_endpoint, { headers: { authorization } })))
const refresh = { grant_type: 'refresh_token', client_id: clientId, refresh_token: tokens.refresh_token }
console.log('refreshed; the new access token ends in', (await ask(refresh)).expires_in, 'seconds')

async function registerClient(): Promise<string> {
  const { client_id, client_secret } = demo.admin_client
  const basic = `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`
  const admin = await ask({ grant_type: 'client_credentials', scope: 'admin' }, { authorization: basic })
  const registered = await read<{ readonly client_id: string }>(
    fetch(new URL('/admin/clients', demo.issuer), {
      method: 'POST',
      headers: { authorization: `Bearer ${admin.access_token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        name: 'Code flow example',
        type: 'public',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        scopes: ['openid', 'profile', 'email', 'offline_access'],
        audience: ['urn:sallyport:default'],
      }),
    }),
  )
  return registered.client_id
}
