/** Claims asked for one by one, and what a client demands of the sign-in. OIDC Core 5.5, RFC 9470. */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser, formOf } from '../servers/browser.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { goThrough, parametersOf, redeemCode, registerClient, signedIn, told, urlOf } from './authorization.ts'
import { answerOf } from './requests.ts'

const PASSWORD = 'urn:sallyport:acr:password'
const MFA = 'urn:sallyport:acr:mfa'
/** OIDC Core 2: of the sign-in and of the token. */
const NOT_OF_A_PERSON = ['iss', 'aud', 'exp', 'iat', 'auth_time', 'acr', 'amr', 'nonce', 'sid']

let service: TestService

beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service.close())

const urlFor = (client: TestClient, claims: unknown, more: Record<string, string | undefined> = {}) =>
  urlOf(
    service.issuer,
    parametersOf(client, { claims: typeof claims === 'string' ? claims : JSON.stringify(claims), ...more }),
  )

async function tokensOf(browser: Browser, client: TestClient, url: string) {
  const { status, body } = await redeemCode(service, client, told(await goThrough(browser, service, url)).code)
  expect(status).toBe(200)
  return body
}

const userinfo = async (token: unknown) =>
  answerOf(await fetch(`${service.issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } }))

describe('claims of a person (OIDC Core 5.5)', () => {
  test('oidcc-claims-essential: what is asked for userinfo is told there, and not in the ID token', async () => {
    const { own, user } = service.population
    const claims = { userinfo: { name: { essential: true }, unknown: null }, other: { name: 1 } }
    const tokens = await tokensOf(await signedIn(service), own, urlFor(own, claims))
    expect((await userinfo(tokens.access_token)).body).toEqual({ sub: user.sub, name: 'Alice Doe' })
    expect(decodeJwt(String(tokens.id_token))).not.toHaveProperty('name')
  })

  test('what is asked for the ID token is told there, and not in userinfo', async () => {
    const { own, user } = service.population
    const claims = { id_token: { email: null, name: { essential: false } } }
    const tokens = await tokensOf(await signedIn(service), own, urlFor(own, claims))
    expect(decodeJwt(String(tokens.id_token))).toMatchObject({ email: 'alice@example.com', name: 'Alice Doe' })
    expect((await userinfo(tokens.access_token)).body).toEqual({ sub: user.sub })
    const judged = service.decisions().filter(({ path }) => path === 'authz/userinfo/decision')
    expect(judged.at(-2)).toMatchObject({ input: { requested: { claims: ['email', 'name'] } } })
  })

  test('what a scope releases goes to userinfo only, unless it is asked for the ID token', async () => {
    const { own } = service.population
    const url = urlFor(own, { id_token: { given_name: null } }, { scope: 'openid profile email' })
    const tokens = await tokensOf(await signedIn(service), own, url)
    const idToken = decodeJwt(String(tokens.id_token))
    for (const name of ['name', 'email', 'preferred_username']) expect(idToken).not.toHaveProperty(name)
  })

  test('a claim is left out where its value is another than the ones that are asked for (5.5.1)', async () => {
    const { own, user } = service.population
    const browser = await signedIn(service)
    const wrong = { userinfo: { name: { value: 'Bob' }, email: { values: ['x@example.com', 'alice@example.com'] } } }
    const tokens = await tokensOf(browser, own, urlFor(own, wrong))
    expect((await userinfo(tokens.access_token)).body).toEqual({ sub: user.sub, email: 'alice@example.com' })
  })

  test('no claim beyond what the client is registered for, whatever it asks', async () => {
    const little = await registerClient(service, 'little', {}, { firstParty: true, scopes: ['openid'] })
    const claims = { userinfo: { name: null, email: null }, id_token: { name: null } }
    const tokens = await tokensOf(await signedIn(service), little, urlFor(little, claims))
    expect((await userinfo(tokens.access_token)).body).toEqual({ sub: service.population.user.sub })
    expect(decodeJwt(String(tokens.id_token))).not.toHaveProperty('name')
  })

  test('fapi2-security-profile-final-test-claims-parameter-identity-claims: every claim, asked for in every form', async () => {
    const { store, population } = service
    const scopes = ['openid', 'profile', 'email', 'address', 'phone']
    const all = await registerClient(service, 'all', {}, { firstParty: true, scopes })
    const alice = await store.users.find(TENANT, population.user.sub)
    if (alice === undefined) throw new Error('alice is gone')
    const whole = {
      name: { givenName: 'Alice', familyName: 'Doe', middleName: 'B.' },
      nickName: 'Al',
      profileUrl: 'https://alice.example/',
      photos: [{ value: 'https://alice.example/me.png' }],
      locale: 'en-GB',
      timezone: 'Europe/London',
      phoneNumbers: [{ value: '+44 1' }],
      addresses: [{ locality: 'London' }],
      'urn:sallyport:params:scim:schemas:claims:1.0:User': {
        website: 'https://w.example/',
        gender: 'f',
        birthdate: '2000-01-01',
      },
    }
    await store.users.replace(TENANT, { ...alice, profile: { ...alice.profile, ...whole } }, alice.version)

    const { body: metadata } = await answerOf(await fetch(`${service.issuer}/.well-known/openid-configuration`))
    const identity = [metadata.claims_supported]
      .flat()
      .map(String)
      .filter((name) => !NOT_OF_A_PERSON.includes(name))
    const forms = [null, {}, { essential: true }, { Xy12: 'zz' }, { essential: false }]
    const asked = Object.fromEntries(identity.map((name, index) => [name, forms[index % forms.length]]))
    const claims = { id_token: asked, userinfo: asked, aRandomPlace: { random: null } }
    const tokens = await tokensOf(await signedIn(service), all, urlFor(all, claims))
    const told = [decodeJwt(String(tokens.id_token)), (await userinfo(tokens.access_token)).body]
    for (const one of told) for (const name of identity) expect(one, name).toHaveProperty(name)
    expect(identity.length).toBeGreaterThan(18)
    await store.users.replace(TENANT, alice, alice.version + 1)
  })

  test('the person is asked for them by name, and once; more than before is asked for again', async () => {
    const { other } = service.population
    const browser = await signedIn(service)
    const page = await browser.visit(urlFor(other, { userinfo: { name: null }, id_token: { birthdate: null } }))
    expect(page.url).toContain('/consent')
    expect(page.text).toContain('See your name')
    expect(page.text).toContain('See your date of birth')
    expect(formOf(page).fields.get('claims')).toBe('birthdate name')
    expect(told(await browser.submit(page, { answer: 'allow' })).code).toBeTruthy()
    const again = urlFor(other, { userinfo: { name: null } })
    expect((await browser.visit(again)).left?.searchParams.get('code')).toBeTruthy()
    expect((await browser.visit(urlFor(other, { userinfo: { email: null } }))).url).toContain('/consent')
    expect(told(await browser.visit(urlFor(other, { userinfo: { email: null } }, { prompt: 'none' }))).error).toBe(
      'consent_required',
    )
  })

  test('claims that the page did not show cannot be agreed to', async () => {
    const { other } = service.population
    const browser = await signedIn(service)
    const url = urlFor(other, { userinfo: { nickname: null, gender: null } }, { prompt: 'consent' })
    const forged = await browser.submit(await browser.visit(url), { answer: 'allow', claims: 'email gender nickname' })
    expect([forged.status, forged.left]).toEqual([403, undefined])
  })

  test.each([
    'no JSON',
    '[]',
    '"text"',
    'null',
    '{"userinfo":[]}',
    '{"id_token":{"name":true}}',
    '{"id_token":{"name":{"essential":"yes"}}}',
    '{"id_token":{"name":{"values":[{}]}}}',
    '{"id_token":{"sub":{"values":["a","b"]}}}',
    '{"id_token":{"acr":{"essential":true,"value":5}}}',
    '{"id_token":{"acr":{"essential":true,"values":[5]}}}',
    '{"id_token":{"acr":{"essential":true,"values":[]}}}',
    '{"id_token":{"acr":{"essential":true,"value":"urn:sallyport:acr:password","values":[]}}}',
    '{"id_token":{"acr":{"essential":true,"values":[true,"urn:sallyport:acr:password"]}}}',
    `{"userinfo":{"name":{"value":"${'x'.repeat(9000)}"}}}`,
  ])('malformed: %s', async (claims) => {
    const page = await new Browser(service.issuer).visit(urlFor(service.population.own, claims))
    expect(told(page)).toMatchObject({ error: 'invalid_request', iss: service.issuer })
    expect(told(page).error_description).not.toContain('xxx')
  })

  test('sub with a value is for that person only (5.5.1)', async () => {
    const { own, user } = service.population
    const browser = await signedIn(service)
    const silent = { prompt: 'none' }
    const right = urlFor(own, { id_token: { sub: { value: user.sub } } }, silent)
    expect(told(await browser.visit(right)).code).toBeTruthy()
    const wrong = urlFor(own, { id_token: { sub: { value: 'somebody-else' } } }, silent)
    expect(told(await browser.visit(wrong)).error).toBe('login_required')
  })
})

describe('levels of the sign-in (OIDC Core 5.5.1.1; RFC 9470 5; checklist 15)', () => {
  const essential = (...values: string[]) => ({ id_token: { acr: { essential: true, values } } })

  test('an essential acr that the sign-in reaches is in the ID token, with auth_time', async () => {
    const { own } = service.population
    const tokens = await tokensOf(new Browser(service.issuer), own, urlFor(own, essential('urn:x', PASSWORD)))
    expect(decodeJwt(String(tokens.id_token))).toMatchObject({ acr: PASSWORD, auth_time: expect.any(Number) })
  })

  test('an essential acr that nobody knows is an error before anyone signs in', async () => {
    const page = await new Browser(service.issuer).visit(urlFor(service.population.own, essential('urn:x')))
    expect(told(page)).toMatchObject({ error: 'unmet_authentication_requirements', iss: service.issuer })
  })

  test('an essential acr that the session has not is asked for, and silently an error', async () => {
    const browser = await signedIn(service)
    const silent = await browser.visit(urlFor(service.population.own, essential(MFA), { prompt: 'none' }))
    expect(told(silent)).toMatchObject({ error: 'login_required', iss: service.issuer })
    // Nothing of the kind is there yet: the person proves themselves, and adds it.
    const page = await browser.visit(urlFor(service.population.own, essential(MFA)))
    expect(page.url).toContain('/login/password')
    expect((await browser.submit(page, { password: service.population.user.password })).url).toContain('/mfa/enrol')
  })

  test.each([
    ['acr_values', { acr_values: `${MFA} 1 2`, claims: undefined }],
    ['acr without need', { claims: JSON.stringify({ id_token: { acr: { values: [MFA] } } }) }],
    ['default_acr_values of the client', { claims: undefined }],
  ])('oidcc-ensure-request-with-acr-values-succeeds: %s is no error (OIDC Core 3.1.2.1)', async (what, more) => {
    const client = await registerClient(
      service,
      what.replaceAll(' ', '-'),
      { default_acr_values: [MFA] },
      { firstParty: true },
    )
    const browser = await signedIn(service)
    const page = await goThrough(browser, service, urlOf(service.issuer, parametersOf(client, more)))
    expect(told(page).code).toBeTruthy()
    const judged = service.decisions().filter(({ path }) => path === 'authz/authorize/decision')
    expect(judged.at(-1)).toMatchObject({ input: { requested: { acr_values: expect.arrayContaining([MFA]) } } })
  })

  test('max_age and acr_values reach policy as facts', async () => {
    const browser = await signedIn(service)
    const url = urlFor(service.population.own, essential(PASSWORD), { max_age: '500', acr_values: PASSWORD })
    expect(told(await browser.visit(url)).code).toBeTruthy()
    const judged = service.decisions().filter(({ path }) => path === 'authz/authorize/decision')
    expect(judged.at(-1)).toMatchObject({
      input: {
        stage: 'subject',
        requested: { max_age_seconds: 500, acr_values: [PASSWORD], essential_acr: [PASSWORD] },
      },
    })
  })
})

describe('whom a token is for, at userinfo (RFC 8707 2, RFC 9068 4; checklist 25)', () => {
  let client: TestClient
  let address: string
  beforeAll(async () => {
    address = `${service.issuer}/oauth/userinfo`
    const audience = ['urn:example:other', 'urn:sallyport:default', address]
    const scopes = ['openid', 'email', 'offline_access']
    client = await registerClient(service, 'several', {}, { firstParty: true, audience, scopes })
  })
  const tokenFor = async (resources: readonly string[], scope: string, claims: object = {}) => {
    const asked = resources.map((resource) => `&resource=${encodeURIComponent(resource)}`).join('')
    return tokensOf(await signedIn(service), client, `${urlFor(client, claims, { scope })}${asked}`)
  }

  test('one for another resource alone reads nothing, and is refused as invalid', async () => {
    const { access_token } = await tokenFor(['urn:example:other'], 'openid email')
    const refused = await userinfo(access_token)
    expect([refused.status, refused.body.error]).toEqual([401, 'invalid_token'])
    expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(JSON.stringify(refused.body)).not.toContain('alice')
  })

  test.each([
    ['no resource', () => []],
    ['the endpoint itself', () => [address]],
    ['the default of the tenant, with another', () => ['urn:example:other', 'urn:sallyport:default']],
  ])('one that was asked for %s reads', async (_what, resources) => {
    const { access_token } = await tokenFor(resources(), 'openid email')
    expect((await userinfo(access_token)).body).toMatchObject({ email: 'alice@example.com' })
  })

  test('what is asked for the ID token is told to the client, whomever the access token is for', async () => {
    const { id_token } = await tokenFor(['urn:example:other'], 'openid', { id_token: { email: null } })
    expect(decodeJwt(String(id_token))).toMatchObject({ email: 'alice@example.com' })
  })
})
