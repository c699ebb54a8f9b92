/** For tests: what a client signs with keys of its own, rightly, as secrets to look for. RFC 9449, RFC 7523. */
import { SignJWT } from 'jose'
import { randomId } from '../../src/kernel/ids.ts'
import type { Deployment } from '../servers/deployment.ts'
import { REDIRECT_URI } from '../servers/population.ts'
import { makeProofKey, type ProofKey } from '../servers/proofs.ts'
import type { Canaries } from './canaries.ts'
import { type Answer, answerOf, basic, codeFor } from './requests.ts'

/** The whole and its signature: either could be used again. */
function watchSigned(canaries: Canaries, name: string, jws: string): string {
  canaries.watch(name, jws)
  canaries.watch(`${name}, signature`, jws.split('.').at(-1) ?? '')
  return jws
}

function watchKey(canaries: Canaries, name: string, key: ProofKey): void {
  const { d } = key.privateKey.export({ format: 'jwk' })
  canaries.watch(`${name} as JWK`, d ?? '')
  canaries.watch(
    `${name} as PKCS#8`,
    key.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64').slice(-44, -4),
  )
}

function succeeded(at: string, { status, body }: Answer, expected = 200): Answer['body'] {
  if (status !== expected) throw new Error(`${at} answers ${status} ${JSON.stringify(body)}`)
  return body
}

/** A token bound to a key, shown at userinfo; a client that authenticates by assertion. Throws where either is refused. */
export async function proveRightly(deployment: Deployment, canaries: Canaries, admin: string): Promise<void> {
  await proveByDpop(deployment, canaries)
  await authenticateByAssertion(deployment, canaries, admin)
}

async function proveByDpop(deployment: Deployment, canaries: Canaries): Promise<void> {
  const { issuer, population } = deployment
  const key = await makeProofKey()
  watchKey(canaries, 'key of a proof', key)
  const url = `${issuer}/oauth/token`
  const dpop = watchSigned(canaries, 'proof at the token endpoint', await key.proof({ url }))
  const { form } = await codeFor(deployment, population.web, 'openid')
  const init = {
    method: 'POST',
    headers: { authorization: basic(population.web), dpop },
    body: new URLSearchParams(form),
  }
  const tokens = succeeded('a bound token request', await answerOf(await fetch(url, init)))
  if (tokens.token_type !== 'DPoP') throw new Error(`a bound token is of type ${tokens.token_type}`)
  const accessToken = watchSigned(canaries, 'bound access token', String(tokens.access_token))
  const shown = await key.proof({ method: 'GET', url: `${issuer}/oauth/userinfo`, accessToken })
  const headers = { authorization: `DPoP ${accessToken}`, dpop: watchSigned(canaries, 'proof at userinfo', shown) }
  succeeded('userinfo with a proof', await answerOf(await fetch(`${issuer}/oauth/userinfo`, { headers })))
}

async function authenticateByAssertion({ issuer }: Deployment, canaries: Canaries, admin: string): Promise<void> {
  const key = await makeProofKey()
  watchKey(canaries, 'key of an assertion', key)
  const settings = {
    name: 'Canary by assertion',
    type: 'confidential',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [key.publicJwk] },
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'client_credentials'],
    scopes: ['openid', 'orders:read'],
    audience: ['urn:sallyport:default'],
    roles: ['service'],
  }
  const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(settings) }
  const made = succeeded('the admin API', await answerOf(await fetch(`${issuer}/admin/clients`, init)), 201)
  const id = String(made.client_id)
  const assertion = await new SignJWT({ iss: id, sub: id, aud: issuer, jti: randomId() })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuedAt()
    .setExpirationTime('1 minute')
    .sign(key.privateKey)
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: watchSigned(canaries, 'client assertion', assertion),
  })
  const answer = await answerOf(await fetch(`${issuer}/oauth/token`, { method: 'POST', body: form }))
  watchSigned(canaries, 'access token by assertion', String(succeeded('an assertion', answer).access_token))
}
