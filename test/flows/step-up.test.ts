/** Step-up by policy: scopes and roles for a younger or stronger sign-in, and the challenge at userinfo that asks for it. RFC 9470. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import { signedBundle, startAuthService, type TestService } from '../servers/auth-service.ts'
import type { Browser } from '../servers/browser.ts'
import { copyPolicies, type Edit, type PolicyFolder } from '../servers/policy-folder.ts'
import { TENANT } from '../servers/population.ts'
import { goThrough, parametersOf, redeemCode, signedIn, told, urlOf } from './authorization.ts'
import { aBrowser, codeAt, confirmTotp, openOwnPage, signInByPassword } from './factors.ts'
import { answerOf } from './requests.ts'
import { createPersonWithoutFactors } from './use-factors.ts'

const PASSWORD = 'urn:sallyport:acr:password'
const MFA = 'urn:sallyport:acr:mfa'
const PHISHING_RESISTANT = 'urn:sallyport:acr:phishing_resistant'

let service: TestService
let policies: PolicyFolder
let version = 1
/** Seconds that the service's clock was moved on. */
let moved = 0
const advance = (seconds: number) => {
  service.advance(seconds)
  moved += seconds
}
const now = () => Date.now() / 1000 + moved

beforeAll(async () => {
  service = await startAuthService()
  policies = copyPolicies()
})
afterAll(async () => {
  policies.remove()
  await service.close()
})
afterEach(() => policies.restore())

async function activate(edit: Omit<Edit, 'file'>): Promise<void> {
  policies.edit({ file: 'rbac/data.yaml', ...edit })
  const path = join(policies.folder, 'bundle.tar.gz')
  writeFileSync(path, await writeArchive(await policies.compile()))
  version += 1
  await service.node.activate([await signedBundle(path, version)])
}

const url = (more: Record<string, string> = {}) =>
  urlOf(service.issuer, parametersOf(service.population.own, { scope: 'openid email', ...more }))

async function tokenOf(browser: Browser, more: Record<string, string> = {}): Promise<string> {
  const page = await goThrough(browser, service, url(more))
  return String((await redeemCode(service, service.population.own, told(page).code)).body.access_token)
}

const userinfo = async (token: string) =>
  answerOf(await fetch(`${service.issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } }))

test('a scope for those who signed in lately: challenge, new sign-in, and the answer (RFC 9470 3 and 4)', async () => {
  await activate({ from: 'email: { permissions: []', to: 'email: { max_age_seconds: 60, permissions: []' })
  const browser = await signedIn(service)
  const token = await tokenOf(browser)
  expect((await userinfo(token)).status).toBe(200)

  // To the second: an answer that was kept would hold beyond.
  advance(61)
  const challenged = await userinfo(token)
  expect([challenged.status, challenged.body.error]).toEqual([401, 'insufficient_user_authentication'])
  const header = challenged.headers.get('www-authenticate') ?? ''
  expect(header).toMatch(/^Bearer /)
  expect(header).toContain('error="insufficient_user_authentication"')
  expect(header).toContain('max_age="60"')

  const inForm = await fetch(`${service.issuer}/oauth/userinfo`, {
    method: 'POST',
    body: new URLSearchParams({ access_token: token }),
  })
  expect(inForm.headers.get('www-authenticate')).toContain('error="insufficient_user_authentication"')

  expect(told(await browser.visit(url({ prompt: 'none' }))).error).toBe('login_required')
  expect((await browser.visit(url())).url).toContain('/login')
  expect((await userinfo(await tokenOf(browser, { max_age: '60' }))).status).toBe(200)
})

test('a role that needs a stronger sign-in by now: the challenge names it, and the sign-in goes on with what is missing', async () => {
  const browser = await signedIn(service)
  const token = await tokenOf(browser)
  await activate({ from: '  user:\n    permissions', to: `  user:\n    acr: ${MFA}\n    permissions` })
  const challenged = await userinfo(token)
  expect(challenged.status).toBe(401)
  expect(challenged.headers.get('www-authenticate')).toContain(`acr_values="${MFA} `)
  // Nothing of the kind is there yet: the person proves themselves anew, and adds it.
  const page = await browser.visit(url({ acr_values: MFA }))
  expect(page.url).toContain('/login/password')
  const next = await browser.submit(page, { password: service.population.user.password })
  expect([new URL(next.url).pathname, next.status]).toEqual(['/mfa/enrol', 200])
})

test('the challenge of userinfo, followed: its acr_values lead to the code of the app, and the new token does (RFC 9470 3, 4, 5)', async () => {
  await activate({ from: '# Authentication levels', to: '# Levels' })
  const person = await createPersonWithoutFactors(service)
  const browser = aBrowser(service)
  await signInByPassword(service, browser, {}, person)
  const enrolled = await confirmTotp(browser, await openOwnPage(service, browser, '/mfa/enrol/totp', person), now())
  const token = await tokenOf(browser)
  expect((await userinfo(token)).status).toBe(200)

  await activate({ from: '  user:\n    permissions', to: `  user:\n    acr: ${MFA}\n    permissions` })
  const challenged = await userinfo(token)
  expect([challenged.status, challenged.body.error]).toEqual([401, 'insufficient_user_authentication'])
  const header = challenged.headers.get('www-authenticate') ?? ''
  const acrValues = /acr_values="([^"]+)"/.exec(header)?.[1] ?? ''
  expect(acrValues.split(' ')).toContain(MFA)

  // The code that confirmed the app is spent.
  advance(30)
  const asked = await browser.visit(url({ acr_values: acrValues }))
  expect(new URL(asked.url).pathname).toBe('/mfa/totp')
  const page = await browser.submit(asked, { code: codeAt(enrolled.secret, now()) })
  const { body } = await redeemCode(service, service.population.own, told(page).code)
  expect(decodeJwt(String(body.id_token)).acr).toBe(MFA)
  expect((await userinfo(String(body.access_token))).status).toBe(200)
  expect((await userinfo(token)).status).toBe(401)
})

