/**
 * Sign-out as clients ask for it: OIDC RP-Initiated Logout 1.0, with the modules of the OpenID Foundation's plan by their
 * names, and Back-Channel and Front-Channel Logout 1.0. Checklist 3, 12, 22, 31, 33.
 */
import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  jwtVerify,
  SignJWT,
  UnsecuredJWT,
} from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { DEFAULT_KEY_RULES } from '../../src/auth/keys/rules.ts'
import { sessionIdentifier } from '../../src/auth/token/session-identifier.ts'
import { SIGNING_ALGORITHMS } from '../../src/kernel/signing-algorithms.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser, formOf } from '../servers/browser.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { adminToken } from '../servers/provision.ts'
import { until } from '../servers/redis.ts'
import { openRelyingSite, type RelyingSite } from '../servers/relying-site.ts'
import { begin, discover } from './relying-party.ts'
import { type Answer, post } from './requests.ts'
import { addClient, BYE, signIn, silently } from './signed-in.ts'

let service: TestService
let site: RelyingSite
let shop: TestClient
let mail: TestClient
let browser: Browser
let tokens: Answer['body']
const logged: string[] = []

beforeAll(async () => {
  site = await openRelyingSite()
  service = await startAuthService({
    logger: createLogger({ level: 'warn', destination: { write: (line) => void logged.push(line) } }),
    service: {
      clientsReach: { allow: ['127.0.0.1'], unlisted: 'public' },
      backChannel: { idleMs: 20, backOffMs: 5, attempts: 5 },
      keys: { ...DEFAULT_KEY_RULES, algorithms: SIGNING_ALGORITHMS },
    },
  })
  shop = await addClient(service.store, 'shop')
  mail = await addClient(service.store, 'mail')
})
afterAll(async () => {
  await service.close()
  await site.close()
})
beforeEach(async () => {
  site.told.length = 0
  browser = new Browser(service.issuer)
  tokens = await signIn(service, browser, shop)
})

type Query = Readonly<Record<string, string>>

const endSession = (query: Query, init: RequestInit = {}) =>
  browser.visit(`${service.issuer}/oauth/logout?${new URLSearchParams(query)}`, init)
const hint = () => String(tokens.id_token)
const asked = (query: Query = {}): Query => ({
  id_token_hint: hint(),
  post_logout_redirect_uri: BYE,
  state: 'a b&c',
  ...query,
})
const isActive = async (token: unknown): Promise<unknown> =>
  (await post(service, '/oauth/introspect', service.population.resourceServer, { token: String(token) })).body.active
const refresh = (client: TestClient, token: unknown) =>
  post(service, '/oauth/token', client, { grant_type: 'refresh_token', refresh_token: String(token) })

async function isSignedOut(): Promise<void> {
  expect(await silently(service, browser, shop)).toBe('login_required')
  expect(browser.cookies.has('sallyport_session')).toBe(false)
}

/** A page, no redirect, and the person is as signed in as before. */
async function isRefused(page: Awaited<ReturnType<typeof endSession>>): Promise<void> {
  expect([page.status, page.left]).toEqual([400, undefined])
  expect(page.headers.get('content-type')).toMatch(/^text\/html/)
  expect(page.text).not.toContain('shop.example')
  expect(await silently(service, browser, shop)).toBe('code')
}

