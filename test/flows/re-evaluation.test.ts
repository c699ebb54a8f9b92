/**
 * Access that was given is judged again at each use: what an administrator ends, a person or client that changes, and a
 * policy that is edited take effect at the next introspection, refresh and userinfo, without a new token. Checklist 22, 30.
 */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { OPERATIONS } from '../../src/auth/openapi/operations.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { adminToken } from '../servers/provision.ts'
import { openRelyingSite, type RelyingSite } from '../servers/relying-site.ts'
import { until } from '../servers/until.ts'
import { goThrough, parametersOf, redeemCode, registerClient, told, urlOf } from './authorization.ts'
import { type Answer, answerOf, post } from './requests.ts'
import { addClient, signIn, silently } from './signed-in.ts'

const SCOPE = 'openid profile offline_access orders:read'

let service: TestService
let site: RelyingSite
let admin: string
let shop: TestClient
let browser: Browser
let tokens: Answer['body']

beforeAll(async () => {
  site = await openRelyingSite()
  service = await startAuthService({
    service: { clientsReach: { allow: ['127.0.0.1'], unlisted: 'public' }, backChannel: { idleMs: 20 } },
  })
  admin = await adminToken(service.issuer, service.population.admin)
})
afterAll(async () => {
  await service.close()
  await site.close()
})
beforeEach(async () => {
  site.told.length = 0
  shop = await addClient(service.store, `shop-${Math.random().toString(36).slice(2)}`, {
    backchannel_logout_uri: `${site.origin}/told`,
  })
  browser = new Browser(service.issuer)
  tokens = await signIn(service, browser, shop, SCOPE)
})

async function call(method: string, path: string, token = admin, json?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, ...(json && { 'content-type': 'application/json' }) }
  const body = json && { body: JSON.stringify(json) }
  return answerOf(await fetch(`${service.issuer}${path}`, { method, headers, ...body }))
}

const introspected = async (token: unknown) =>
  (await post(service, '/oauth/introspect', service.population.resourceServer, { token: String(token) })).body
const refreshed = (token: unknown, client = shop) =>
  post(service, '/oauth/token', client, { grant_type: 'refresh_token', refresh_token: String(token) })
const userinfoStatus = async (token: unknown) => (await call('GET', '/oauth/userinfo', String(token))).status

const toldOf = ({ id }: TestClient) => site.told.filter(({ logoutToken }) => decodeJwt(logoutToken).aud === id)

/** At every place where it could still be used. */
async function hasEnded({ access_token, refresh_token }: Answer['body'] = tokens): Promise<void> {
  expect(await introspected(access_token)).toEqual({ active: false })
  expect(await introspected(refresh_token)).toEqual({ active: false })
  expect(await userinfoStatus(access_token)).toBe(401)
  expect((await refreshed(refresh_token)).body.error).toBe('invalid_grant')
}
async function goesOn(): Promise<void> {
  expect((await introspected(tokens.access_token)).active).toBe(true)
  expect(await userinfoStatus(tokens.access_token)).toBe(200)
  const next = await refreshed(tokens.refresh_token)
  expect(next.status).toBe(200)
}

const mine = async (): Promise<{ readonly sid: string; readonly grantId: string }> => {
  const { body } = await call('GET', `/admin/grants?client_id=${shop.id}`)
  const [grant] = body.grants as Record<string, unknown>[]
  return { sid: String(grant?.sid), grantId: String(grant?.grant_id) }
}

