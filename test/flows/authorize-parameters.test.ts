/** What an authorization request may ask, parameter by parameter. OIDC Core 3.1.2.1, RFC 6749 3.1, RFC 7636, RFC 8707. */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser, formOf } from '../servers/browser.ts'
import { REDIRECT_URI, TENANT, type TestClient } from '../servers/population.ts'
import {
  CHALLENGE,
  goThrough,
  parametersOf,
  redeemCode,
  registerClient,
  signedIn,
  told,
  urlOf,
  VERIFIER,
} from './authorization.ts'
import { type Answer, post } from './requests.ts'

let service: TestService

beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service.close())

const urlFor = (client: TestClient, more: Record<string, string | undefined> = {}) =>
  urlOf(service.issuer, parametersOf(client, more))

async function idTokenOf(client: TestClient, browser: Browser, more: Record<string, string | undefined> = {}) {
  const page = await goThrough(browser, service, urlFor(client, more))
  const { body } = await redeemCode(service, client, told(page).code)
  return { text: String(body.id_token), claims: decodeJwt(String(body.id_token)) }
}

describe('prompt and max_age (OIDC Core 3.1.2.1; checklist 15)', () => {
  test('oidcc-prompt-login: a new sign-in, later than the one before', async () => {
    const browser = new Browser(service.issuer)
    const first = await idTokenOf(service.population.own, browser)
    service.advance(2)
    const second = await idTokenOf(service.population.own, browser, { prompt: 'login' })
    expect(second.claims.auth_time).toBeGreaterThan(Number(first.claims.auth_time))
    const third = await idTokenOf(service.population.own, browser)
    expect(third.claims.auth_time).toBe(second.claims.auth_time)
  })

  test('oidcc-max-age-1 and -10000: a session that is older signs in again, a younger one does not', async () => {
    const browser = new Browser(service.issuer)
    const first = await idTokenOf(service.population.own, browser)
    service.advance(5)
    const old = await idTokenOf(service.population.own, browser, { max_age: '10000' })
    expect(old.claims.auth_time).toBe(first.claims.auth_time)
    const fresh = await idTokenOf(service.population.own, browser, { max_age: '1' })
    expect(fresh.claims.auth_time).toBeGreaterThan(Number(first.claims.auth_time))
    service.advance(5)
    const silent = await browser.visit(urlFor(service.population.own, { max_age: '1', prompt: 'none' }))
    expect(told(silent).error).toBe('login_required')
  })

  test('default_max_age of the client holds where the request names none', async () => {
    const client = await registerClient(service, 'fresh', { default_max_age: 3 }, { firstParty: true })
    const browser = new Browser(service.issuer)
    await idTokenOf(client, browser)
    service.advance(10)
    expect((await browser.visit(urlFor(client))).url).toContain('/login')
    expect((await browser.visit(urlFor(client, { max_age: '100' }))).left?.searchParams.get('code')).toBeTruthy()
  })

  test('select_account shows the sign-in page; login and consent together ask for both', async () => {
    const browser = await signedIn(service)
    const { web, user } = service.population
    expect((await browser.visit(urlFor(web, { prompt: 'select_account' }))).url).toContain('/login')
    const page = await browser.visit(urlFor(web, { prompt: 'login consent' }))
    expect(page.url).toContain('/login')
    const next = await browser.submit(page, { username: user.userName, password: user.password })
    expect(next.url).toContain('/consent')
    expect(told(await browser.submit(next, { answer: 'allow' })).code).toBeTruthy()
  })

  test.each(['none login', 'create', 'none consent'])('prompt=%s is malformed', async (prompt) => {
    const page = await new Browser(service.issuer).visit(urlFor(service.population.web, { prompt }))
    expect(told(page)).toMatchObject({ error: 'invalid_request', iss: service.issuer })
  })
})