describe('the modules of oidcc-rp-initiated-logout-certification-test-plan', () => {
  test('oidcc-rp-initiated-logout: back at the client with its state, and signed out (RP-Initiated Logout 1.0 3)', async () => {
    expect(await isActive(tokens.access_token)).toBe(true)
    const { left } = await endSession(asked())
    expect(left?.href).toBe(`${BYE}&state=a+b%26c`)
    await isSignedOut()
    expect(await isActive(tokens.access_token)).toBe(false)
    const event = service.audits.findLast((audit) => audit.event === 'sign_out')
    expect(event).toMatchObject({ client_id: shop.id, sub: service.population.user.sub })
  })

  test('oidcc-rp-initiated-logout-no-state: back at the client, with nothing added', async () => {
    const { state: _, ...query } = asked()
    expect((await endSession(query)).left?.href).toBe(BYE)
    await isSignedOut()
  })

  test.each([
    ['oidcc-rp-initiated-logout-bad-post-logout-redirect-uri', 'https://shop.example/other'],
    ['oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri', `${BYE}&foo=bar`],
    ['a part of it', BYE.slice(0, -1)],
    ['another case', BYE.replace('bye', 'Bye')],
    ['another encoding', BYE.replace('bye', '%62ye')],
    ['a redirect URI', 'http://127.0.0.1:9/callback'],
    ['a script', 'javascript:alert(1)'],
  ])('%s: an error page, never a redirect (checklist 3)', async (_, uri) => {
    await isRefused(await endSession(asked({ post_logout_redirect_uri: uri })))
  })

  test('oidcc-rp-initiated-logout-bad-id-token-hint: one signed by another key is an error page (checklist 31)', async () => {
    const { privateKey } = await generateKeyPair('ES256')
    const { kid = '' } = decodeProtectedHeader(hint())
    const forged = await new SignJWT(decodeJwt(hint()))
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
      .sign(privateKey)
    await isRefused(await endSession(asked({ id_token_hint: forged })))
  })

  test('oidcc-rp-initiated-logout-modified-id-token-hint: alg none is an error page (checklist 31)', async () => {
    const unsigned = new UnsecuredJWT(decodeJwt(hint())).encode()
    await isRefused(await endSession(asked({ id_token_hint: unsigned })))
  })

  test('oidcc-rp-initiated-logout-no-id-token-hint: an address that nobody vouches for is an error page', async () => {
    await isRefused(await endSession({ post_logout_redirect_uri: BYE, state: 's' }))
  })

  test.each([
    ['oidcc-rp-initiated-logout-no-params', {}],
    ['oidcc-rp-initiated-logout-only-state', { state: 's' }],
  ])('%s: the person is asked, and signed out on a page of ours', async (_, query) => {
    const page = await endSession(query)
    expect([page.status, page.left]).toEqual([200, undefined])
    expect(page.text).toContain('Sign out?')
    expect(await silently(service, browser, shop)).toBe('code')
    const done = await browser.submit(page, { answer: 'sign_out' })
    expect(done.text).toContain('You are signed out')
    await isSignedOut()
  })

  test('oidcc-rp-initiated-logout-no-post-logout-redirect-uri: signed out on a page of ours', async () => {
    const page = await endSession({ id_token_hint: hint(), state: 's' })
    expect(page.text).toContain('You are signed out')
    await isSignedOut()
  })

  test('oidcc-rp-initiated-logout-discovery-endpoint-verification: the endpoint and what it supports are in the metadata', async () => {
    const response = await fetch(`${service.issuer}/.well-known/openid-configuration`)
    expect(await response.json()).toMatchObject({
      end_session_endpoint: `${service.issuer}/oauth/logout`,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
      frontchannel_logout_supported: true,
      frontchannel_logout_session_supported: true,
      claims_supported: expect.arrayContaining(['sid']),
    })
  })
})

