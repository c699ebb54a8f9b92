/** For tests: openid-client as a relying party of the service under test. */
import * as client from 'openid-client'
import { REDIRECT_URI, type TestClient } from '../servers/population.ts'

export interface Begun {
  readonly url: string
  readonly verifier: string
  readonly state: string
  readonly nonce: string
}

export const discover = (issuer: string, { id, secret }: TestClient): Promise<client.Configuration> =>
  client.discovery(new URL(issuer), id, undefined, secret === '' ? client.None() : client.ClientSecretBasic(secret), {
    execute: [client.allowInsecureRequests],
  })

export async function begin(
  config: client.Configuration,
  scope: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Begun> {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = client.randomNonce()
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...more,
  })
  return { url: url.href, verifier, state, nonce }
}

export const redeem = (config: client.Configuration, begun: Begun, answer: URL) =>
  client.authorizationCodeGrant(config, answer, {
    pkceCodeVerifier: begun.verifier,
    expectedState: begun.state,
    expectedNonce: begun.nonce,
    idTokenExpected: true,
  })