describe('hints (OIDC Core 3.1.2.1)', () => {
  test('login_hint is filled in, escaped, and reaches neither policy nor log', async () => {
    const hint = 'bob"><b>@example.com'
    const page = await new Browser(service.issuer).visit(urlFor(service.population.web, { login_hint: hint }))
    expect(page.text).toContain('value="bob&quot;&gt;&lt;b&gt;@example.com"')
    expect(JSON.stringify(service.decisions())).not.toContain('bob')
  })

  test('oidcc-id-token-hint: prompt=none with the hint of who is there gives a code', async () => {
    const browser = new Browser(service.issuer)
    const { own } = service.population
    const { text, claims } = await idTokenOf(own, browser)
    service.advance(3600)
    const page = await browser.visit(urlFor(own, { prompt: 'none', id_token_hint: text }))
    const again = await redeemCode(service, own, told(page).code)
    expect(decodeJwt(String(again.body.id_token)).sub).toBe(claims.sub)
  })

  test('the hint of another person: login_required silently, else a sign-in, which must be theirs', async () => {
    const { own, user } = service.population
    const hint = (await idTokenOf(own, new Browser(service.issuer))).text
    const eve = { sub: 'eve', userName: 'eve@example.com', password: 'correct horse battery' }
    const alice = await service.store.users.find(TENANT, user.sub)
    if (alice === undefined) throw new Error('alice is gone')
    await service.store.users.create(TENANT, { ...alice, sub: eve.sub, userName: eve.userName })
    const browser = new Browser(service.issuer)
    expect((await browser.authorize(urlFor(own), eve)).searchParams.get('code')).toBeTruthy()

    const silent = await browser.visit(urlFor(own, { prompt: 'none', id_token_hint: hint }))
    expect(told(silent).error).toBe('login_required')
    const page = await browser.visit(urlFor(own, { id_token_hint: hint }))
    expect(page.url).toContain('/login')
    const wrong = await browser.submit(page, { username: eve.userName, password: eve.password })
    expect(told(wrong)).toMatchObject({ error: 'login_required', iss: service.issuer })
    const right = await browser.authorize(urlFor(own, { id_token_hint: hint }), user)
    expect(right.searchParams.get('code')).toBeTruthy()
  })

  test('the hint of a pairwise subject names the person as that client knows them (OIDC Core 8)', async () => {
    const pairwise = await registerClient(service, 'pairwise', { subject_type: 'pairwise' }, { firstParty: true })
    const browser = new Browser(service.issuer)
    const { text, claims } = await idTokenOf(pairwise, browser)
    expect(claims.sub).not.toBe(service.population.user.sub)
    const page = await browser.visit(urlFor(pairwise, { prompt: 'none', id_token_hint: text }))
    expect(told(page).code).toBeTruthy()
  })

  test.each(['another client’s', 'a changed one', 'no token', 'an access token'])('%s is refused', async (what) => {
    const { own, other } = service.population
    const page = await goThrough(new Browser(service.issuer), service, urlFor(own))
    const { body } = await redeemCode(service, own, told(page).code)
    const good = String(body.id_token)
    const hints: Record<string, string> = {
      'another client’s': good,
      'a changed one': `${good.slice(0, -4)}AAAA`,
      'no token': 'x.y.z',
      'an access token': String(body.access_token),
    }
    const client = what.startsWith('another') ? other : own
    const refused = await new Browser(service.issuer).visit(urlFor(client, { id_token_hint: hints[what] }))
    expect(told(refused)).toMatchObject({ error: 'invalid_request', iss: service.issuer })
  })

  test.each([
    ['de-CH en', 'de'],
    ['not~a~tag', 'en'],
  ])('ui_locales=%s is taken, and the page says its language', async (ui_locales, lang) => {
    const page = await new Browser(service.issuer).visit(urlFor(service.population.web, { ui_locales }))
    expect([page.status, page.text.includes(`<html lang="${lang}" `)]).toEqual([200, true])
  })
})

