/**
 * Scopes that demand a level, where policy demands it only after tokens were given: introspection, refresh, the token endpoint of
 * machines, the admin API, SCIM and registration follow at once, without a new token. RFC 9470. Asks `introspect`, `token`, `admin`,
 * `scim` and `register`.
 */
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import type { Browser } from '../servers/browser.ts'
import { type EditedPolicies, editedPolicies } from '../servers/edited-policies.ts'
import type { Edit } from '../servers/policy-folder.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { parametersOf, redeemCode, registerClient, told, urlOf } from './authorization.ts'
import { aBrowser, codeAt, confirmTotp, MFA_ACR, openOwnPage, PASSWORD_ACR, PHISHING_RESISTANT } from './factors.ts'
import { type Answer, answerOf, post } from './requests.ts'
import { createPersonWithoutFactors } from './use-factors.ts'
import { enter } from './with-people.ts'

const demanding = (from: string): Edit => ({
  file: 'rbac/data.yaml',
  from,
  to: from.replace('permissions', `acr: ${MFA_ACR}${from.includes('{') ? ',' : '\n   '} permissions`),
})
const ORDERS = demanding('  orders:read: { permissions')
const OWN_APIS = ['  admin:\n    permissions', '  scim:\n    permissions', '  register: { permissions'].map(demanding)

const SCOPE = 'openid offline_access orders:read admin scim register'
const WITHOUT_ORDERS = 'admin offline_access openid register scim'
const WITH_ORDERS = 'admin offline_access openid orders:read register scim'

let service: TestService
let policies: EditedPolicies
/** What people sign in to. */
let desk: TestClient
/** Seconds that the service's clock was moved on. */
let moved = 0
const now = () => Date.now() / 1000 + moved

beforeAll(async () => {
  service = await startAuthService()
  policies = editedPolicies(service)
  desk = await registerClient(
    service,
    'desk',
    {},
    { firstParty: true, scopes: SCOPE.split(' '), audience: ['urn:sallyport:default', 'urn:sallyport:platform'] },
  )
})
afterEach(() => policies.activate())
afterAll(async () => {
  policies?.remove()
  await service?.close()
})

const url = (more: Readonly<Record<string, string>> = {}) =>
  urlOf(service.issuer, parametersOf(desk, { scope: SCOPE, ...more }))

/** Of a person who has added an authenticator app, and then signed in by a password in another browser. */
async function signIn() {
  const person = await createPersonWithoutFactors(service)
  const { users } = service.store
  const user = await users.findByUserName(TENANT, person.userName)
  if (user === undefined) throw new Error('no person')
  await users.replace(TENANT, { ...user, roles: ['user', 'platform_admin'], version: user.version + 1 }, user.version)
  const browser = aBrowser(service)
  const { body } = await redeemCode(service, desk, told(await enter(browser, url(), person)).code)
  expect(decodeJwt(String(body.access_token)).acr).toBe(PASSWORD_ACR)
  const { secret } = await confirmTotp(browser, await openOwnPage(service, browser, '/mfa/enrol/totp', person), now())
  // The code that confirmed the app is spent.
  service.advance(30)
  moved += 30
  return { browser, secret, access: String(body.access_token), refresh: String(body.refresh_token) }
}

/** As a challenge asks for it. */
async function stepUp(browser: Browser, secret: string): Promise<Answer['body']> {
  const asked = await browser.visit(url({ acr_values: MFA_ACR }))
  expect(new URL(asked.url).pathname).toBe('/mfa/totp')
  const { code } = told(await browser.submit(asked, { code: codeAt(secret, now()) }))
  return (await redeemCode(service, desk, code)).body
}

const introspected = async (token: unknown): Promise<Answer['body']> =>
  (await post(service, '/oauth/introspect', service.population.resourceServer, { token: String(token) })).body