describe('the admin API', () => {
  test('lists grants of a client, a person and a session, with what they allow, and no secret', async () => {
    const { sid, grantId } = await mine()
    const person = service.population.user.sub
    for (const query of [`client_id=${shop.id}`, `sid=${sid}`]) {
      const { status, body } = await call('GET', `/admin/grants?${query}`)
      expect(status).toBe(200)
      expect(body).toMatchObject({ total: 1, offset: 0 })
      expect(body.grants).toEqual([
        {
          grant_id: grantId,
          client_id: shop.id,
          sub: person,
          sid,
          scopes: expect.arrayContaining(['openid', 'offline_access']),
          audience: ['urn:sallyport:default'],
          acr: 'urn:sallyport:acr:password',
          amr: ['pwd'],
          auth_time: expect.any(Number),
          created_at: expect.any(Number),
          expires_at: expect.any(Number),
          live: true,
        },
      ])
    }
    await signIn(service, new Browser(service.issuer), shop)
    const all = (await call('GET', `/admin/grants?sub=${person}&limit=1&offset=1`)).body
    expect(all.grants).toHaveLength(1)
    expect(Number(all.total)).toBeGreaterThan(1)
  })

  test('lists sessions of a person or all, in pages', async () => {
    const { sid } = await mine()
    const person = service.population.user.sub
    const { body } = await call('GET', `/admin/sessions?sub=${person}`)
    const found = (body.sessions as Record<string, unknown>[]).find((session) => session.sid === sid)
    expect(found).toEqual({
      sid,
      sub: person,
      acr: 'urn:sallyport:acr:password',
      amr: ['pwd'],
      auth_time: expect.any(Number),
      created_at: expect.any(Number),
      expires_at: expect.any(Number),
      idle_ends_at: expect.any(Number),
      last_seen_at: expect.any(Number),
      browser: 'other',
      system: 'other',
      networks: ['127.0.0.0/24'],
      device_bound: false,
      live: true,
    })
    const one = (await call('GET', '/admin/sessions?limit=1')).body
    expect(one.sessions).toHaveLength(1)
    expect(one.total).toBe(body.total)
    expect((await call('GET', '/admin/sessions?sub=nobody')).body).toEqual({ total: 0, offset: 0, sessions: [] })
  })

  test.each(['', '?sub=a&client_id=b', '?sub=a&offset=x', '?sid=a&limit=-1'])(
    'refuses GET /admin/grants%s',
    async (query) => {
      const { status, headers } = await call('GET', `/admin/grants${query}`)
      expect(status).toBe(400)
      expect(headers.get('content-type')).toMatch(/problem\+json/)
    },
  )

  test.each([
    ['sessions', 'sub='],
    ['grants', 'client_id='],
    ['grants', 'sub=nobody&sid='],
    ['clients', 'offset='],
  ])('refuses GET /admin/%s?%s, rather than answer all', async (what, query) => {
    const { status, body } = await call('GET', `/admin/${what}?${query}`)
    expect([status, body.title]).toEqual([400, expect.stringMatching(/^\w+ must not be empty\.$/)])
  })

  test.each([
    ['sessions', 'user'],
    ['grants', 'user'],
    ['clients', 'name'],
    ['keys', 'offset'],
  ])('refuses GET /admin/%s with a parameter that it does not take, rather than answer all', async (what, name) => {
    const answer = await call('GET', `/admin/${what}?${what === 'grants' ? 'sub=nobody&' : ''}${name}=nobody`)
    expect(answer.status).toBe(400)
    expect(answer.body.title).toMatch(/^This address takes (no|only the) query parameters/)
    expect(answer.body.title).not.toContain('nobody')
    const twice = await call('GET', `/admin/${what}?sub=nobody&sub=nobody`)
    expect([twice.status, twice.body.code]).toEqual([400, 'bad_request'])
  })

  test('takes the parameters that the OpenAPI document names for its lists, and no other', async () => {
    for (const what of ['sessions', 'grants', 'clients', 'keys']) {
      const { parameters = [] } = OPERATIONS[`GET /admin/${what}`] ?? {}
      const told = (await call('GET', `/admin/${what}?x=y`)).body.title
      const named = /parameters (.*)\.$/.exec(String(told))?.[1]?.split(', ') ?? []
      expect(named.sort(), what).toEqual([...parameters].sort())
    }
  })

  test.each([
    ['DELETE', '/admin/sessions/nosuch', 'There is no session of this sid.'],
    ['DELETE', '/admin/grants/nosuch', 'There is no grant of this id.'],
    ['POST', '/admin/users/nosuch/revoke', 'There is no user of this sub.'],
    ['POST', '/admin/clients/nosuch/revoke', 'There is no client of this client_id.'],
    ['GET', '/admin/clients/nosuch', 'There is no client of this client_id.'],
    ['DELETE', '/admin/clients/nosuch', 'There is no client of this client_id.'],
  ])('%s %s says what is not there', async (method, path, title) => {
    const { status, body } = await call(method, path)
    expect([status, body.title]).toEqual([404, title])
  })

  test('ends a session: its cookie, its grants for offline access too, and its clients are told', async () => {
    const other = await signIn(service, new Browser(service.issuer), shop, SCOPE)
    const { records } = await service.store.grants.list(TENANT, { clientId: shop.id }, 0, 10)
    const session = records.find(({ grantId }) => String(tokens.refresh_token).startsWith(grantId))
    expect((await call('DELETE', `/admin/sessions/${session?.sid}`)).status).toBe(204)
    await hasEnded()
    expect(await silently(service, browser, shop)).toBe('login_required')
    expect((await introspected(other.access_token)).active).toBe(true)
    await until(async () => toldOf(shop).length === 1, 'the client is told')
    expect((await call('DELETE', `/admin/sessions/${session?.sid}`)).status).toBe(404)
    expect(service.audits).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ event: 'session_ended', resource: `session:${session?.sid}` }),
        expect.objectContaining({ event: 'admin_changed', detail: 'end', resource: `session:${session?.sid}` }),
      ]),
    )
  })

  test('revokes a grant, and the session goes on', async () => {
    const { grantId } = await mine()
    expect((await call('DELETE', `/admin/grants/${grantId}`)).status).toBe(204)
    await hasEnded()
    expect(await silently(service, browser, shop)).toBe('code')
    const { grants } = (await call('GET', `/admin/grants?client_id=${shop.id}`)).body
    expect(grants).toContainEqual(expect.objectContaining({ grant_id: grantId, live: false }))
    expect((await call('DELETE', `/admin/grants/${'0'.repeat(33)}`)).status).toBe(404)
  })

  test('revokes all of a person: every session, grant and token of every browser and client', async () => {
    const elsewhere = new Browser(service.issuer)
    const more = await signIn(service, elsewhere, shop, SCOPE)
    const { status, body } = await call('POST', `/admin/users/${service.population.user.sub}/revoke`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ sub: service.population.user.sub })
    expect(Number(body.sessions_ended)).toBeGreaterThanOrEqual(2)
    await hasEnded()
    await hasEnded(more)
    for (const one of [browser, elsewhere]) expect(await silently(service, one, shop)).toBe('login_required')
    await until(async () => toldOf(shop).length === 2, 'the client is told of both sessions')
    expect((await call('GET', `/admin/sessions?sub=${service.population.user.sub}`)).body.total).toBe(0)
    tokens = await signIn(service, new Browser(service.issuer), shop, SCOPE)
    await goesOn()
  })

  test('revokes all of a client, and nothing of another', async () => {
    const other = await addClient(service.store, `other-${Math.random().toString(36).slice(2)}`)
    const atOther = await signIn(service, browser, other, SCOPE)
    expect((await call('POST', `/admin/clients/${shop.id}/revoke`)).status).toBe(200)
    await hasEnded()
    expect((await introspected(atOther.access_token)).active).toBe(true)
    tokens = await signIn(service, browser, shop, SCOPE)
    await goesOn()
  })

  test.each([
    ['GET', '/admin/sessions'],
    ['GET', '/admin/grants?sub=a'],
    ['DELETE', '/admin/sessions/x'],
    ['DELETE', '/admin/grants/x'],
    ['POST', '/admin/users/x/revoke'],
    ['POST', '/admin/clients/x/revoke'],
  ])('%s %s is for administrators: without a token 401, with another 403', async (method, path) => {
    expect((await answerOf(await fetch(`${service.issuer}${path}`, { method }))).status).toBe(401)
    expect((await call(method, path, String(tokens.access_token))).status).toBe(403)
  })
})