describe('parameters as such (RFC 6749 3.1; checklist 17)', () => {
  test('unknown ones are ignored, and no policy hears of them', async () => {
    const browser = await signedIn(service)
    const page = await browser.visit(urlFor(service.population.own, { extra: 'foobar-canary', display: 'popup' }))
    expect(told(page).code).toBeTruthy()
    expect(JSON.stringify(service.decisions())).not.toMatch(/foobar-canary|popup/)
  })

  test.each(['scope', 'state', 'nonce', 'response_type', 'extra'])('%s twice is refused', async (name) => {
    const url = `${urlFor(service.population.web, { extra: 'a' })}&${name}=openid`
    const page = await new Browser(service.issuer).visit(url)
    expect(told(page)).toMatchObject({ error: 'invalid_request', iss: service.issuer })
  })

  test('redirect_uri may be left out where one is registered and OpenID Connect is not asked for (RFC 6749 3.1.2.3)', async () => {
    const one = await registerClient(service, 'one-address', {}, { firstParty: true })
    const redirectUris = [REDIRECT_URI, `${REDIRECT_URI}/other`]
    const two = await registerClient(service, 'two-addresses', {}, { firstParty: true, redirectUris })
    const browser = await signedIn(service)
    const left = { redirect_uri: undefined, scope: 'orders:read' }
    const page = await browser.visit(urlFor(one, left))
    expect(`${page.left?.origin}${page.left?.pathname}`).toBe(REDIRECT_URI)
    expect((await redeemCode(service, one, told(page).code)).status).toBe(200)
    const { client_id: _, ...pushed } = parametersOf(one, left)
    // FAPI 2.0 Security Profile 5.3.2.2: a pushed request names it.
    const par = await post(service, '/oauth/par', one, pushed)
    expect([par.status, par.body.error]).toEqual([400, 'invalid_request'])
    for (const asked of [urlFor(two, left), urlFor(one, { redirect_uri: undefined })]) {
      const refused = await browser.visit(asked)
      expect([refused.status, refused.left]).toEqual([400, undefined])
    }
  })

  test.each(['client_id', 'redirect_uri'])('%s twice is a page', async (name) => {
    const url = `${urlFor(service.population.web)}&${name}=${encodeURIComponent(REDIRECT_URI)}`
    const page = await new Browser(service.issuer).visit(url)
    expect([page.status, page.left]).toEqual([400, undefined])
  })

  test('oidcc-ensure-post-request-succeeds: a POST carries it in the body, and its query adds nothing', async () => {
    const browser = await signedIn(service)
    const { own } = service.population
    const at = `${service.issuer}/oauth/authorize`
    const body = new URLSearchParams(parametersOf(own, { scope: 'openid' }))
    const page = await browser.visit(`${at}?scope=openid+email&state=other&prompt=login`, { method: 'POST', body })
    expect(told(page).state).toBe('st&ate=1')
    expect((await redeemCode(service, own, told(page).code)).body.scope).toBe('openid')
    const split = new URLSearchParams(parametersOf(own, { client_id: undefined }))
    const refused = await browser.visit(`${at}?client_id=${own.id}`, { method: 'POST', body: split })
    expect([refused.status, refused.left]).toEqual([400, undefined])
  })
})

describe('PKCE (RFC 7636, RFC 9700 2.1.1; checklist 4)', () => {
  const NONE = { code_challenge: undefined, code_challenge_method: undefined }

  test.each([
    ['none', NONE],
    ['plain', { code_challenge: VERIFIER, code_challenge_method: 'plain' }],
    [
      'a challenge without a method, which means plain',
      { code_challenge: CHALLENGE, code_challenge_method: undefined },
    ],
  ])('%s is refused', async (_, more) => {
    for (const client of [service.population.web, service.population.spa, service.population.own]) {
      const page = await new Browser(service.issuer).visit(urlFor(client, more))
      expect(told(page)).toMatchObject({ error: 'invalid_request', iss: service.issuer })
      expect(told(page).error_description).toMatch(/code_challenge.*S256/)
    }
  })

  test('a confidential client that is exempt sends none, and then no verifier either (RFC 9700 4.8.2)', async () => {
    const exempt = await registerClient(service, 'exempt', { pkce: 'optional' }, { firstParty: true })
    const browser = await signedIn(service)
    const codeOf = async (more: Record<string, string | undefined>) =>
      told(await browser.visit(urlFor(exempt, more))).code
    expect((await redeemCode(service, exempt, await codeOf(NONE), {})).status).toBe(200)
    const downgraded = await redeemCode(service, exempt, await codeOf(NONE))
    expect([downgraded.status, downgraded.body.error]).toEqual([400, 'invalid_grant'])
    const forgotten = await redeemCode(service, exempt, await codeOf({}), {})
    expect([forgotten.status, forgotten.body.error]).toEqual([400, 'invalid_grant'])
    expect((await redeemCode(service, exempt, await codeOf({}))).status).toBe(200)
    // Nothing but the address binds such a code (RFC 6749 4.1.3; checklist 8).
    const unaddressed = await redeemCode(service, exempt, await codeOf(NONE), { redirect_uri: '' })
    expect([unaddressed.status, unaddressed.body.error]).toEqual([400, 'invalid_request'])
    const plain = { code_challenge: VERIFIER, code_challenge_method: 'plain' }
    expect(told(await browser.visit(urlFor(exempt, plain))).error).toBe('invalid_request')
  })

  test('a public client cannot be exempt', async () => {
    const loose = await registerClient(service, 'loose', { pkce: 'optional' }, { type: 'public' })
    expect(told(await new Browser(service.issuer).visit(urlFor(loose, NONE))).error).toBe('invalid_request')
  })
})

