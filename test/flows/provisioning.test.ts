/** SCIM and the admin API over HTTP with the shipped policy: what is made there signs in, what is ended there is dead at once. RFC 7644. */
import * as client from 'openid-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { REDIRECT_URI } from '../servers/population.ts'
import { begin, discover, redeem } from './relying-party.ts'

const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User'

let service: TestService
let token: string
beforeAll(async () => {
  service = await startAuthService()
  token = await tokenFor(service.population.admin, 'scim admin')
})
afterAll(() => service.close())

async function tokenFor(of: { id: string; secret: string }, scope: string): Promise<string> {
  const granted = await client.clientCredentialsGrant(await discover(service.issuer, of), { scope })
  return granted.access_token
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${service.issuer}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && {
        'content-type': path.startsWith('/scim') ? 'application/scim+json' : 'application/json',
      }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) }
}

const person = (userName: string) => ({
  schemas: [USER_SCHEMA],
  userName,
  password: 'a password of hers',
  emails: [{ value: `${userName}@example.com`, primary: true }],
  roles: [{ value: 'user' }],
})
const create = async (userName: string): Promise<string> => {
  const { status, body } = await call('POST', '/scim/v2/Users', person(userName))
  expect(status).toBe(201)
  return String(body.id)
}

async function signIn(userName: string) {
  const rp = await discover(service.issuer, service.population.web)
  const begun = await begin(rp, 'openid email offline_access orders:read')
  const browser = new Browser(service.issuer)
  const answer = await browser.authorize(begun.url, { userName, password: 'a password of hers' })
  return { rp, browser, tokens: await redeem(rp, begun, answer) }
}
const isActive = async (accessToken: string): Promise<unknown> => {
  const rs = await discover(service.issuer, service.population.resourceServer)
  return (await client.tokenIntrospection(rs, accessToken)).active
}

test('a user made by SCIM signs in; deactivated, session and tokens are dead at once, and stay so (checklist 45)', async () => {
  const id = await create('hedwig')
  const { rp, browser, tokens } = await signIn('hedwig')
  expect(tokens.claims()?.sub).toBe(id)
  expect(await client.fetchUserInfo(rp, tokens.access_token, id)).toMatchObject({ email: 'hedwig@example.com' })
  expect(await isActive(tokens.access_token)).toBe(true)

  const { password: _, ...kept } = person('hedwig')
  const off = await call('PUT', `/scim/v2/Users/${id}`, { ...kept, active: false }, { 'if-match': 'W/"1"' })
  expect([off.status, off.body.active, off.headers.get('etag')]).toEqual([200, false, 'W/"2"'])
  expect(await isActive(tokens.access_token)).toBe(false)
  await expect(client.refreshTokenGrant(rp, tokens.refresh_token ?? '')).rejects.toMatchObject({
    error: 'invalid_grant',
  })
  expect((await browser.visit((await begin(rp, 'openid')).url)).url).toContain('/login')

  await call('PUT', `/scim/v2/Users/${id}`, { ...kept, active: true })
  expect(await isActive(tokens.access_token)).toBe(false)
  expect((await browser.visit((await begin(rp, 'openid')).url)).url).toContain('/login')
})

test('deleted and made anew under the same name, nothing of the old user lives (checklist 45)', async () => {
  const id = await create('edsger')
  const { tokens } = await signIn('edsger')
  expect((await call('DELETE', `/scim/v2/Users/${id}`)).status).toBe(204)
  expect((await call('GET', `/scim/v2/Users/${id}`)).status).toBe(404)
  expect(await create('edsger')).not.toBe(id)
  expect(await isActive(tokens.access_token)).toBe(false)
})

