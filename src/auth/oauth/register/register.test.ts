import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { digestOf } from '../../../kernel/ids.ts'
import { clientRecord, ISSUER, TENANT } from '../../session/endpoint-fixture.ts'
import { allow, bodyOf, failsWith, openRegistration, REDIRECTS } from './registration-fixture.ts'

let at: Awaited<ReturnType<typeof openRegistration>>
beforeEach(async () => {
  at = await openRegistration()
})
afterEach(() => at.around.close())

describe('registration', () => {
  test('answers all that is in force, defaults included, and keeps secrets as digests (RFC 7591 3.2.1; checklist 19)', async () => {
    const reply = await at.post({ redirect_uris: REDIRECTS, unheard_of: true, 'client_name#de': 'Laden' })
    expect(reply).toMatchObject({ status: 201, headers: { 'cache-control': 'no-store', pragma: 'no-cache' } })
    const body = bodyOf(reply)
    expect(body).toEqual({
      client_id: expect.stringMatching(/^[\w-]{22}$/),
      client_id_issued_at: at.around.clock.nowMs() / 1000,
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
    const record = await at.stored(body.client_id)
    expect(record).toMatchObject({
      secretDigests: [digestOf(body.client_secret)],
      registration: { tokenDigest: digestOf(body.registration_access_token), consent: 'once' },
      firstParty: false,
      roles: [],
      resources: [],
    })
    const elsewhere = JSON.stringify([record, at.around.asked, at.around.events])
    for (const secret of [body.client_secret, body.registration_access_token]) expect(elsewhere).not.toContain(secret)
    expect(at.around.events).toMatchObject([{ event: 'client_registered', resource: `client:${body.client_id}` }])
  })

  test('tells policy what the client asks to be, and not more', async () => {
    await at.register({
      client_name: 'Shop',
      redirect_uris: ['https://app.example:8443/cb', 'https://app.example:8443/other', 'http://127.0.0.1/cb'],
      scope: 'openid profile',
      subject_type: 'public',
      contacts: ['ops@app.example'],
    })
    expect(at.asked()).toMatchObject([
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
    expect(JSON.stringify(at.asked())).not.toMatch(/Shop|ops@/)
  })

  test('an initial access token is an access token of ours, and a bad one is not as good as none (RFC 7591 3)', async () => {
    const registrar = clientRecord({ clientId: 'registrar', scopes: ['register'], roles: ['registrar'] })
    await at.around.store.clients.create(TENANT, registrar)
    const token = await at.around.grantToken(registrar, ['register'])
    const body = { redirect_uris: REDIRECTS }
    await at.post(body, { headers: { authorization: `Bearer ${token}` } })
    expect(at.asked()).toMatchObject([
      { credential: 'initial_access_token', registrations: 0, actor: { client_id: 'registrar', scopes: ['register'] } },
    ])
    await expect(at.post(body, { headers: { authorization: 'Bearer nobody.s.token' } })).rejects.toEqual(
      failsWith('invalid_token'),
    )
    expect(at.around.asked).toHaveLength(1)
  })

  test('gets no more than the terms of policy, whatever it asks for (RFC 7591 3.2.1)', async () => {
    at.around.answers = {
      register: () =>
        allow({ grant_types: ['authorization_code'], audience: ['urn:mcp'], requires: ['par', 'dpop', 'mtls'] }),
    }
    const body = await at.register({
      scope: 'openid admin',
      grant_types: ['authorization_code', 'refresh_token'],
      pkce: 'optional',
      assertion_audience: 'endpoint',
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
    expect(await at.stored(body.client_id)).toMatchObject({
      firstParty: false,
      roles: [],
      resources: [],
      audience: ['urn:mcp'],
      metadata: { pkce: 'required', assertion_audience: 'issuer' },
    })
  })

  test('a client that proves itself by keys or not at all has no secret (RFC 7591 3.2.1)', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwks = { keys: [publicKey.export({ format: 'jwk' })] }
    for (const metadata of [
      { token_endpoint_auth_method: 'none' },
      { token_endpoint_auth_method: 'private_key_jwt', jwks },
    ]) {
      const body = await at.register(metadata)
      expect(body).toMatchObject(metadata)
      expect(body).not.toHaveProperty('client_secret')
      expect(body).not.toHaveProperty('client_secret_expires_at')
    }
  })

  test('a public client whose addresses are all on the device counts as native where it says nothing (RFC 8252 7)', async () => {
    const app = { token_endpoint_auth_method: 'none', redirect_uris: ['http://127.0.0.1/cb', 'com.app.example:/cb'] }
    expect(await at.register(app)).toMatchObject({ application_type: 'native' })
    expect(await at.register({ ...app, redirect_uris: ['http://127.0.0.1/cb', 'https://a.example/'] })).toMatchObject({
      application_type: 'web',
    })
    await expect(at.register({ ...app, application_type: 'web' })).rejects.toEqual(failsWith('invalid_redirect_uri'))
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
    [
      'a name that turns (UTR 36)',
      { redirect_uris: REDIRECTS, client_name: '\u202eelgooG' },
      'invalid_client_metadata',
      'client_name',
    ],
    [
      'a name that hides (UTR 36)',
      { redirect_uris: REDIRECTS, client_name: 'Goo\u200bgle' },
      'invalid_client_metadata',
      'client_name',
    ],
    [
      'a name of two lines',
      { redirect_uris: REDIRECTS, client_name: 'Goo\u2028gle' },
      'invalid_client_metadata',
      'client_name',
    ],
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
    await expect(at.post(json)).rejects.toMatchObject({ code, detail: expect.stringContaining(field) })
    expect((await at.around.store.clients.list(TENANT, 0, 1)).total).toBe(0)
  })

  test('a deny makes nothing, asks no address, and counts (RFC 7591 3.2.2)', async () => {
    at.around.answers = { register: () => ({ allow: false, reasons: ['registration_closed'] }) }
    await expect(at.register({ sector_identifier_uri: 'https://a.example/s' })).rejects.toEqual(
      failsWith('invalid_token'),
    )
    await expect(at.register()).rejects.toEqual(failsWith('invalid_token'))
    expect(at.asked().map(({ registrations }) => registrations)).toEqual([1, 2])
    expect((await at.around.store.clients.list(TENANT, 0, 1)).total).toBe(0)
  })

  test('counts by address, IPv6 by /64, and begins anew after an hour', async () => {
    const from = (address: string) => at.post({ redirect_uris: REDIRECTS }, { address })
    await from('2001:db8::1')
    await from('2001:db8::2')
    await from('2001:db8:0:1::1')
    at.around.clock.set(at.around.clock.nowMs() + 60 * 60 * 1000)
    await from('2001:db8::3')
    expect(at.asked().map(({ registrations }) => registrations)).toEqual([1, 2, 1, 1])
  })

  test('a pairwise client is of the sector that it proved (OIDC Registration 5; checklist 33)', async () => {
    at.around.documents.set('https://sector.example/uris', REDIRECTS)
    const body = await at.register({ subject_type: 'pairwise', sector_identifier_uri: 'https://sector.example/uris' })
    expect(body).toMatchObject({ subject_type: 'pairwise' })
    expect(await at.stored(body.client_id)).toMatchObject({ sectorIdentifier: 'sector.example' })
  })

  test('the host of its redirect URIs is its sector by https only (OIDC Core 8.1; checklist 33)', async () => {
    const registered = async (...redirectUris: string[]) => {
      const application = { application_type: 'native', token_endpoint_auth_method: 'none', subject_type: 'pairwise' }
      return at.stored((await at.register({ ...application, redirect_uris: redirectUris })).client_id)
    }
    const site = 'https://bank.example/cb'
    expect(await registered(site)).toMatchObject({ sectorIdentifier: 'bank.example' })
    for (const uri of ['com.evil.app://bank.example/cb', 'http://127.0.0.1/cb'])
      expect(await registered(uri)).not.toHaveProperty('sectorIdentifier')
    await expect(registered(site, 'com.evil.app://bank.example/cb')).rejects.toMatchObject({
      detail: expect.stringContaining('sector_identifier_uri'),
    })
  })
})