describe('what OAuth 2.1 left out (RFC 9700 2.1.2 and 2.4; checklist 5)', () => {
  test.each(['token', 'id_token', 'code token', 'id_token token', 'none'])(
    'response_type=%s',
    async (response_type) => {
      const page = await new Browser(service.issuer).visit(urlFor(service.population.web, { response_type }))
      expect(told(page)).toMatchObject({ error: 'unsupported_response_type', iss: service.issuer })
      expect(page.left?.hash).toBe('')
    },
  )

  test('grant_type=password', async () => {
    const { user, web } = service.population
    const form = { grant_type: 'password', username: user.userName, password: user.password }
    const answer = await redeemCode(service, web, undefined, form)
    expect([answer.status, answer.body.error]).toEqual([400, 'unsupported_grant_type'])
  })
})

describe('resource indicators (RFC 8707; checklist 25)', () => {
  const both = '&resource=urn%3Aexample%3Aorders&resource=urn%3Asallyport%3Adefault'
  let client: TestClient
  beforeAll(async () => {
    client = await registerClient(service, 'resources', {}, { firstParty: true })
  })

  const codeFor = async (): Promise<string | undefined> =>
    told(await (await signedIn(service)).visit(`${urlFor(client, { scope: 'openid offline_access' })}${both}`)).code
  const more = { code_verifier: VERIFIER }

  test('several at the authorization endpoint are the audience, and the token endpoint narrows to one', async () => {
    const all = await redeemCode(service, client, await codeFor())
    expect(decodeJwt(String(all.body.access_token)).aud).toEqual(['urn:example:orders', 'urn:sallyport:default'])
    const one = await redeemCode(service, client, await codeFor(), { ...more, resource: 'urn:example:orders' })
    expect(decodeJwt(String(one.body.access_token)).aud).toBe('urn:example:orders')
  })

  test('one code, then tokens for one resource after another: the refresh token keeps what was granted (figures 3 to 5)', async () => {
    const first = await redeemCode(service, client, await codeFor(), { ...more, resource: 'urn:example:orders' })
    const refresh = async (after: Answer['body'], named: object) => {
      const form = { grant_type: 'refresh_token', refresh_token: String(after.refresh_token), ...named }
      const { status, body } = await post(service, '/oauth/token', client, form)
      return { body, answer: status === 200 ? decodeJwt(String(body.access_token)).aud : body.error }
    }
    const second = await refresh(first.body, { resource: 'urn:sallyport:default' })
    expect(second.answer).toBe('urn:sallyport:default')
    const third = await refresh(second.body, {})
    expect(third.answer).toEqual(['urn:example:orders', 'urn:sallyport:default'])
    expect((await refresh(third.body, { resource: 'urn:example:nobody' })).answer).toBe('invalid_target')
  })

  test('beyond the grant is invalid_target, at both endpoints', async () => {
    const asked = await redeemCode(service, client, await codeFor(), { ...more, resource: 'urn:example:nobody' })
    expect([asked.status, asked.body.error]).toEqual([400, 'invalid_target'])
    for (const resource of ['urn:example:nobody', 'relative', 'https://api.example/#fragment']) {
      const page = await new Browser(service.issuer).visit(urlFor(client, { resource }))
      expect(told(page)).toMatchObject({ error: 'invalid_target', iss: service.issuer })
    }
  })
})