describe('what changes elsewhere', () => {
  const person = () => `/scim/v2/Users/${service.population.user.sub}`
  const replaceUser = async (values: object) => {
    const { body } = await call('GET', person())
    const { userName, displayName, emails, roles } = body
    const answer = await call('PUT', person(), admin, {
      schemas: body.schemas,
      userName,
      displayName,
      emails,
      roles,
      ...values,
    })
    expect(answer.status).toBe(200)
  }
  const changeClient = async (values: object, { id } = shop) => {
    const { body } = await call('GET', `/admin/clients/${id}`)
    expect((await call('PUT', `/admin/clients/${id}`, admin, { ...body, ...values })).status).toBe(200)
  }

  test('a person who is deactivated by SCIM has nothing left, and does not get it back', async () => {
    await replaceUser({ active: false })
    await hasEnded()
    expect(await silently(service, browser, shop)).toBe('login_required')
    await replaceUser({ active: true })
    await hasEnded()
  })

  test('a new password ends sessions and grants', async () => {
    const { password } = service.population.user
    await replaceUser({ password: `${password} anew` })
    await hasEnded()
    expect(await silently(service, browser, shop)).toBe('login_required')
    await replaceUser({ password })
  })

  test('roles given and taken by SCIM show at the next introspection and refresh, with the same token', async () => {
    expect((await introspected(tokens.access_token)).permissions).toEqual(['orders:read', 'profile:read'])
    await replaceUser({ roles: [] })
    expect((await introspected(tokens.access_token)).permissions).toEqual([])
    await replaceUser({ roles: [{ value: 'user' }] })
    expect((await introspected(tokens.access_token)).permissions).toEqual(['orders:read', 'profile:read'])
    await goesOn()
  })

  test('a client that loses a scope has it no more at the next refresh; one that is deactivated has nothing', async () => {
    await changeClient({ scopes: ['openid', 'offline_access'] })
    const next = await refreshed(tokens.refresh_token)
    expect(next.body.scope).toBe('offline_access openid')
    await changeClient({ active: false })
    expect(await introspected(next.body.access_token)).toEqual({ active: false })
    expect(await userinfoStatus(next.body.access_token)).toBe(401)
    expect((await refreshed(next.body.refresh_token)).status).toBeGreaterThanOrEqual(400)
  })

  test('scopes and a resource that a client loses count nowhere any more, with the same tokens', async () => {
    const orders = 'urn:example:orders'
    const audience = ['urn:sallyport:default', orders]
    const two = await registerClient(service, `two-${Math.random().toString(36).slice(2)}`, {}, { firstParty: true })
    const api = await addClient(service.store, `api-${two.id}`, {}, { resources: [orders] })
    const named = audience.map((resource) => `&resource=${encodeURIComponent(resource)}`).join('')
    const url = urlOf(service.issuer, parametersOf(two, { scope: 'openid profile email offline_access' }))
    const { body } = await redeemCode(service, two, told(await goThrough(browser, service, `${url}${named}`)).code)
    const seenBy = async (who: TestClient) =>
      (await post(service, '/oauth/introspect', who, { token: String(body.access_token) })).body
    expect(await seenBy(api)).toMatchObject({ aud: audience.toReversed(), scope: body.scope })
    expect((await call('GET', '/oauth/userinfo', String(body.access_token))).body).toHaveProperty('email')

    await changeClient({ scopes: ['openid', 'offline_access'], audience: ['urn:sallyport:default'] }, two)
    expect(await seenBy(api)).toEqual({ active: false })
    const seen = await seenBy(service.population.resourceServer)
    expect(seen).toMatchObject({ aud: 'urn:sallyport:default', scope: 'offline_access openid', permissions: [] })
    const person = await call('GET', '/oauth/userinfo', String(body.access_token))
    expect([person.status, person.body]).toEqual([200, { sub: service.population.user.sub }])
    const next = await refreshed(body.refresh_token, two)
    expect(decodeJwt(String(next.body.access_token)).aud).toBe('urn:sallyport:default')
    const lost = { grant_type: 'refresh_token', refresh_token: String(next.body.refresh_token), resource: orders }
    expect((await post(service, '/oauth/token', two, lost)).body.error).toBe('invalid_target')

    await changeClient({ scopes: ['offline_access'] }, two)
    expect(await userinfoStatus(next.body.access_token)).toBe(403)
  })

  test('a scope that an administrator’s client loses opens no door of ours any more, with the same token', async () => {
    const parts = { grantTypes: ['client_credentials'], scopes: ['admin', 'scim'], roles: ['platform_admin'] }
    const other = await addClient(service.store, `desk-${Math.random().toString(36).slice(2)}`, {}, parts)
    const token = await adminToken(service.issuer, other)
    const statuses = async () =>
      [await call('GET', '/admin/keys', token), await call('GET', person(), token)].map(({ status }) => status)
    expect(await statuses()).toEqual([200, 200])
    await changeClient({ scopes: ['scim'] }, other)
    expect(await statuses()).toEqual([403, 200])
    await changeClient({ scopes: [] }, other)
    expect(await statuses()).toEqual([403, 403])
  })

  test('a client that is deleted leaves nothing', async () => {
    expect((await call('DELETE', `/admin/clients/${shop.id}`)).status).toBe(204)
    expect(await introspected(tokens.access_token)).toEqual({ active: false })
    expect(await userinfoStatus(tokens.access_token)).toBe(401)
    expect((await refreshed(tokens.refresh_token)).body.error).toBe('invalid_client')
  })
})
