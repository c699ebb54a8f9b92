/** Pushed authorization requests over a whole flow. RFC 9126, RFC 9449 10.1, FAPI 2.0 Security Profile 5.3.2.2. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digestOf } from '../../src/kernel/ids.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { REDIRECT_URI, TENANT, type TestClient } from '../servers/population.ts'
import { goThrough, parametersOf, redeemCode, registerClient, signedIn, told, urlOf } from './authorization.ts'
import { answerOf, post } from './requests.ts'

let service: TestService
let bound: TestClient

beforeAll(async () => {
  service = await startAuthService()
  bound = await registerClient(service, 'bound', { require_pushed_authorization_requests: true }, { firstParty: true })
})
afterAll(() => service.close())

const push = (client: TestClient, more: Record<string, string | undefined> = {}) =>
  post(service, '/oauth/par', client, parametersOf(client, more))

async function pushed(client: TestClient, more: Record<string, string | undefined> = {}): Promise<string> {
  const { status, body } = await push(client, more)
  expect(status).toBe(201)
  return String(body.request_uri)
}

const begin = (client: Pick<TestClient, 'id'>, request_uri: string, more: Record<string, string> = {}) =>
  urlOf(service.issuer, { client_id: client.id, request_uri, ...more })

test('a pushed request gives a request_uri for less than ten minutes, and a code (RFC 9126 2.2; checklist 13)', async () => {
  const answer = await push(bound, { scope: 'openid profile' })
  expect(answer.status).toBe(201)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.body).toEqual({
    request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{43}$/),
    expires_in: 60,
  })
  const page = await goThrough(new Browser(service.issuer), service, begin(bound, String(answer.body.request_uri)))
  expect(told(page)).toMatchObject({ state: 'st&ate=1', iss: service.issuer })
  const { status, body } = await redeemCode(service, bound, told(page).code)
  expect(status).toBe(200)
  expect(body.scope).toBe('openid profile')
})

test('what anybody may push is kept within bounds (RFC 9126 2.3)', async () => {
  const { status, body } = await push(service.population.spa, { ui_locales: 'x'.repeat(8 * 1024) })
  expect([status, body.error]).toEqual([400, 'invalid_request'])
  expect(body.error_description).toBe('A pushed request takes at most 8192 bytes of parameters.')
  expect((await push(service.population.spa, { ui_locales: 'x'.repeat(6 * 1024) })).status).toBe(201)
})

test('what the browser brings besides client_id counts for nothing (RFC 9126 4; checklist 13)', async () => {
  const uri = await pushed(bound, { scope: 'openid', state: 'pushed' })
  const url = begin(bound, uri, {
    scope: 'openid email',
    state: 'direct',
    redirect_uri: 'https://evil.example/',
    response_mode: 'fragment',
    prompt: 'none',
  })
  const page = await goThrough(new Browser(service.issuer), service, url)
  expect(page.left?.href.startsWith(`${REDIRECT_URI}?`)).toBe(true)
  expect(told(page).state).toBe('pushed')
  expect((await redeemCode(service, bound, told(page).code)).body.scope).toBe('openid')
})

describe('one use (checklist 13)', () => {
  test('the page may be loaded again before sign-in ends, and one code comes of it (fapi2-par-ensure-reused-request-uri)', async () => {
    const uri = await pushed(bound)
    const browser = new Browser(service.issuer)
    const { userName: username, password } = service.population.user
    const [first, second] = [await browser.visit(begin(bound, uri)), await browser.visit(begin(bound, uri))]
    for (const page of [first, second]) expect(page.url).toContain('/login')
    const done = await browser.submit(second, { username, password })
    expect(told(done).code).toBeTruthy()
    const late = await browser.submit(first, { username, password })
    expect([late.status, late.left]).toEqual([400, undefined])
  })

  test('who only looks ahead with HEAD gets no code and spends nothing (RFC 9110 9.2.1)', async () => {
    const browser = await signedIn(service)
    const uri = await pushed(bound)
    const { status, left } = await browser.visit(begin(bound, uri), { method: 'HEAD' })
    expect([status, left]).toEqual([405, undefined])
    expect(told(await browser.visit(begin(bound, uri))).code).toBeTruthy()
  })

  test('a request_uri that gave a code gives no other, and is told of on a page (fapi2-par-attempt-reuse-request_uri)', async () => {
    const uri = await pushed(bound)
    const browser = new Browser(service.issuer)
    expect(told(await goThrough(browser, service, begin(bound, uri))).code).toBeTruthy()
    const again = await browser.visit(begin(bound, uri))
    expect([again.status, again.left]).toEqual([400, undefined])
    expect(again.text).toContain('request_uri')
  })

  test('one that was used and comes again is a signal about its client, ends nothing, and counts with nothing else (docs/threats.md)', async () => {
    const client = await registerClient(service, 'lent', {}, { firstParty: true })
    const uri = await pushed(client)
    const browser = new Browser(service.issuer)
    const about = (name: string) =>
      service.audits.filter(({ event, client_id }) => event === name && client_id === client.id)
    expect((await browser.visit(begin(client, uri))).url).toContain('/login')
    const { code } = told(await goThrough(browser, service, begin(client, uri)))
    expect((await browser.visit(begin(bound, uri))).status).toBe(400)
    expect(about('pushed_request_reuse')).toEqual([])
    for (let time = 0; time < 8; time++) expect((await browser.visit(begin(client, uri))).status).toBe(400)
    await service.service.threats.settled()
    expect(about('pushed_request_reuse')).toHaveLength(8)
    // Once for each doubling.
    expect(about('risk_signal').map(({ detail }) => detail)).toEqual(Array(4).fill('replay'))
    expect(about('threat_answered').map(({ detail }) => detail)).toEqual(Array(4).fill('replay:none'))
    const { status, body } = await redeemCode(service, client, code)
    expect([status, body.expires_in]).toEqual([200, 300])
    service.advance(30 * 60 + 61)
    expect((await browser.visit(begin(client, uri))).status).toBe(400)
    expect(about('pushed_request_reuse')).toHaveLength(8)
  })

  test('of 20 tabs that begin with one at once, in a browser with a session, one has a code', async () => {
    const uri = await pushed(bound)
    const browser = await signedIn(service)
    const pages = await Promise.all(Array.from({ length: 20 }, () => browser.visit(begin(bound, uri))))
    expect(pages.filter(({ left }) => left?.searchParams.has('code'))).toHaveLength(1)
    expect(pages.filter(({ status, left }) => status === 400 && left === undefined)).toHaveLength(19)
  })

  test('a refusal ends it too', async () => {
    const uri = await pushed(bound)
    const browser = new Browser(service.issuer)
    const refused = await browser.submit(await browser.visit(begin(bound, uri)), { answer: 'deny' })
    expect(told(refused).error).toBe('access_denied')
    expect((await browser.visit(begin(bound, uri))).status).toBe(400)
  })
})

test('another client cannot use it, nor is it spent by the attempt (RFC 9126 7.3; checklist 13)', async () => {
  const uri = await pushed(bound)
  const { own } = service.population
  const stranger = await new Browser(service.issuer).visit(begin(own, uri))
  expect([stranger.status, stranger.left]).toEqual([400, undefined])
  expect(told(await goThrough(new Browser(service.issuer), service, begin(bound, uri))).code).toBeTruthy()
})

test('it ends by time; whoever began before goes on (RFC 9126 2.2; checklist 13)', async () => {
  const uri = await pushed(bound)
  const browser = new Browser(service.issuer)
  const login = await browser.visit(begin(bound, uri))
  service.advance(61)
  const late = await new Browser(service.issuer).visit(begin(bound, uri))
  expect([late.status, late.left]).toEqual([400, undefined])
  const { userName: username, password } = service.population.user
  expect(told(await browser.submit(login, { username, password })).code).toBeTruthy()
})

test('a client that must push is refused without, and with another request_uri (RFC 9126 6; checklist 13)', async () => {
  const direct = await new Browser(service.issuer).visit(urlOf(service.issuer, parametersOf(bound)))
  expect(told(direct)).toMatchObject({ error: 'invalid_request', iss: service.issuer, state: 'st&ate=1' })
  expect(told(direct).error_description).toMatch(/^This client must push its requests/)
  const remote = parametersOf(bound, { request_uri: 'https://rp.example/request.jwt' })
  expect(told(await new Browser(service.issuer).visit(urlOf(service.issuer, remote))).error).toBe(
    'request_uri_not_supported',
  )
  const denied = service.decisions().filter(({ path }) => path === 'authz/authorize/decision')
  expect(JSON.stringify(denied)).toContain('par_required')
})

test.each([
  ['no such secret', 'urn:ietf:params:oauth:request_uri:nothing'],
  ['a secret of nobody', `urn:ietf:params:oauth:request_uri:${'x'.repeat(43)}`],
])('%s is a page, and no redirect', async (_, uri) => {
  const page = await new Browser(service.issuer).visit(begin(bound, uri))
  expect([page.status, page.left]).toEqual([400, undefined])
})

describe('the endpoint refuses', () => {
  test.each([
    ['a request_uri (RFC 9126 2.1)', { request_uri: 'urn:ietf:params:oauth:request_uri:x' }, 'invalid_request'],
    ['a request object', { request: 'e30.e30.' }, 'request_not_supported'],
    ['a redirect URI that is not registered', { redirect_uri: `${REDIRECT_URI}/more` }, 'invalid_request'],
    ['no redirect URI', { redirect_uri: undefined }, 'invalid_request'],
    [
      'no challenge (fapi2-par-ensure-pkce-required)',
      { code_challenge: undefined, code_challenge_method: undefined },
      'invalid_request',
    ],
    ['a plain challenge (fapi2-par-plain-pkce-rejected)', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['another response type', { response_type: 'code id_token' }, 'unsupported_response_type'],
    ['a scope of nobody', { scope: 'openid gone' }, 'invalid_scope'],
    ['a resource of nobody', { resource: 'urn:example:nobody' }, 'invalid_target'],
    ['claims that are none', { claims: '[]' }, 'invalid_request'],
    ['an unknown response mode', { response_mode: 'web_message' }, 'invalid_request'],
    ['a dpop_jkt that is none (RFC 9449 10)', { dpop_jkt: 'short' }, 'invalid_request'],
  ])('%s', async (_, more, error) => {
    const { status, body } = await push(bound, more)
    expect([status, body.error]).toEqual([400, error])
  })

  test('a parameter that comes twice (checklist 17)', async () => {
    const form = new URLSearchParams([...Object.entries(parametersOf(bound)), ['scope', 'openid']])
    form.set('client_secret', bound.secret)
    const answer = await answerOf(await fetch(`${service.issuer}/oauth/par`, { method: 'POST', body: form }))
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request'])
  })

  test('whoever is not the client, and any method but POST (RFC 9126 2.3)', async () => {
    const wrong = await push({ ...bound, secret: 'wrong' })
    expect([wrong.status, wrong.body.error]).toEqual([401, 'invalid_client'])
    const response = await fetch(`${service.issuer}/oauth/par?${new URLSearchParams(parametersOf(bound))}`)
    expect(response.status).toBe(405)
  })
})

test('a public client may push, and its code keeps the key of dpop_jkt (RFC 9449 10; checklist 8)', async () => {
  const { spa } = service.population
  const dpopJkt = 'k'.repeat(43)
  const page = await goThrough(
    new Browser(service.issuer),
    service,
    begin(spa, await pushed(spa, { dpop_jkt: dpopJkt })),
  )
  const { code = '' } = told(page)
  const [grantId = ''] = code.split('.')
  const digest = digestOf(code.slice(grantId.length + 1))
  expect(await service.store.codes.peek(TENANT, grantId, digest)).toMatchObject({ code: { dpopJkt } })
  const unproved = await redeemCode(service, spa, code)
  expect(unproved.status).toBe(400)
})

test('nothing of the client’s credentials, nor a token, is kept with it', async () => {
  const page = await goThrough(
    new Browser(service.issuer),
    service,
    urlOf(service.issuer, parametersOf(service.population.web)),
  )
  const { id_token: hint } = (await redeemCode(service, service.population.web, told(page).code)).body
  const { web } = service.population
  const form = parametersOf(web, { id_token_hint: String(hint) })
  const { body } = await post(service, '/oauth/par', web, { ...form, unknown: 'x' })
  const secret = String(body.request_uri).split(':').at(-1) ?? ''
  const digest = digestOf(secret)
  const stored = await service.store.pushedRequests.find(TENANT, digest)
  expect(stored).toMatchObject({ clientId: web.id, sealed: expect.any(String) })
  const text = JSON.stringify(stored)
  for (const never of [web.secret, String(hint), 'unknown', secret, service.population.user.sub])
    expect(text).not.toContain(never)
})

test('metadata name the endpoint (RFC 9126 5)', async () => {
  const metadata = await (await fetch(`${service.issuer}/.well-known/openid-configuration`)).json()
  expect(metadata).toMatchObject({
    pushed_authorization_request_endpoint: `${service.issuer}/oauth/par`,
    require_pushed_authorization_requests: false,
  })
})
