import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { digestOf } from '../../../kernel/ids.ts'
import type { DecisionInput, DecisionResult, Obligations } from '../../../policy-engine/contract/index.ts'
import {
  clientRecord,
  ISSUER,
  openSurroundings,
  type RequestParts,
  type Surroundings,
  TENANT,
} from '../../session/endpoint-fixture.ts'
import { registrationHandlers } from './registration-handlers.ts'

const TERMS: Obligations<'register'> = {
  scopes: ['email', 'openid'],
  audience: [],
  grant_types: ['authorization_code', 'client_credentials', 'refresh_token'],
  consent: 'once',
  pkce: 'required',
  requires: [],
  secret_ttl_seconds: 0,
  unused_ttl_seconds: 0,
}
const allow = (terms: Partial<Obligations<'register'>> = {}): DecisionResult<'register'> => ({
  allow: true,
  reasons: [],
  obligations: { ...TERMS, ...terms },
})

let around: Surroundings
let endpoints: ReturnType<typeof registrationHandlers>
beforeEach(async () => {
  around = await openSurroundings({ register: () => allow() })
  endpoints = registrationHandlers(around)
})
afterEach(() => around.close())

const REDIRECTS = ['https://app.example/cb']
type Registered = Readonly<Record<string, unknown>> & {
  readonly client_id: string
  readonly client_secret: string
  readonly registration_access_token: string
}
const bodyOf = (reply: Reply) => reply.body as Registered
const post = (json: unknown, parts: RequestParts = {}) =>
  endpoints.register(around.request({ method: 'POST', path: '/oauth/register', json, ...parts }))
const register = async (metadata: object = {}) => bodyOf(await post({ redirect_uris: REDIRECTS, ...metadata }))
const managing = (
  { client_id: id, registration_access_token: token }: Registered,
  parts: RequestParts = {},
): HttpRequest => around.request({ route: { id }, headers: { authorization: `Bearer ${token}` }, ...parts })
const replace = (known: Registered, metadata: object = {}) =>
  endpoints.replaceRegistration(
    managing(known, { method: 'PUT', json: { client_id: known.client_id, redirect_uris: REDIRECTS, ...metadata } }),
  )
const stored = (id: string) => around.store.clients.find(TENANT, id)
const failsWith = (code: string) => expect.objectContaining({ code })
const asked = () => around.asked.map(({ input }) => input as DecisionInput<'register'>)

