/**
 * openid-client as FAPI 2.0 has it, against a production instance over HTTP: pushed authorization request, private_key_jwt,
 * tokens bound by DPoP with the server's nonces, `iss` in the answer. RFC 9126, 7523, 9449, 9207.
 */
import * as client from 'openid-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser } from '../servers/browser.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { REDIRECT_URI } from '../servers/population.ts'
import { adminToken } from '../servers/provision.ts'

const JWT_CLIENT = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

let deployment: Deployment
let pair: Awaited<ReturnType<typeof client.randomDPoPKeyPair>>
let clientId: string

beforeAll(async () => {
  deployment = await deploy('one-process')
  const { issuer, population } = deployment
  pair = await client.randomDPoPKeyPair('ES256', { extractable: true })
  const jwk = { ...(await crypto.subtle.exportKey('jwk', pair.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }
  const answer = await fetch(`${issuer}/admin/clients`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await adminToken(issuer, population.admin)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      name: 'Bank',
      type: 'confidential',
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      scopes: ['openid', 'profile', 'offline_access'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [jwk] },
      require_pushed_authorization_requests: true,
      dpop_bound_access_tokens: true,
    }),
  })
  const body: { client_id?: string } = JSON.parse(await answer.text())
  if (body.client_id === undefined) throw new Error(`not registered: ${JSON.stringify(body)}`)
  clientId = body.client_id
})
afterAll(() => deployment?.stop())

const discover = () =>
  client.discovery(
    new URL(deployment.issuer),
    clientId,
    undefined,
    client.PrivateKeyJwt({ key: pair.privateKey, kid: 'one' }),
    { execute: [client.allowInsecureRequests] },
  )

async function begin(config: client.Configuration, handle: client.DPoPHandle) {
  const verifier = client.randomPKCECodeVerifier()
  const [state, nonce] = [client.randomState(), client.randomNonce()]
  const parameters = {
    redirect_uri: REDIRECT_URI,
    scope: 'openid profile offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  }
  const url = await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP: handle })
  return { url, verifier, state, nonce }
}

test('a pushed request, a code, tokens bound to a key, their refresh and userinfo by that key alone', async () => {
  const config = await discover()
  const handle = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
  const { url, verifier, state, nonce } = await begin(config, handle)
  expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
  const answer = await new Browser(deployment.issuer).authorize(url.href, deployment.population.user)
  expect(answer.searchParams.get('iss')).toBe(deployment.issuer)
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
  const tokens = await client.authorizationCodeGrant(config, answer, checks, undefined, { DPoP: handle })
  expect(tokens.token_type).toBe('dpop')
  const { sub } = deployment.population.user
  expect(await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP: handle })).toMatchObject({ sub })

  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', undefined, { DPoP: handle })
  expect(refreshed.access_token).not.toBe(tokens.access_token)
  const stranger = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
  await expect(client.fetchUserInfo(config, refreshed.access_token, sub, { DPoP: stranger })).rejects.toThrow()
  await expect(client.fetchUserInfo(config, refreshed.access_token, sub)).rejects.toThrow()
})

test('the same request unpushed is refused, and so are tokens without a proof (RFC 9126 6, RFC 9449 5)', async () => {
  const config = await discover()
  const handle = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
  const direct = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope: 'openid',
    code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
    code_challenge_method: 'S256',
  })
  const refused = await new Browser(deployment.issuer).visit(direct.href)
  expect(refused.left?.searchParams.get('error')).toBe('invalid_request')

  const { url, verifier, state, nonce } = await begin(config, handle)
  const answer = await new Browser(deployment.issuer).authorize(url.href, deployment.population.user)
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce }
  await expect(client.authorizationCodeGrant(config, answer, checks)).rejects.toMatchObject({
    error: expect.stringMatching(/invalid_(request|dpop_proof|grant)/),
  })
})

test('an assertion is taken once (RFC 7523 3; checklist 18)', async () => {
  let sent: URLSearchParams | undefined
  const config = await discover()
  config[client.customFetch] = (url, options) => {
    if (options.body instanceof URLSearchParams) sent = new URLSearchParams(options.body)
    return fetch(url, options as RequestInit)
  }
  await client.tokenRevocation(config, 'none')
  expect(sent?.get('client_assertion_type')).toBe(JWT_CLIENT)
  const again = await fetch(`${deployment.issuer}/oauth/revoke`, { method: 'POST', body: sent ?? null })
  expect(again.status).toBe(401)
})
