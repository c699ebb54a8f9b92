/** A relying party by openid-client: a code flow with PKCE, refresh, introspection, revocation, logout (../conversation.ts). */
import { createInterface } from 'node:readline'
import * as client from 'openid-client'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const hear = async () => JSON.parse((await lines.next()).value ?? '')
const say = (message: object) => console.log(JSON.stringify(message))

const given = await hear()
const { resource_server: server } = given
const discover = (id: string, secret: string) =>
  client.discovery(new URL(given.issuer), id, undefined, client.ClientSecretBasic(secret), {
    // Plain http, on loopback.
    execute: [client.allowInsecureRequests],
  })
const own = await discover(given.client_id, given.client_secret)
const resourceServer = await discover(server.client_id, server.client_secret)

const pkceCodeVerifier = client.randomPKCECodeVerifier()
const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()]
const authorize = client.buildAuthorizationUrl(own, {
  redirect_uri: given.redirect_uri,
  scope: given.scope,
  state: expectedState,
  nonce: expectedNonce,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
})
say({ authorize: authorize.href })
const { callback } = await hear()
const tokens = await client.authorizationCodeGrant(own, new URL(callback), {
  pkceCodeVerifier,
  expectedState,
  expectedNonce,
  idTokenExpected: true,
})
const sub = tokens.claims()?.sub ?? ''
const userinfo = await client.fetchUserInfo(own, tokens.access_token, sub)
const refreshed = await client.refreshTokenGrant(own, tokens.refresh_token ?? '')
const introspect = () => client.tokenIntrospection(resourceServer, refreshed.access_token)
say({
  tokens: {
    sub,
    userinfo,
    introspection: await introspect(),
    refreshed: refreshed.access_token !== tokens.access_token,
    rotated: refreshed.refresh_token !== tokens.refresh_token,
  },
})
const logout = client.buildEndSessionUrl(own, {
  id_token_hint: tokens.id_token ?? '',
  post_logout_redirect_uri: given.post_logout_redirect_uri,
  state: expectedState,
})
say({ logout: logout.href })
await hear()
await client.tokenRevocation(own, refreshed.refresh_token ?? '')
say({ after: await introspect() })
process.exit(0)