test('lists by filter, and answers errors in SCIM’s form (RFC 7644 3.4.2, 3.12)', async () => {
  const id = await create('barbara')
  const found = await call('GET', `/scim/v2/Users?filter=${encodeURIComponent('userName eq "BARBARA"')}`)
  expect(found.headers.get('content-type')).toBe('application/scim+json; charset=utf-8')
  expect(found.headers.get('sallyport-revision')).toBe(service.node.active?.revision)
  expect(found.body).toMatchObject({ totalResults: 1, Resources: [{ id, userName: 'barbara' }] })
  expect(JSON.stringify(found.body)).not.toContain('password')

  const schemas = ['urn:ietf:params:scim:api:messages:2.0:Error']
  const wrong = await call('GET', '/scim/v2/Users?filter=userName%20co%20%22b%22')
  expect([wrong.status, wrong.body]).toMatchObject([400, { schemas, status: '400', scimType: 'invalidFilter' }])
  const taken = await call('POST', '/scim/v2/Users', person('Barbara'))
  expect([taken.status, taken.body]).toMatchObject([409, { schemas, scimType: 'uniqueness' }])
  const stale = await call('PUT', `/scim/v2/Users/${id}`, person('barbara'), { 'if-match': 'W/"9"' })
  expect([stale.status, stale.body]).toMatchObject([412, { schemas, status: '412' }])
  const nobody = await call('GET', '/scim/v2/Users', undefined, { authorization: '' })
  expect([nobody.status, nobody.body]).toMatchObject([401, { schemas, status: '401' }])
  expect(nobody.headers.get('www-authenticate')).toMatch(/^Bearer /)
  const config = await call('GET', '/scim/v2/ServiceProviderConfig', undefined, { authorization: '' })
  expect([config.status, config.body.etag]).toEqual([200, { supported: true }])
})

test('without the scope, and with a role that may not be given, policy refuses (checklist 46, 47)', async () => {
  const weak = await tokenFor(service.population.admin, 'scim')
  const refused = await call('GET', '/admin/clients', undefined, { authorization: `Bearer ${weak}` })
  expect([refused.status, refused.body]).toMatchObject([403, { code: 'forbidden', status: 403 }])
  expect(refused.headers.get('content-type')).toContain('application/problem+json')
  const web = await tokenFor(service.population.web, 'orders:read')
  for (const path of ['/scim/v2/Users', '/admin/clients'])
    expect((await call('GET', path, undefined, { authorization: `Bearer ${web}` })).status).toBe(403)
  const setup = await call('POST', '/scim/v2/Users', { ...person('eve'), roles: [{ value: 'setup' }] })
  expect(setup.status).toBe(403)
})

test('a client made by the admin API gets tokens; deactivated, they are dead (checklist 30)', async () => {
  const made = await call('POST', '/admin/clients', {
    name: 'Reports',
    grant_types: ['client_credentials'],
    scopes: ['orders:read'],
    roles: ['service'],
    redirect_uris: [REDIRECT_URI],
  })
  expect(made.status).toBe(201)
  const id = String(made.body.client_id)
  const access = await tokenFor({ id, secret: String(made.body.client_secret) }, 'orders:read')
  expect(await isActive(access)).toBe(true)

  const rotated = await call('PUT', `/admin/clients/${id}`, { rotate_secret: true })
  for (const secret of [made.body.client_secret, rotated.body.client_secret])
    expect(await tokenFor({ id, secret: String(secret) }, 'orders:read')).toBeTruthy()

  const off = await call('PUT', `/admin/clients/${id}`, { active: false }, { 'if-match': '"2"' })
  expect([off.status, off.body.active]).toEqual([200, false])
  expect(await isActive(access)).toBe(false)
  const bad = await call('PUT', `/admin/clients/${id}`, { redirect_uris: ['http://shop.example/cb'] })
  expect([bad.status, bad.body.title]).toMatchObject([400, expect.stringContaining('redirect_uris[0]')])
})

test('what was made is in the decision log, with no name, address, password or secret (checklist 34)', async () => {
  const log = JSON.stringify([service.decisions(), service.audits])
  expect(log).toContain('authz/scim/decision')
  expect(log).toContain('scim_changed')
  expect(log).not.toMatch(/hedwig|barbara|a password of hers|@example\.com/i)
})
