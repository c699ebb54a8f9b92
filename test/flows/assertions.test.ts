/**
 * Clients that authenticate by assertion, registered over the admin API, with a relying party library that nobody here
 * wrote: at the token, introspection, revocation and PAR endpoints; keys by value, and behind an address of the client's.
 * RFC 7523, OIDC Core 9; checklist 18, 19.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { makeCertificates } from '../servers/certificates.ts'
import { REDIRECT_URI, TENANT } from '../servers/population.ts'
import { adminToken } from '../servers/provision.ts'
import { type Answer, answerOf } from './requests.ts'

let service: TestService
let keyServer: Server
let admin: string
const folder = mkdtempSync(join(tmpdir(), 'assertions-'))
/** What `jwks_uri` answers. */
let published: JWK[] = []

beforeAll(async () => {
  const files = await makeCertificates(folder)
  const ca = readFileSync(files.caFile, 'utf8')
  keyServer = createServer({ cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) }, (_, response) =>
    response.end(JSON.stringify({ keys: published })),
  )
  await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve))
  service = await startAuthService({ service: { clientsReach: { allow: ['localhost'], unlisted: 'none', ca } } })
  admin = await adminToken(service.issuer, service.population.admin)
})
afterAll(async () => {
  keyServer.close()
  await service.close()
  rmSync(folder, { recursive: true })
})

async function asAdmin(method: string, path: string, json?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' }
  const init = { method, headers, ...(json && { body: JSON.stringify(json) }) }
  return answerOf(await fetch(`${service.issuer}/admin/clients${path}`, init))
}

const SETTINGS = {
  name: 'Machine',
  type: 'confidential',
  grant_types: ['authorization_code', 'client_credentials'],
  redirect_uris: [REDIRECT_URI],
  scopes: ['openid', 'orders:read'],
  audience: ['urn:sallyport:default'],
  resources: ['urn:sallyport:default'],
  roles: ['service'],
}
async function register(metadata: object): Promise<{ readonly id: string; readonly secret: string | undefined }> {
  const { status, body } = await asAdmin('POST', '', { ...SETTINGS, ...metadata })
  expect(status, JSON.stringify(body)).toBe(201)
  return {
    id: String(body.client_id),
    secret: body.client_secret === undefined ? undefined : String(body.client_secret),
  }
}

const discover = (id: string, auth: client.ClientAuth) =>
  client.discovery(new URL(service.issuer), id, undefined, auth, { execute: [client.allowInsecureRequests] })

/** Token, introspection, revocation and pushed requests, each with an assertion of its own. */
async function useEverywhere(config: client.Configuration): Promise<void> {
  const tokens = await client.clientCredentialsGrant(config)
  expect(tokens.token_type).toBe('bearer')
  expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true })
  await client.tokenRevocation(config, tokens.access_token)
  expect(await client.tokenIntrospection(config, tokens.access_token)).toEqual({ active: false })
  const asked = {
    redirect_uri: REDIRECT_URI,
    scope: 'openid',
    code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
    code_challenge_method: 'S256',
  }
  const pushed = await client.buildAuthorizationUrlWithPAR(config, asked)
  expect(pushed.searchParams.get('request_uri')).toMatch(/^urn:ietf:params:oauth:request_uri:/)
}

describe('private_key_jwt', () => {
  test.each(['ES256', 'PS256', 'EdDSA', 'Ed25519'])('openid-client by %s, keys by value', async (alg) => {
    const { privateKey, publicKey } = await generateKeyPair(alg)
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one' }] }
    const { id, secret } = await register({ token_endpoint_auth_method: 'private_key_jwt', jwks })
    expect(secret).toBeUndefined()
    await useEverywhere(await discover(id, client.PrivateKeyJwt({ key: privateKey, kid: 'one' })))
  })

  test('keys behind jwks_uri: fetched, and fetched again when the client has changed its key', async () => {
    const [first, second] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')]
    published = [{ ...(await exportJWK(first.publicKey)), kid: 'first' }]
    const jwks_uri = `https://localhost:${(keyServer.address() as AddressInfo).port}/keys`
    const { id } = await register({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri })
    await useEverywhere(await discover(id, client.PrivateKeyJwt({ key: first.privateKey, kid: 'first' })))
    published = [{ ...(await exportJWK(second.publicKey)), kid: 'second' }]
    await useEverywhere(await discover(id, client.PrivateKeyJwt({ key: second.privateKey, kid: 'second' })))
    const old = await discover(id, client.PrivateKeyJwt({ key: first.privateKey, kid: 'first' }))
    await expect(client.clientCredentialsGrant(old)).rejects.toMatchObject({ status: 401 })
  })

  test('keys behind jwks_uri without kid: fetched again when the client has changed its key', async () => {
    const [first, second] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')]
    published = [await exportJWK(first.publicKey)]
    const jwks_uri = `https://localhost:${(keyServer.address() as AddressInfo).port}/keys?no-kid`
    const { id } = await register({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri })
    const grant = async (key: CryptoKey) => client.clientCredentialsGrant(await discover(id, client.PrivateKeyJwt(key)))
    await grant(first.privateKey)
    published = [await exportJWK(second.publicKey)]
    await grant(second.privateKey)
    await expect(grant(first.privateKey)).rejects.toMatchObject({ status: 401 })
  })

  test('an audience in the old way: refused, and only audit says why; taken of a client that is registered for it (checklist 18)', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwks = { keys: [publicKey.export({ format: 'jwk' })] }
    const cryptoKey = await crypto.subtle.importKey(
      'jwk',
      privateKey.export({ format: 'jwk' }),
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['sign'],
    )
    const auth = client.PrivateKeyJwt(cryptoKey, {
      [client.modifyAssertion]: (_header, payload) => {
        payload.aud = `${service.issuer}/oauth/token`
      },
    })
    const strict = await register({ token_endpoint_auth_method: 'private_key_jwt', jwks })
    const refused = await client
      .clientCredentialsGrant(await discover(strict.id, auth))
      .catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(client.WWWAuthenticateChallengeError)
    const told = refused instanceof client.WWWAuthenticateChallengeError ? await refused.response.json() : {}
    expect(told).toEqual({
      error: 'invalid_client',
      error_description: 'Client authentication failed.',
    })
    const lenient = await register({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks,
      assertion_audience: 'endpoint',
    })
    expect((await client.clientCredentialsGrant(await discover(lenient.id, auth))).token_type).toBe('bearer')
  })
})