describe('registration', () => {
  test('answers all that is in force, defaults included, and keeps secrets as digests (RFC 7591 3.2.1; checklist 19)', async () => {
    const reply = await post({ redirect_uris: REDIRECTS, unheard_of: true, 'client_name#de': 'Laden' })
    expect(reply).toMatchObject({ status: 201, headers: { 'cache-control': 'no-store', pragma: 'no-cache' } })
    const body = bodyOf(reply)
    expect(body).toEqual({
      client_id: expect.stringMatching(/^[\w-]{22}$/),
      client_id_issued_at: around.clock.nowMs() / 1000,
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      client_secret_expires_at: 0,
      registration_access_token: expect.stringMatching(/^[\w-]{43}$/),
      registration_client_uri: `${ISSUER}/oauth/register/${body.client_id}`,
      client_name: body.client_id,
      redirect_uris: REDIRECTS,
      grant_types: ['authorization_code'],
      response_types: ['code'],
      scope: 'email openid',
      token_endpoint_auth_method: 'client_secret_basic',
      application_type: 'web',
      subject_type: 'public',
      id_token_signed_response_alg: 'ES256',
      require_auth_time: false,
      tls_client_certificate_bound_access_tokens: false,
      dpop_bound_access_tokens: false,
      require_pushed_authorization_requests: false,
    })
    const record = await stored(body.client_id)
    expect(record).toMatchObject({
      secretDigests: [digestOf(body.client_secret)],
      registration: { tokenDigest: digestOf(body.registration_access_token), consent: 'once' },
      firstParty: false,
      roles: [],
      resources: [],
    })
    const elsewhere = JSON.stringify([record, around.asked, around.events])
    for (const secret of [body.client_secret, body.registration_access_token]) expect(elsewhere).not.toContain(secret)
    expect(around.events).toMatchObject([{ event: 'client_registered', resource: `client:${body.client_id}` }])
  })

  test('tells policy what the client asks to be, and not more', async () => {
    await register({
      client_name: 'Shop',
      redirect_uris: ['https://app.example:8443/cb', 'https://app.example:8443/other', 'http://127.0.0.1/cb'],
      scope: 'openid profile',
      subject_type: 'public',
      contacts: ['ops@app.example'],
    })
    expect(asked()).toMatchObject([
      {
        action: 'create',
        credential: 'none',
        registrations: 1,
        requested: {
          type: 'confidential',
          auth_method: 'client_secret_basic',
          application_type: 'web',
          subject_type: 'public',
          grant_types: ['authorization_code'],
          scopes: ['openid', 'profile'],
          redirect_hosts: ['app.example:8443', '127.0.0.1'],
        },
      },
    ])
    expect(JSON.stringify(asked())).not.toMatch(/Shop|ops@/)
  })

  test('an initial access token is an access token of ours, and a bad one is not as good as none (RFC 7591 3)', async () => {
    const registrar = clientRecord({ clientId: 'registrar', roles: ['registrar'] })
    await around.store.clients.create(TENANT, registrar)
    const token = await around.grantToken(registrar, ['register'])
    const body = { redirect_uris: REDIRECTS }
    await post(body, { headers: { authorization: `Bearer ${token}` } })
    expect(asked()).toMatchObject([
      { credential: 'initial_access_token', registrations: 0, actor: { client_id: 'registrar', scopes: ['register'] } },
    ])
    await expect(post(body, { headers: { authorization: 'Bearer nobody.s.token' } })).rejects.toEqual(
      failsWith('invalid_token'),
    )
    expect(around.asked).toHaveLength(1)
  })

  test('gets no more than the terms of policy, whatever it asks for (RFC 7591 3.2.1)', async () => {
    around.answers = {
      register: () =>
        allow({ grant_types: ['authorization_code'], audience: ['urn:mcp'], requires: ['par', 'dpop', 'mtls'] }),
    }
    const body = await register({
      scope: 'openid admin',
      grant_types: ['authorization_code', 'refresh_token'],
      pkce: 'optional',
      first_party: true,
      roles: ['platform_admin'],
      resources: ['urn:sallyport:platform'],
    })
    expect(body).toMatchObject({
      scope: 'openid',
      grant_types: ['authorization_code'],
      require_pushed_authorization_requests: true,
      dpop_bound_access_tokens: true,
      tls_client_certificate_bound_access_tokens: true,
    })
    expect(await stored(body.client_id)).toMatchObject({
      firstParty: false,
      roles: [],
      resources: [],
      audience: ['urn:mcp'],
      metadata: { pkce: 'required' },
    })
  })

  test('a client that proves itself by keys or not at all has no secret (RFC 7591 3.2.1)', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwks = { keys: [publicKey.export({ format: 'jwk' })] }
    for (const metadata of [
      { token_endpoint_auth_method: 'none' },
      { token_endpoint_auth_method: 'private_key_jwt', jwks },
    ]) {
      const body = await register(metadata)
      expect(body).toMatchObject(metadata)
      expect(body).not.toHaveProperty('client_secret')
      expect(body).not.toHaveProperty('client_secret_expires_at')
    }
  })

  test('a public client whose addresses are all on the device counts as native where it says nothing (RFC 8252 7)', async () => {
    const app = { token_endpoint_auth_method: 'none', redirect_uris: ['http://127.0.0.1/cb', 'com.app.example:/cb'] }
    expect(await register(app)).toMatchObject({ application_type: 'native' })
    expect(await register({ ...app, redirect_uris: ['http://127.0.0.1/cb', 'https://a.example/'] })).toMatchObject({
      application_type: 'web',
    })
    await expect(register({ ...app, application_type: 'web' })).rejects.toEqual(failsWith('invalid_redirect_uri'))
  })

  test.each<[string, unknown, string, string]>([
    ['no object', ['x'], 'invalid_client_metadata', 'The body'],
    ['no redirect URI', {}, 'invalid_redirect_uri', 'redirect_uris'],
    ['http beyond loopback', { redirect_uris: ['http://app.example/'] }, 'invalid_redirect_uri', 'redirect_uris[0]'],
    ['a fragment', { redirect_uris: ['https://app.example/#a'] }, 'invalid_redirect_uri', 'redirect_uris[0]'],
    ['a text in place of a list', { redirect_uris: REDIRECTS[0] }, 'invalid_redirect_uri', 'redirect_uris'],
    [
      'the implicit grant (checklist 5)',
      { redirect_uris: REDIRECTS, grant_types: ['implicit'] },
      'invalid_client_metadata',
      'grant_types[0]',
    ],
    [
      'the password grant (checklist 5)',
      { redirect_uris: REDIRECTS, grant_types: ['password'] },
      'invalid_client_metadata',
      'grant_types[0]',
    ],
    [
      'response_type token (checklist 5)',
      { redirect_uris: REDIRECTS, response_types: ['token'] },
      'invalid_client_metadata',
      'response_types[0]',
    ],
    [
      'code without its grant (RFC 7591 2.1)',
      { grant_types: ['client_credentials'], response_types: ['code'] },
      'invalid_client_metadata',
      'response_types',
    ],
    [
      'its grant without code (RFC 7591 2.1)',
      { redirect_uris: REDIRECTS, response_types: [] },
      'invalid_client_metadata',
      'response_types',
    ],
    [
      'client_credentials for a public client',
      { grant_types: ['client_credentials'], token_endpoint_auth_method: 'none' },
      'invalid_client_metadata',
      'grant_types',
    ],
    ['scopes as a list', { redirect_uris: REDIRECTS, scope: ['openid'] }, 'invalid_client_metadata', 'scope'],
    ['a name that is no text', { redirect_uris: REDIRECTS, client_name: 5 }, 'invalid_client_metadata', 'client_name'],
    [
      'keys twice',
      { redirect_uris: REDIRECTS, jwks_uri: 'https://a.example/', jwks: { keys: [{ kty: 'EC' }] } },
      'invalid_client_metadata',
      'jwks',
    ],
    [
      'an algorithm that is not offered',
      { redirect_uris: REDIRECTS, id_token_signed_response_alg: 'none' },
      'invalid_client_metadata',
      'id_token_signed_response_alg',
    ],
    [
      'a sector that cannot be read',
      { redirect_uris: REDIRECTS, sector_identifier_uri: 'https://a.example/s' },
      'invalid_client_metadata',
      'sector_identifier_uri',
    ],
  ])('refuses %s, naming the member (RFC 7591 3.2.2)', async (_, json, code, field) => {
    await expect(post(json)).rejects.toMatchObject({ code, detail: expect.stringContaining(field) })
    expect((await around.store.clients.list(TENANT, 0, 1)).total).toBe(0)
  })

  test('a deny makes nothing, asks no address, and counts (RFC 7591 3.2.2)', async () => {
    around.answers = { register: () => ({ allow: false, reasons: ['registration_closed'] }) }
    await expect(register({ sector_identifier_uri: 'https://a.example/s' })).rejects.toEqual(failsWith('invalid_token'))
    await expect(register()).rejects.toEqual(failsWith('invalid_token'))
    expect(asked().map(({ registrations }) => registrations)).toEqual([1, 2])
    expect((await around.store.clients.list(TENANT, 0, 1)).total).toBe(0)
  })

  test('counts by address, IPv6 by /64, and begins anew after an hour', async () => {
    const from = (address: string) => post({ redirect_uris: REDIRECTS }, { address })
    await from('2001:db8::1')
    await from('2001:db8::2')
    await from('2001:db8:0:1::1')
    around.clock.set(around.clock.nowMs() + 60 * 60 * 1000)
    await from('2001:db8::3')
    expect(asked().map(({ registrations }) => registrations)).toEqual([1, 2, 1, 1])
  })

  test('a pairwise client is of the sector that it proved (OIDC Registration 5; checklist 33)', async () => {
    around.documents.set('https://sector.example/uris', REDIRECTS)
    const body = await register({ subject_type: 'pairwise', sector_identifier_uri: 'https://sector.example/uris' })
    expect(body).toMatchObject({ subject_type: 'pairwise' })
    expect(await stored(body.client_id)).toMatchObject({ sectorIdentifier: 'sector.example' })
  })
})