describe('whom an id_token_hint proves (RP-Initiated Logout 1.0 2; checklist 31)', () => {
  const isAsked = async (page: Awaited<ReturnType<typeof endSession>>) => {
    expect([page.status, page.left]).toEqual([200, undefined])
    expect(page.text).toContain('Sign out?')
    expect(await silently(service, browser, shop)).toBe('code')
  }

  test('an expired one is as good', async () => {
    service.advance(3600)
    expect((await endSession(asked())).left?.href).toContain(BYE)
    await isSignedOut()
  })

  test('one of another session of the same person does not prove this one: the person is asked', async () => {
    const old = hint()
    await endSession(asked())
    tokens = await signIn(service, browser, shop)
    const page = await endSession(asked({ id_token_hint: old }))
    await isAsked(page)
    expect(page.text).toContain('Client shop')
    const { left } = await browser.submit(page, { answer: 'sign_out' })
    expect(left?.href).toBe(`${BYE}&state=a+b%26c`)
    await isSignedOut()
  })

  test('one that names no session proves none, of the same person too: the person is asked', async () => {
    const bare = await addClient(service.store, `bare-${Math.random()}`, { post_logout_redirect_uris: [] })
    const { id_token: old } = await signIn(service, browser, bare)
    expect(decodeJwt(String(old)).sid).toBeUndefined()
    const page = await endSession({ id_token_hint: String(old) })
    await isAsked(page)
    await browser.submit(page, { answer: 'sign_out' })
    await isSignedOut()
  })

  test('one of before a second sign-in still proves the session that goes on', async () => {
    const old = hint()
    await signIn(service, browser, shop, 'openid', { prompt: 'login' })
    expect((await endSession(asked({ id_token_hint: old }))).left?.href).toContain(BYE)
    await isSignedOut()
  })

  test('a logout_hint of somebody else makes it unproven; that of the person does not', async () => {
    await isAsked(await endSession(asked({ logout_hint: 'bob@example.com' })))
    const named = asked({ logout_hint: service.population.user.userName })
    expect((await endSession(named)).left?.href).toContain(BYE)
  })

  test('client_id alone: asked, and back at its own address', async () => {
    const page = await endSession({ client_id: shop.id, post_logout_redirect_uri: BYE })
    await isAsked(page)
    expect((await browser.submit(page, { answer: 'sign_out' })).left?.href).toBe(BYE)
  })

  test('who wants to stay signed in stays', async () => {
    const page = await endSession({ client_id: shop.id, post_logout_redirect_uri: BYE })
    const stays = await browser.submit(page, { answer: 'stay' })
    expect([stays.status, stays.left]).toEqual([200, undefined])
    expect(await silently(service, browser, shop)).toBe('code')
    expect(await isActive(tokens.access_token)).toBe(true)
  })

  test.each([
    ['another client than the hint says', () => asked({ client_id: mail.id })],
    ['a client that nobody knows', () => ({ client_id: 'nobody' })],
    ['an access token for a hint', () => asked({ id_token_hint: String(tokens.access_token) })],
    ['text for a hint', () => asked({ id_token_hint: 'x' })],
    ['a state that is too long', () => asked({ state: 'x'.repeat(2049) })],
  ])('%s is an error page', async (_, query) => {
    await isRefused(await endSession(query()))
  })

  test('a parameter that comes twice is an error page (RFC 6749 3.1)', async () => {
    const twice = `${new URLSearchParams(asked())}&state=other`
    await isRefused(await browser.visit(`${service.issuer}/oauth/logout?${twice}`))
  })

  test('one that brings its own key is none (RFC 8725 3.5)', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const kid = String(decodeProtectedHeader(hint()).kid)
    const header = { alg: 'ES256', typ: 'JWT', kid, jwk: await exportJWK(publicKey) }
    const forged = await new SignJWT(decodeJwt(hint())).setProtectedHeader(header).sign(privateKey)
    await isRefused(await endSession(asked({ id_token_hint: forged })))
  })

  test('one whose key was revoked is as none: the person is asked, signed out, and led nowhere', async () => {
    const own = await startAuthService()
    onTestFinished(() => own.close())
    const at = await addClient(own.store, 'shop')
    const person = new Browser(own.issuer)
    const { id_token } = await signIn(own, person, at)
    const { kid } = decodeProtectedHeader(String(id_token))
    const authorization = `Bearer ${await adminToken(own.issuer, own.population.admin)}`
    const revoked = await fetch(`${own.issuer}/admin/keys/${kid}/revoke`, {
      method: 'POST',
      headers: { authorization },
    })
    expect(revoked.status).toBe(200)
    for (const more of [{}, { client_id: at.id }]) {
      const query = new URLSearchParams({ id_token_hint: String(id_token), post_logout_redirect_uri: BYE, ...more })
      const page = await person.visit(`${own.issuer}/oauth/logout?${query}`)
      expect([page.status, page.left]).toEqual([200, undefined])
      expect(page.text).toContain('Sign out?')
      expect(await silently(own, person, at)).toBe('code')
    }
    const query = new URLSearchParams({ id_token_hint: String(id_token), post_logout_redirect_uri: BYE })
    const page = await person.visit(`${own.issuer}/oauth/logout?${query}`)
    const done = await person.submit(page, { answer: 'sign_out' })
    expect([done.left, done.text.includes('You are signed out')]).toEqual([undefined, true])
    expect(await silently(own, person, at)).toBe('login_required')
  })

  test.each([
    ['of another issuer', { iss: 'https://other.example' }, {}],
    ['that is no ID token', {}, { typ: 'at+jwt' }],
    ['that brings more in its header', {}, { jku: 'https://evil.example/' }],
  ])('one under an unknown key %s is an error page', async (_, claims, header) => {
    const { privateKey } = await generateKeyPair('ES256')
    const forged = await new SignJWT({ ...decodeJwt(hint()), ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: 'gone', ...header })
      .sign(privateKey)
    await isRefused(await endSession(asked({ id_token_hint: forged })))
  })

  test('nobody is signed in: back at the client all the same', async () => {
    const query = asked()
    await endSession(query)
    expect((await endSession(query)).left?.href).toBe(`${BYE}&state=a+b%26c`)
  })

  test('an inactive client asks for nothing', async () => {
    const gone = await addClient(service.store, `gone-${Math.random()}`)
    const record = await service.store.clients.find(TENANT, gone.id)
    if (record) await service.store.clients.replace(TENANT, { ...record, active: false }, record.version)
    const page = await endSession({ client_id: gone.id, post_logout_redirect_uri: BYE })
    expect([page.status, page.left]).toEqual([400, undefined])
    expect(await silently(service, browser, shop)).toBe('code')
  })

  test('POST does what GET does; without our cookie, as from another site, the browser comes again by GET', async () => {
    const stranger = new Browser(service.issuer)
    const init = { method: 'POST', body: new URLSearchParams(asked()) }
    const posted = await fetch(`${service.issuer}/oauth/logout`, { ...init, redirect: 'manual' })
    expect(posted.status).toBe(303)
    expect(posted.headers.get('location')).toBe(`/oauth/logout?${new URLSearchParams(asked())}`)
    expect((await stranger.visit(`${service.issuer}/oauth/logout`, init)).left?.href).toContain(BYE)
    expect(await silently(service, browser, shop)).toBe('code')
    expect((await browser.visit(`${service.issuer}/oauth/logout`, init)).left?.href).toContain(BYE)
    await isSignedOut()
  })
})