describe('levels that a client would like and the account cannot have (OIDC Core 3.1.2.1)', () => {
  beforeAll(() => activate({ from: '# Authentication levels', to: '# Levels' }))
  const idTokenOf = async (page: Awaited<ReturnType<Browser['visit']>>) =>
    decodeJwt(String((await redeemCode(service, service.population.own, told(page).code)).body.id_token))

  test.each([
    ['acr_values', { acr_values: MFA }],
    ['several of them', { acr_values: `${PHISHING_RESISTANT} ${MFA} urn:example:none-of-ours` }],
    ['acr_values and no page', { acr_values: MFA, prompt: 'none' }],
    ['a claim without need', { claims: JSON.stringify({ id_token: { acr: { values: [MFA] } } }) }],
    [
      'a claim without need, and no page',
      { claims: JSON.stringify({ id_token: { acr: { value: MFA } } }), prompt: 'none' },
    ],
  ])('%s: the session goes on with its own, and nobody is asked', async (_what, more) => {
    const browser = await signedIn(service)
    const before = await idTokenOf(await browser.visit(url()))
    advance(5)
    const page = await browser.visit(url(more))
    const { acr, auth_time, sid } = await idTokenOf(page)
    expect({ acr, auth_time, sid }).toEqual({ acr: PASSWORD, auth_time: before.auth_time, sid: before.sid })
  })

  test('default_acr_values of the client are no more than that (OIDC Registration 2)', async () => {
    const { store, population } = service
    const client = await store.clients.find(TENANT, population.own.id)
    if (client === undefined) throw new Error('no client')
    const metadata = { ...client.metadata, default_acr_values: [MFA] }
    await store.clients.replace(TENANT, { ...client, metadata, version: client.version + 1 }, client.version)
    try {
      const browser = await signedIn(service)
      expect((await idTokenOf(await browser.visit(url()))).acr).toBe(PASSWORD)
      const judged = service.decisions().filter(({ path }) => path === 'authz/authorize/decision')
      expect(judged.at(-1)).toMatchObject({ input: { requested: { acr_values: [MFA] }, enrolled: ['password'] } })
    } finally {
      await store.clients.replace(TENANT, { ...client, version: client.version + 2 }, client.version + 1)
    }
  })

  test('one that the account can have is worth a sign-in, and no error without a page', async () => {
    const person = await createPersonWithoutFactors(service)
    const browser = aBrowser(service)
    await signInByPassword(service, browser, {}, person)
    await confirmTotp(browser, await openOwnPage(service, browser, '/mfa/enrol/totp', person), now())
    expect(new URL((await browser.visit(url({ acr_values: MFA }))).url).pathname).toBe('/mfa/totp')
    expect(told(await browser.visit(url({ acr_values: MFA, prompt: 'none' }))).code).toBeTruthy()
    expect(told(await browser.visit(url({ acr_values: PHISHING_RESISTANT }))).code).toBeTruthy()
  })

  test('one that the client needs is refused with its error', async () => {
    const browser = await signedIn(service)
    const needed = (value: string) => ({ claims: JSON.stringify({ id_token: { acr: { essential: true, value } } }) })
    expect(told(await browser.visit(url({ ...needed(MFA), prompt: 'none' }))).error).toBe('login_required')
    const unknown = 'urn:example:none-of-ours'
    for (const more of [{}, { prompt: 'none' }])
      expect(told(await browser.visit(url({ ...needed(unknown), ...more }))).error).toBe(
        'unmet_authentication_requirements',
      )
  })

  test('what a request without them costs, or of a session that has one of them: nothing is looked up', async () => {
    const browser = await signedIn(service)
    for (const more of [{}, { acr_values: `${MFA} ${PASSWORD}` }]) await browser.visit(url(more))
    const judged = service.decisions().filter(({ path }) => path === 'authz/authorize/decision')
    for (const { input } of judged.slice(-2)) expect(input).not.toHaveProperty('enrolled')
  })
})

test('policy that wants a new sign-in for ever has one, and then the client is told', async () => {
  const browser = await signedIn(service)
  policies.edit({
    file: 'authz/authorize.rego',
    from: 'default sign_in := "none"',
    to: 'default sign_in := "required"',
  })
  await activate({ from: '# Authentication levels', to: '# Levels' })
  const { userName: username, password } = service.population.user
  const page = await browser.visit(url())
  expect(page.url).toContain('/login')
  const after = await browser.submit(page, { username, password })
  expect(told(after)).toMatchObject({ error: 'unmet_authentication_requirements', iss: service.issuer })
})

test('claims that policy denies are in no ID token; that it is issued is for `token` to say (OIDC Core 5.5)', async () => {
  const claims = JSON.stringify({ id_token: { email: null } })
  const browser = await signedIn(service)
  const idTokenOf = async () => {
    const page = await goThrough(browser, service, url({ claims }))
    const { status, body } = await redeemCode(service, service.population.own, told(page).code)
    expect(status).toBe(200)
    return decodeJwt(String(body.id_token))
  }
  await activate({ from: '# Authentication levels', to: '# Levels' })
  expect(await idTokenOf()).toMatchObject({ email: 'alice@example.com' })
  policies.edit({ file: 'authz/userinfo.rego', from: 'scope_held if "openid"', to: 'scope_held if "gone"' })
  await activate({ from: '# Levels', to: '# Levels again' })
  expect(await idTokenOf()).not.toHaveProperty('email')
})