describe('client_secret_jwt (OIDC Core 9)', () => {
  const bySecret = { token_endpoint_auth_method: 'client_secret_jwt' }

  test('openid-client, with the secret that registration answered; the store holds it sealed', async () => {
    const { id, secret = '' } = await register(bySecret)
    await useEverywhere(await discover(id, client.ClientSecretJwt(secret)))
    const record = await service.store.clients.find(TENANT, id)
    expect(record?.sealedSecrets).toHaveLength(1)
    expect(JSON.stringify(record)).not.toContain(secret)
    const plainly = await discover(id, client.ClientSecretBasic(secret))
    await expect(client.clientCredentialsGrant(plainly)).rejects.toMatchObject({ status: 401 })
    const shown = await asAdmin('GET', `/${id}`)
    expect(JSON.stringify(shown.body)).not.toMatch(/sealed|s1\./)
  })

  test('two live secrets: the one before works until the next change (checklist 19)', async () => {
    const { id, secret: first = '' } = await register(bySecret)
    const rotate = async () => String((await asAdmin('PUT', `/${id}`, { rotate_secret: true })).body.client_secret)
    const works = async (secret: string) =>
      client.clientCredentialsGrant(await discover(id, client.ClientSecretJwt(secret))).then(
        () => true,
        () => false,
      )
    const second = await rotate()
    expect([await works(first), await works(second)]).toEqual([true, true])
    const third = await rotate()
    expect([await works(first), await works(second), await works(third)]).toEqual([false, true, true])
    const { secret_ids: ids } = (await asAdmin('GET', `/${id}`)).body
    const ended = await asAdmin('PUT', `/${id}`, { keep_secret_ids: (ids as string[]).slice(1) })
    expect([ended.status, ended.body]).toEqual([200, expect.not.objectContaining({ client_secret: expect.anything() })])
    expect([await works(second), await works(third)]).toEqual([true, false])
  })

  test('a client that turns to it gets a new secret; one that leaves it keeps no sealed one', async () => {
    const { id, secret: before } = await register({ token_endpoint_auth_method: 'client_secret_basic' })
    const turned = await asAdmin('PUT', `/${id}`, bySecret)
    const secret = String(turned.body.client_secret)
    expect(secret).not.toBe(before)
    await useEverywhere(await discover(id, client.ClientSecretJwt(secret)))
    await asAdmin('PUT', `/${id}`, { token_endpoint_auth_method: 'client_secret_post' })
    expect(await service.store.clients.find(TENANT, id)).not.toHaveProperty('sealedSecrets')
    await useEverywhere(await discover(id, client.ClientSecretPost(secret)))
  })

  test('is not made from a digest', async () => {
    const answer = await asAdmin('POST', '', { ...SETTINGS, ...bySecret, secret_sha256: ['a'.repeat(64)] })
    expect(answer).toMatchObject({ status: 400, body: { title: expect.stringContaining('secret_sha256') } })
  })
})

test('metadata names the methods and algorithms (RFC 8414 2)', async () => {
  const { body } = await answerOf(await fetch(`${service.issuer}/.well-known/oauth-authorization-server`))
  for (const endpoint of ['token', 'introspection', 'revocation']) {
    expect(body[`${endpoint}_endpoint_auth_methods_supported`]).toEqual(
      expect.arrayContaining(['private_key_jwt', 'client_secret_jwt']),
    )
    expect(body[`${endpoint}_endpoint_auth_signing_alg_values_supported`]).toEqual([
      'ES256',
      'EdDSA',
      'Ed25519',
      'PS256',
      'RS256',
      'HS256',
    ])
  }
})