describe('the form that signs out (checklist 12)', () => {
  const forms: [string, (fields: URLSearchParams) => void][] = [
    ['without its token', (fields) => fields.delete('form_token')],
    ['with another address', (fields) => fields.set('post_logout_redirect_uri', 'https://shop.example/second')],
    ['with another state', (fields) => fields.set('state', 'other')],
    ['without the address', (fields) => fields.delete('post_logout_redirect_uri')],
    ['for another client', (fields) => fields.set('client_id', mail.id)],
  ]
  test.each(forms)('%s does nothing', async (_, change) => {
    const both = { post_logout_redirect_uris: [BYE, 'https://shop.example/second'] }
    const record = await service.store.clients.find(TENANT, shop.id)
    if (record) await service.store.clients.replace(TENANT, { ...record, metadata: both }, record.version)
    const page = await endSession({ client_id: shop.id, post_logout_redirect_uri: BYE, state: 's' })
    const { action, fields } = formOf(page)
    change(fields)
    const answer = await browser.visit(action, { method: 'POST', body: fields })
    expect([answer.status, answer.left]).toEqual([403, undefined])
    expect(await silently(service, browser, shop)).toBe('code')
  })

  test('sent from another site does nothing', async () => {
    const { action, fields } = formOf(await browser.visit(`${service.issuer}/logout`))
    const headers = { 'sec-fetch-site': 'cross-site' }
    const answer = await browser.visit(action, { method: 'POST', body: fields, headers })
    expect(answer.status).toBe(403)
    expect(await silently(service, browser, shop)).toBe('code')
  })

  test('our own page signs out too', async () => {
    const page = await browser.visit(`${service.issuer}/logout`)
    expect(page.text).toContain(service.population.user.userName)
    expect((await browser.submit(page, { answer: 'sign_out' })).text).toContain('You are signed out')
    await isSignedOut()
    for (const init of [{}, { method: 'POST' }])
      expect((await browser.visit(`${service.issuer}/logout`, init)).text).toContain('You are signed out')
  })
})