const refreshed = (token: unknown, more: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  post(service, '/oauth/token', desk, { grant_type: 'refresh_token', refresh_token: String(token), ...more })

const scopeOf = ({ scope }: Answer['body']): string => String(scope).split(' ').sort().join(' ')

async function send(token: unknown, path: string, body?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${String(token)}`, 'content-type': 'application/json' }
  const sent = body && { method: 'POST', body: JSON.stringify(body) }
  return answerOf(await fetch(`${service.issuer}${path}`, { headers, ...sent }))
}

const clients = (token: unknown) => send(token, '/admin/clients')
const people = (token: unknown) => send(token, '/scim/v2/Users')
const register = (token: unknown) =>
  send(token, '/oauth/register', {
    client_name: 'Prints',
    redirect_uris: ['http://127.0.0.1:9/prints'],
    scope: 'openid',
  })

const challengeOf = ({ headers }: Answer) => headers.get('www-authenticate') ?? ''

test('the token of a weaker sign-in shows and refreshes the scope no more, and the refresh token keeps it', async () => {
  const { browser, secret, access, refresh } = await signIn()
  const before = await introspected(access)
  expect(scopeOf(before)).toBe(WITH_ORDERS)
  expect(before.permissions).toContain('orders:read')

  await policies.activate(ORDERS)
  expect(told(await browser.visit(url({ prompt: 'none' }))).error).toBe('login_required')
  const shown = await introspected(access)
  expect([shown.active, shown.acr, scopeOf(shown)]).toEqual([true, PASSWORD_ACR, WITHOUT_ORDERS])
  expect(shown.permissions).not.toContain('orders:read')
  const named = await refreshed(refresh, { scope: 'openid orders:read' })
  expect([named.status, named.body.error]).toEqual([400, 'invalid_scope'])
  const next = (await refreshed(refresh)).body
  expect(scopeOf(next)).toBe(WITHOUT_ORDERS)
  const claims = decodeJwt(String(next.access_token))
  expect([claims.acr, scopeOf({ scope: claims.scope })]).toEqual([PASSWORD_ACR, WITHOUT_ORDERS])
  expect(claims.permissions).not.toContain('orders:read')

  const better = await stepUp(browser, secret)
  expect((await introspected(better.access_token)).permissions).toContain('orders:read')
  expect(scopeOf((await refreshed(better.refresh_token)).body)).toBe(WITH_ORDERS)

  await policies.activate()
  expect(scopeOf(await introspected(access))).toBe(WITH_ORDERS)
  expect(scopeOf((await refreshed(next.refresh_token)).body)).toBe(WITH_ORDERS)
})

test('admin API and SCIM challenge the token of a weaker sign-in, and let the better one in (RFC 9470 3 to 5)', async () => {
  const { browser, secret, access } = await signIn()
  for (const read of [clients, people]) expect((await read(access)).status).toBe(200)

  await policies.activate(...OWN_APIS)
  for (const read of [clients, people]) {
    const challenged = await read(access)
    expect(challenged.status).toBe(401)
    expect(challengeOf(challenged)).toMatch(/^Bearer .*error="insufficient_user_authentication"/)
    expect(challengeOf(challenged)).toContain(`acr_values="${MFA_ACR} ${PHISHING_RESISTANT}"`)
  }
  // Of RFC 7591 the scope is missing, without more.
  const refused = await register(access)
  expect([refused.status, refused.body.error]).toEqual([403, 'insufficient_scope'])

  const better = (await stepUp(browser, secret)).access_token
  for (const read of [clients, people]) expect((await read(better)).status).toBe(200)
  expect((await register(better)).status).toBe(201)
  expect((await clients(access)).status).toBe(401)
})

test('a client, which never signs in, neither keeps nor gets such a scope (RFC 6749 4.4)', async () => {
  const machine = await registerClient(
    service,
    'machine',
    {},
    {
      grantTypes: ['client_credentials'],
      scopes: ['orders:read', 'admin', 'scim', 'register'],
      audience: ['urn:sallyport:default', 'urn:sallyport:platform'],
      roles: ['service', 'platform_admin'],
    },
  )
  const ask = (scope: string) =>
    post(service, '/oauth/token', machine, { grant_type: 'client_credentials', ...(scope !== '' && { scope }) })
  const reader = await clientToken(service.issuer, machine, 'orders:read')
  const manager = await clientToken(service.issuer, machine, 'admin scim register')
  expect(await introspected(reader)).toMatchObject({ scope: 'orders:read', permissions: ['orders:read'] })
  expect((await clients(manager)).status).toBe(200)

  await policies.activate(ORDERS, ...OWN_APIS)
  const shown = await introspected(reader)
  expect([shown.active, shown.permissions]).toEqual([true, []])
  expect(shown).not.toHaveProperty('scope')
  for (const answer of [await clients(manager), await people(manager), await register(manager)]) {
    expect(answer.status).toBe(403)
    expect(challengeOf(answer)).not.toContain('acr_values')
  }
  for (const scope of ['orders:read', 'admin', 'admin orders:read']) {
    const denied = await ask(scope)
    expect([denied.status, denied.body.error], scope).toEqual([400, 'invalid_scope'])
  }

  await policies.activate(ORDERS)
  const rest = (await ask('')).body
  expect(scopeOf(rest)).toBe('admin register scim')
  expect(decodeJwt(String(rest.access_token)).permissions).not.toContain('orders:read')
})