test('without a scope there is none in the answer, the token and its introspection, rather than an empty one (RFC 6749 3.3)', async () => {
  const { own, resourceServer } = service.population
  const page = await goThrough(await signedIn(service), service, urlFor(own, { scope: undefined }))
  const { status, body } = await redeemCode(service, own, told(page).code)
  const token = String(body.access_token)
  const { body: seen } = await post(service, '/oauth/introspect', resourceServer, { token })
  expect([status, seen.active]).toEqual([200, true])
  for (const answer of [body, decodeJwt(token), seen]) expect(answer).not.toHaveProperty('scope')
  const authorization = `Bearer ${token}`
  expect((await fetch(`${service.issuer}/oauth/userinfo`, { headers: { authorization } })).status).toBe(403)
})

describe('offline_access (OIDC Core 11)', () => {
  test('is ignored without a page where nobody agreed to it', async () => {
    const { other, user } = service.population
    const browser = new Browser(service.issuer)
    await browser.authorize(urlFor(other, { scope: 'openid' }), user)
    const page = await browser.visit(urlFor(other, { scope: 'openid offline_access', prompt: 'none' }))
    const { body } = await redeemCode(service, other, told(page).code)
    expect([body.scope, body.refresh_token]).toEqual(['openid', undefined])
  })

  test('is given where the consent page named it, also with prompt=consent', async () => {
    const { other } = service.population
    const browser = await signedIn(service)
    const page = await browser.visit(urlFor(other, { scope: 'openid offline_access', prompt: 'consent' }))
    expect(page.text).toContain('Keep this access while you are away')
    const { body } = await redeemCode(service, other, told(await browser.submit(page, { answer: 'allow' })).code)
    expect(body.refresh_token).toBeTruthy()
  })
})

describe('consent (OIDC Core 3.1.2.4; checklist 16)', () => {
  test('a stranger’s client is asked for, with the host that the answer goes to, and remembered', async () => {
    const redirect_uri = 'https://prints.example/cb'
    const stranger = await registerClient(service, 'stranger', {}, { redirectUris: [redirect_uri] })
    const browser = await signedIn(service)
    const page = await browser.visit(urlFor(stranger, { redirect_uri }))
    expect(page.url).toContain('/consent')
    expect(page.text).toContain('<strong>prints.example</strong>')
    expect(told(await browser.submit(page, { answer: 'allow' })).code).toBeTruthy()
    expect((await browser.visit(urlFor(stranger, { redirect_uri }))).left?.host).toBe('prints.example')
  })

  test.each(['http://127.0.0.1/cb', 'com.example.ours:/cb'])(
    'a public native client is asked for every time, also the house’s own: %s (RFC 8252 8.6)',
    async (redirect_uri) => {
      const id = `native-${redirect_uri.length}`
      const parts = { type: 'public', firstParty: true, redirectUris: [redirect_uri] } as const
      const ours = await registerClient(service, id, { application_type: 'native' }, parts)
      const browser = await signedIn(service)
      for (const _ of ['first', 'again']) {
        const page = await browser.visit(urlFor(ours, { redirect_uri }))
        expect(page.url).toContain('/consent')
        expect(told(await browser.submit(page, { answer: 'allow' })).code).toBeTruthy()
      }
      const silent = await browser.visit(urlFor(ours, { redirect_uri, prompt: 'none' }))
      expect(told(silent).error).toBe('consent_required')
    },
  )
})

test('pages with a password or a code go on by 303, and are kept and framed by nobody (checklist 9, 10, 11)', async () => {
  const { issuer, population } = service
  const { user, web } = population
  const browser = new Browser(issuer)
  const login = await browser.visit(urlFor(web))
  const error = await new Browser(issuer).visit(`${issuer}/oauth/authorize`)
  const { action, fields } = formOf(login)
  fields.set('username', user.userName)
  fields.set('password', user.password)
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const posted = await fetch(action, { method: 'POST', body: fields, headers: { cookie }, redirect: 'manual' })
  expect(posted.status).toBe(303)
  const consent = await (await signedIn(service)).visit(urlFor(web, { prompt: 'consent' }))
  for (const { headers } of [login, error, consent]) {
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-frame-options')).toBe('DENY')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
  }
})