describe('what ends with a session (Back-Channel Logout 2.7; checklist 22 and 31)', () => {
  test('all that its clients hold, and nothing of another session', async () => {
    const elsewhere = await signIn(service, new Browser(service.issuer), shop)
    const second = await signIn(service, browser, mail, 'openid email')
    await endSession(asked())
    expect(await isActive(tokens.access_token)).toBe(false)
    expect(await isActive(second.access_token)).toBe(false)
    expect(await isActive(elsewhere.access_token)).toBe(true)
    const { status } = await fetch(`${service.issuer}/oauth/userinfo`, {
      headers: { authorization: `Bearer ${second.access_token}` },
    })
    expect(status).toBe(401)
  })

  test('as policy ships: what was given for offline access goes on by its refresh token, its access tokens do not', async () => {
    const offline = await signIn(service, browser, mail, 'openid offline_access orders:read')
    await endSession(asked())
    expect(await isActive(offline.access_token)).toBe(false)
    const next = await refresh(mail, offline.refresh_token)
    expect(next.status).toBe(200)
    expect(await isActive(next.body.access_token)).toBe(true)
    const events = service.audits.map(({ event, client_id }) => `${event} ${client_id}`)
    expect(events).toEqual(expect.arrayContaining(['grant_tokens_revoked mail', 'grant_revoked shop']))
  })

  test('a code that nobody has redeemed', async () => {
    const { url, verifier } = await begun()
    const code = (await browser.visit(url)).left?.searchParams.get('code') ?? ''
    await endSession(asked())
    const form = { grant_type: 'authorization_code', code, redirect_uri: 'http://127.0.0.1:9/callback' }
    const { body } = await post(service, '/oauth/token', shop, { ...form, code_verifier: verifier })
    expect(body.error).toBe('invalid_grant')
  })

  const begun = async () => begin(await discover(service.issuer, shop), 'openid')
})

describe('sid (Back-Channel Logout 2.1; checklist 33)', () => {
  test('is one for a client in a session, another for each client and session, and nothing of the cookie', async () => {
    const sid = (of: Answer['body']) => String(decodeJwt(String(of.id_token)).sid)
    const again = await signIn(service, browser, shop, 'openid')
    const atMail = await signIn(service, browser, mail, 'openid')
    const elsewhere = await signIn(service, new Browser(service.issuer), shop, 'openid')
    expect(sid(again)).toBe(sid(tokens))
    expect(sid(tokens)).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(new Set([sid(tokens), sid(atMail), sid(elsewhere)]).size).toBe(3)
    const grants = await service.store.grants.list(TENANT, { clientId: shop.id }, 0, 10)
    for (const { sid: own } of grants.records) expect(sid(tokens)).not.toContain(own ?? '')
  })
})

