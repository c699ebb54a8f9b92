/**
 * A person signs in to an application of yours: authorization code with PKCE, as a public client that this script registers
 * itself. Start the demo (`make run`), then: node examples/code-flow.ts. RFC 6749 4.1, RFC 7636, RFC 8252 7.3.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import * as oauth from 'openid-client'

const file = process.env.SALLYPORT_CREDENTIALS ?? join(import.meta.dirname, '../var/dev/credentials.json')
const demo: {
  issuer: string
  admin_client: { client_id: string; client_secret: string }
} = JSON.parse(readFileSync(file, 'utf8'))
const issuer = new URL(demo.issuer)
// The demo speaks plain http on loopback; leave this out everywhere else.
const plainHttp = { execute: [oauth.allowInsecureRequests] }

const callback = createServer()
await new Promise<void>((resolve) => callback.listen(0, '127.0.0.1', resolve))
const redirectUri = `http://127.0.0.1:${(callback.address() as AddressInfo).port}/callback`

const config = await oauth.discovery(issuer, await registerClient(), undefined, oauth.None(), plainHttp)
const verifier = oauth.randomPKCECodeVerifier()
const [state, nonce] = [oauth.randomState(), oauth.randomNonce()]
const address = oauth.buildAuthorizationUrl(config, {
  redirect_uri: redirectUri,
  scope: 'openid profile email offline_access',
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
})
console.log(`Open this address and sign in:\n\n  ${address}\n`)

const answer = await new Promise<URL>((resolve) => {
  callback.on('request', (request, response) => {
    const url = new URL(request.url ?? '/', redirectUri)
    response.setHeader('connection', 'close')
    if (url.pathname !== '/callback') return void response.writeHead(404).end()
    response.end('You can close this page.')
    resolve(url)
  })
})
callback.close()

const tokens = await oauth.authorizationCodeGrant(config, answer, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
})
const claims = tokens.claims()
console.log('ID token says', claims)
console.log('userinfo says', await oauth.fetchUserInfo(config, tokens.access_token, claims?.sub ?? ''))
if (tokens.refresh_token) {
  const renewed = await oauth.refreshTokenGrant(config, tokens.refresh_token)
  console.log('refreshed; the new access token ends in', renewed.expires_in, 'seconds')
}

async function registerClient(): Promise<string> {
  const { client_id, client_secret } = demo.admin_client
  const admin = await oauth.discovery(
    issuer,
    client_id,
    client_secret,
    oauth.ClientSecretBasic(client_secret),
    plainHttp,
  )
  const { access_token } = await oauth.clientCredentialsGrant(admin, { scope: 'admin' })
  const response = await fetch(new URL('/admin/clients', issuer), {
    method: 'POST',
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'Code flow example',
      type: 'public',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      scopes: ['openid', 'profile', 'email', 'offline_access'],
      audience: ['urn:sallyport:default'],
    }),
  })
  const client = (await response.json()) as { client_id?: string }
  if (response.status !== 201 || !client.client_id) throw new Error(`the client was not registered: ${response.status}`)
  return client.client_id
}
