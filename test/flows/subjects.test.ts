/** Pairwise subjects, signed userinfo and signed introspection over a whole flow. OIDC Core 5.3.2 and 8, RFC 9701. */
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ClientRecord } from '../../src/storage/records.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { REDIRECT_URI, TENANT, type TestClient } from '../servers/population.ts'
import { answerOf, basic, post, tokensFor } from './requests.ts'

let service: TestService

beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service.close())

async function register(id: string, parts: Partial<ClientRecord>): Promise<TestClient> {
  const { web } = service.population
  const like = await service.store.clients.find(TENANT, web.id)
  if (like === undefined) throw new Error('no such client')
  await service.store.clients.create(TENANT, { ...like, clientId: id, redirectUris: [REDIRECT_URI], ...parts })
  return { id, secret: web.secret }
}

const pairwise = (id: string, sectorIdentifier: string) =>
  register(id, { metadata: { subject_type: 'pairwise' }, sectorIdentifier })

/** What a client reads of the person, everywhere that it reads of them. */
async function seenBy(client: TestClient) {
  const tokens = await tokensFor(service, client, 'openid')
  const authorization = `Bearer ${tokens.access_token}`
  const userinfo = await answerOf(await fetch(`${service.issuer}/oauth/userinfo`, { headers: { authorization } }))
  const introspected = await post(service, '/oauth/introspect', client, { token: String(tokens.access_token) })
  const access = decodeJwt(String(tokens.access_token))
  const id = decodeJwt(String(tokens.id_token))
  return { subs: [id.sub, access.sub, userinfo.body.sub, introspected.body.sub], all: { id, access, ...userinfo.body } }
}

test('a pairwise client reads one identifier everywhere, another sector another (OIDC Core 8.1; checklist 33)', async () => {
  const [here, alsoHere, there] = await Promise.all([
    pairwise('here', 'a.example').then(seenBy),
    pairwise('also-here', 'a.example').then(seenBy),
    pairwise('there', 'b.example').then(seenBy),
  ])
  for (const { subs } of [here, alsoHere, there]) expect(new Set(subs).size).toBe(1)
  expect(alsoHere.subs).toEqual(here.subs)
  expect(there.subs[0]).not.toBe(here.subs[0])
  // No other claim of the two sectors tells that it is the same person.
  const words = (value: unknown): string[] =>
    typeof value === 'string'
      ? [value]
      : typeof value === 'object' && value !== null
        ? Object.values(value).flatMap(words)
        : []
  const shared = words(here.all).filter((word) => words(there.all).includes(word))
  expect(shared).not.toContain(service.population.user.sub)
  const ofEveryone = [service.issuer, 'default', 'openid', 'urn:sallyport:default', 'urn:sallyport:acr:password', 'pwd']
  expect(shared.filter((word) => !ofEveryone.includes(word))).toEqual([])
})

test('a token of a pairwise client ends with its user, and refreshes as itself', async () => {
  const client = await pairwise('ends', 'c.example')
  const tokens = await tokensFor(service, client, 'openid offline_access')
  const form = { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) }
  const { body: next } = await post(service, '/oauth/token', client, form)
  expect(decodeJwt(String(next.id_token)).sub).toBe(decodeJwt(String(tokens.id_token)).sub)
  const look = () => post(service, '/oauth/introspect', client, { token: String(next.access_token) })
  expect((await look()).body.active).toBe(true)
  await service.store.users.revokeAll(TENANT, service.population.user.sub)
  expect((await look()).body).toEqual({ active: false })
})

test('userinfo is signed for a client that registered for it (OIDC Core 5.3.2)', async () => {
  const client = await register('signed', { metadata: { userinfo_signed_response_alg: 'ES256' } })
  const { access_token: token } = await tokensFor(service, client, 'openid email')
  const answer = await fetch(`${service.issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } })
  expect(answer.headers.get('content-type')).toBe('application/jwt')
  const keys = createRemoteJWKSet(new URL(`${service.issuer}/oauth/jwks`))
  const { payload } = await jwtVerify(await answer.text(), keys, { issuer: service.issuer, audience: 'signed' })
  expect(payload).toMatchObject({ sub: service.population.user.sub, email: 'alice@example.com' })
})

test('introspection is signed for who asks for it (RFC 9701)', async () => {
  const { web, resourceServer } = service.population
  const { access_token: token } = await tokensFor(service, web, 'openid')
  const answer = await fetch(`${service.issuer}/oauth/introspect`, {
    method: 'POST',
    headers: { authorization: basic(resourceServer), accept: 'application/token-introspection+jwt' },
    body: new URLSearchParams({ token: String(token) }),
  })
  const keys = createRemoteJWKSet(new URL(`${service.issuer}/oauth/jwks`))
  const { payload } = await jwtVerify(await answer.text(), keys, { issuer: service.issuer, audience: 'rs' })
  expect(payload.token_introspection).toMatchObject({ active: true, client_id: 'web' })
})