describe('back-channel logout', () => {
  let told: TestClient
  beforeAll(async () => {
    told = await addClient(service.store, 'told', {
      backchannel_logout_uri: `${site.origin}/backchannel_logout`,
      backchannel_logout_session_required: true,
    })
  })

  test('oidcc-backchannel-rp-initiated-logout: the client is sent a logout token of its session (2.4 and 2.5; checklist 31)', async () => {
    const atTold = await signIn(service, browser, told, 'openid')
    await endSession(asked())
    await until(async () => site.told.length > 0, 'the client is told')
    const [{ contentType, logoutToken } = { contentType: '', logoutToken: '' }] = site.told
    expect(contentType).toBe('application/x-www-form-urlencoded')
    const { typ, alg, kid } = decodeProtectedHeader(logoutToken)
    const idToken = decodeJwt(String(atTold.id_token))
    expect({ typ, alg, kid }).toEqual({ ...decodeProtectedHeader(String(atTold.id_token)), typ: 'logout+jwt' })
    const claims = decodeJwt(logoutToken)
    expect(claims).toEqual({
      iss: service.issuer,
      aud: told.id,
      sub: idToken.sub,
      sid: idToken.sid,
      iat: expect.any(Number),
      exp: Number(claims.iat) + 120,
      jti: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    })
    const keys = createRemoteJWKSet(new URL(`${service.issuer}/oauth/jwks`))
    await jwtVerify(logoutToken, keys, { typ: 'logout+jwt' })
    await until(async () => (await service.store.logouts.waiting(TENANT)) === 0, 'nothing is left to do')
    expect(site.told).toHaveLength(1)
    expect(service.audits).toContainEqual(expect.objectContaining({ event: 'logout_delivered', client_id: told.id }))
  })

  test.each(['PS256', 'EdDSA'])('is signed by %s where the ID tokens of the client are (2.4)', async (alg) => {
    const metadata = { backchannel_logout_uri: `${site.origin}/told`, id_token_signed_response_alg: alg }
    const other = await addClient(service.store, `signed-${alg}`, metadata)
    const { id_token } = await signIn(service, browser, other, 'openid')
    await endSession(asked())
    await until(async () => site.told.length > 0, 'the client is told')
    const { kid } = decodeProtectedHeader(String(id_token))
    expect(decodeProtectedHeader(site.told[0]?.logoutToken ?? '')).toEqual({ typ: 'logout+jwt', alg, kid })
  })

  test('is tried again until the client takes it, with another token each time (checklist 31)', async () => {
    await signIn(service, browser, told, 'openid')
    site.answers.push(500, 400, 302)
    await endSession(asked())
    await until(async () => site.told.length === 4, 'the client takes it')
    expect(new Set(site.told.map(({ logoutToken }) => decodeJwt(logoutToken).jti)).size).toBe(4)
    await until(async () => (await service.store.logouts.waiting(TENANT)) === 0, 'nothing is left to do')
  })

  test('a client that does not answer holds up no other', async () => {
    const hanging = await openRelyingSite()
    const deaf = await addClient(service.store, 'deaf', { backchannel_logout_uri: `${hanging.origin}/told` })
    hanging.answers.push(...Array.from({ length: 100 }, () => 0))
    const createdAt = Math.floor(Date.now() / 1000)
    const waiting = Array.from({ length: 40 }, (_, index) => `client ${index} deaf`)
    const part = { v: 1, kind: 'client', clientId: deaf.id, sub: 'somebody', attempts: 0, createdAt } as const
    await Promise.all(waiting.map((id) => service.store.logouts.add(TENANT, { ...part, id, sid: id }, 0)))
    try {
      await until(async () => hanging.told.length === 4, 'as many as one client is asked at once')
      await signIn(service, browser, told, 'openid')
      await endSession(asked())
      await until(async () => site.told.length === 1, 'another client is told', 5000)
      expect(hanging.told).toHaveLength(4)
    } finally {
      await Promise.all(waiting.map((id) => service.store.logouts.remove(TENANT, id)))
      await hanging.close()
    }
  })

  test('is given up at last, and audit says so', async () => {
    await signIn(service, browser, told, 'openid')
    site.answers.push(...Array.from({ length: 5 }, () => 503))
    await endSession(asked())
    await until(async () => (await service.store.logouts.waiting(TENANT)) === 0, 'nothing is left to do')
    expect(site.told).toHaveLength(5)
    expect(service.audits).toContainEqual(
      expect.objectContaining({ event: 'logout_not_delivered', client_id: told.id, detail: 'refused' }),
    )
    site.answers.length = 0
  })

  test('a client that fails is told of in the log, once until it takes one again', async () => {
    const warned = () => logged.map((line) => JSON.parse(line)).filter(({ client_id }) => client_id === 'failing')
    const failing = await addClient(service.store, 'failing', { backchannel_logout_uri: `${site.origin}/failing` })
    for (const [answers, times] of [
      [[500, 500, 200], 1],
      [[], 1],
      [[503], 2],
    ] as const) {
      const other = new Browser(service.issuer)
      const { id_token } = await signIn(service, other, failing, 'openid')
      site.answers.push(...answers)
      await other.visit(`${service.issuer}/oauth/logout?id_token_hint=${id_token}`)
      const asked = () => site.told.filter(({ logoutToken }) => decodeJwt(logoutToken).aud === failing.id).length
      await until(async () => asked() >= Math.max(1, answers.length), 'it is told')
      await until(async () => (await service.store.logouts.waiting(TENANT)) === 0, 'nothing is left to do')
      expect(warned()).toHaveLength(times)
    }
    expect(warned()[0]).toMatchObject({ level: 40, outcome: 'refused', msg: expect.stringContaining('sign-out') })
    expect(logged.join()).not.toContain(service.population.user.sub)
  })

  test('goes nowhere that the way out does not lead to (checklist 48)', async () => {
    const inside = await addClient(service.store, 'inside', { backchannel_logout_uri: 'http://169.254.169.254/latest' })
    await signIn(service, browser, inside, 'openid')
    await endSession(asked())
    const told = () =>
      service.audits.find(({ event, client_id }) => event === 'logout_not_delivered' && client_id === 'inside')
    await until(async () => told() !== undefined, 'it is given up')
    expect(told()).toMatchObject({ detail: 'denied' })
  })

  test('a sign-out that a node wrote down and did not live to do is done by another', async () => {
    const atTold = await signIn(service, browser, told, 'openid')
    const { records } = await service.store.sessions.list(TENANT, { sub: service.population.user.sub }, 0, 100)
    const { sid: named } = decodeJwt(String(atTold.id_token))
    const session = records.find(({ sid }) => sessionIdentifier(sid, told.id) === named)
    const { sid = '', sub = '' } = session ?? {}
    const task = { v: 1, id: `session ${sid}`, kind: 'session', sid, sub, ends: 'all', createdAt: 1 } as const
    await service.store.logouts.add(TENANT, task, 0)
    await until(async () => site.told.length > 0, 'the client is told')
    expect(decodeJwt(site.told[0]?.logoutToken ?? '').sid).toBe(named)
    expect(await isActive(atTold.access_token)).toBe(false)
    expect(await silently(service, browser, shop)).toBe('login_required')
    await until(async () => (await service.store.logouts.waiting(TENANT)) === 0, 'nothing is left to do')
  })

  test('so is one whose grants have ended long ago, by time or revocation (2.3; checklist 31)', async () => {
    const revoked = await addClient(service.store, 'revoked', { backchannel_logout_uri: `${site.origin}/revoked` })
    await signIn(service, browser, revoked, 'openid')
    await signIn(service, browser, told, 'openid')
    const [grant] = (await service.store.grants.list(TENANT, { clientId: revoked.id }, 0, 1)).records
    await service.store.grants.revoke(TENANT, grant?.grantId ?? '')
    service.advance(100 * 60)
    expect((await service.store.grants.list(TENANT, { clientId: told.id }, 0, 1)).total).toBe(0)
    await endSession(asked())
    await until(async () => site.told.length === 2, 'both are told')
    const audiences = site.told.map(({ logoutToken }) => decodeJwt(logoutToken).aud)
    expect(audiences.toSorted()).toEqual([revoked.id, told.id])
  })

  test('a client without an address hears nothing, nor one that this session was not used at', async () => {
    await signIn(service, new Browser(service.issuer), told, 'openid')
    await signIn(service, browser, mail, 'openid')
    await endSession(asked())
    await until(async () => (await service.store.logouts.waiting(TENANT)) === 0, 'nothing is left to do')
    expect(site.told).toEqual([])
  })

  test('reads the same whatever else is signed: a logout token is no hint and no access token', async () => {
    await signIn(service, browser, told, 'openid')
    const mine = tokens
    await endSession({ id_token_hint: String(mine.id_token) })
    await until(async () => site.told.length > 0, 'the client is told')
    const logoutToken = site.told[0]?.logoutToken ?? ''
    tokens = await signIn(service, browser, shop)
    await isRefused(await endSession({ id_token_hint: logoutToken }))
    expect(await isActive(logoutToken)).toBe(false)
  })
})

describe('front-channel logout (2 and 3)', () => {
  test('the signed-out page frames each client by its own sid, and nothing else can be framed', async () => {
    const framed = await addClient(service.store, 'framed', {
      frontchannel_logout_uri: 'https://framed.example/bye?x=1',
      frontchannel_logout_session_required: true,
    })
    const { id_token } = await signIn(service, browser, framed, 'openid')
    service.advance(100 * 60)
    const page = await endSession(asked())
    expect([page.status, page.left]).toEqual([200, undefined])
    const { sid, iss } = decodeJwt(String(id_token))
    const address = `https://framed.example/bye?x=1&${new URLSearchParams({ iss: String(iss), sid: String(sid) })}`
    expect(page.text).toContain(
      `<iframe src="${address.replaceAll('&', '&amp;')}" sandbox="allow-scripts allow-same-origin" hidden></iframe>`,
    )
    expect(page.headers.get('content-security-policy')).toMatch(/; frame-src https:\/\/framed\.example$/)
    expect(page.text).toContain(`content="2;url=${`${BYE}&state=a+b%26c`.replaceAll('&', '&amp;')}"`)
    await isSignedOut()
  })
})