describe('management', () => {
  test('reads what is in force, and the secret never again (RFC 7592 2.1)', async () => {
    const known = await register({ client_name: 'Shop', client_uri: 'https://app.example/' })
    const { client_secret: _secret, ...rest } = known
    const reply = await endpoints.readRegistration(managing(known))
    expect(reply).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' }, body: rest })
    expect(reply.body).not.toHaveProperty('client_secret')
    expect(asked().at(-1)).toMatchObject({
      action: 'read',
      credential: 'registration_access_token',
      client: { client_id: known.client_id, active: true, grant_types: ['authorization_code'] },
    })
  })

  test('a replace is whole, and changes the registration access token (RFC 7592 2.2)', async () => {
    const known = await register({ client_name: 'Shop', client_uri: 'https://app.example/', scope: 'openid' })
    const next = bodyOf(await replace(known, { client_name: 'New', client_secret: known.client_secret }))
    expect(next).toMatchObject({ client_name: 'New', scope: 'email openid' })
    expect(next).not.toHaveProperty('client_uri')
    expect(next).not.toHaveProperty('client_secret')
    expect(next.registration_access_token).not.toBe(known.registration_access_token)
    expect((await stored(known.client_id))?.secretDigests).toEqual([digestOf(known.client_secret)])
    await expect(endpoints.readRegistration(managing(known))).rejects.toEqual(failsWith('invalid_token'))
    expect((await endpoints.readRegistration(managing(next))).status).toBe(200)
    expect(around.events.map(({ event }) => event)).toContain('registration_changed')
  })

  test.each<[string, object]>([
    ['another id', { client_id: 'other' }],
    ['no id', { client_id: undefined }],
    ['a secret of its choice', { client_secret: 'mine' }],
    ['a registration access token', { registration_access_token: 'x' }],
    ['its own address', { registration_client_uri: 'https://evil.example/' }],
    ['when the secret ends', { client_secret_expires_at: 0 }],
    ['when it was issued', { client_id_issued_at: 0 }],
  ])('a replace with %s is malformed, and changes nothing (RFC 7592 2.2)', async (_, metadata) => {
    const known = await register()
    await expect(replace(known, metadata)).rejects.toEqual(failsWith('invalid_request'))
    expect((await stored(known.client_id))?.version).toBe(1)
  })

  test('of two replaces at once with one token one wins, and the other is told that its token is no more', async () => {
    const known = await register()
    const results = await Promise.allSettled([replace(known), replace(known)])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(results).toContainEqual({ status: 'rejected', reason: failsWith('invalid_token') })
  })

  test('a secret that ends is renewed by a replace, and the old one is gone (RFC 7592 2.2)', async () => {
    around.answers = { register: () => allow({ secret_ttl_seconds: 600 }) }
    const known = await register()
    const now = around.clock.nowMs() / 1000
    expect(known.client_secret_expires_at).toBe(now + 600)
    around.clock.set((now + 700) * 1000)
    const next = bodyOf(await replace(known))
    expect(next.client_secret_expires_at).toBe(now + 1300)
    expect(await stored(known.client_id)).toMatchObject({
      secretDigests: [digestOf(next.client_secret)],
      secretExpiresAt: now + 1300,
    })
    around.answers = { register: () => allow() }
    const last = bodyOf(await replace(next))
    expect(last.client_secret_expires_at).toBe(0)
    expect(await stored(known.client_id)).not.toHaveProperty('secretExpiresAt')
  })

  test('deletes itself and what hangs on it: 204, then 401 (RFC 7592 2.3)', async () => {
    const known = await register()
    expect(await endpoints.deleteRegistration(managing(known, { method: 'DELETE' }))).toMatchObject({ status: 204 })
    expect(await stored(known.client_id)).toBeUndefined()
    await expect(endpoints.readRegistration(managing(known))).rejects.toEqual(failsWith('invalid_token'))
    expect(around.events.map(({ event }) => event)).toEqual([
      'client_registered',
      'registration_deleted',
      'registration_refused',
    ])
  })

  test('nobody else manages it: another client, an administrator’s client, no token, no such client (RFC 7592 2)', async () => {
    const [one, other] = [await register(), await register()]
    await around.store.clients.create(TENANT, clientRecord({ clientId: 'by-hand' }))
    const token = (client: Registered) => ({ authorization: `Bearer ${client.registration_access_token}` })
    const attempts: [string, Record<string, string>][] = [
      [one.client_id, token(other)],
      [one.client_id, {}],
      [one.client_id, { authorization: `Bearer ${one.client_secret}` }],
      [one.client_id, { authorization: `DPoP ${one.registration_access_token}` }],
      ['by-hand', token(one)],
      ['by-hand', {}],
      ['nobody', token(one)],
      ['nobody', {}],
    ]
    const before = around.asked.length
    for (const [id, headers] of attempts)
      for (const method of ['readRegistration', 'replaceRegistration', 'deleteRegistration'] as const)
        await expect(endpoints[method](around.request({ route: { id }, headers, json: {} }))).rejects.toEqual(
          failsWith('invalid_token'),
        )
    expect(around.asked).toHaveLength(before)
    expect(JSON.stringify(around.events)).not.toContain(one.registration_access_token)
  })

  test('what policy denies is not done', async () => {
    const known = await register()
    around.answers = { register: () => ({ allow: false, reasons: ['client_inactive'] }) }
    await expect(endpoints.readRegistration(managing(known))).rejects.toEqual(failsWith('access_denied'))
    await expect(replace(known)).rejects.toEqual(failsWith('access_denied'))
    await expect(endpoints.deleteRegistration(managing(known))).rejects.toEqual(failsWith('access_denied'))
    expect((await stored(known.client_id))?.version).toBe(1)
  })

  test('what is never used ends by itself', async () => {
    around.answers = { register: () => allow({ unused_ttl_seconds: 60 }) }
    const known = await register()
    around.clock.set(around.clock.nowMs() + 59 * 1000)
    expect((await endpoints.readRegistration(managing(known))).status).toBe(200)
    around.clock.set(around.clock.nowMs() + 1000)
    await expect(endpoints.readRegistration(managing(known))).rejects.toEqual(failsWith('invalid_token'))
  })
})
