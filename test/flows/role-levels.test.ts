/**
 * Roles that count at a level alone, at the APIs of administration: a person who has one is sent to a better sign-in, and let in with
 * its token; whoever has none, and every client, is denied. RFC 9470 3 to 5. Asks `admin`, `scim` and `register`.
 */
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import type { Browser } from '../servers/browser.ts'
import { type EditedPolicies, editedPolicies } from '../servers/edited-policies.ts'
import type { Edit } from '../servers/policy-folder.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { adminToken, clientToken } from '../servers/provision.ts'
import { parametersOf, redeemCode, registerClient, told, urlOf } from './authorization.ts'
import {
  aBrowser,
  codeAt,
  confirmTotp,
  MFA_ACR,
  openOwnPage,
  PASSWORD_ACR,
  type Person,
  PHISHING_RESISTANT,
} from './factors.ts'
import { type Answer, answerOf } from './requests.ts'
import { createPersonWithoutFactors } from './use-factors.ts'
import { enter } from './with-people.ts'

const ROLE = `  operator:
    permissions: [admin:clients:list, scim:users:list, clients:register]
    grants: []
  user:
    permissions`
/** The role from then on. */
const DEMANDING: Edit = { file: 'rbac/data.yaml', from: '  operator:', to: `  operator:\n    acr: ${MFA_ACR}` }

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'

let service: TestService
let policies: EditedPolicies
/** What operators sign in to. */
let desk: TestClient
/** Seconds that the service's clock was moved on. */
let moved = 0
const now = () => Date.now() / 1000 + moved

beforeAll(async () => {
  service = await startAuthService()
  policies = editedPolicies(service, [{ file: 'rbac/data.yaml', from: '  user:\n    permissions', to: ROLE }])
  desk = await registerClient(
    service,
    'desk',
    {},
    {
      firstParty: true,
      scopes: ['openid', 'admin', 'scim', 'register'],
      audience: ['urn:sallyport:platform'],
    },
  )
  await policies.activate()
})
afterEach(() => policies.activate())
afterAll(async () => {
  policies?.remove()
  await service?.close()
})

async function giveRoles({ userName }: Person, roles: readonly string[]): Promise<void> {
  const { users } = service.store
  const user = await users.findByUserName(TENANT, userName)
  if (user === undefined) throw new Error('no person')
  await users.replace(TENANT, { ...user, roles, version: user.version + 1 }, user.version)
}

const url = (more: Readonly<Record<string, string>> = {}) =>
  urlOf(service.issuer, parametersOf(desk, { scope: 'openid admin scim register', ...more }))

const redeemed = async (code: string | undefined) => String((await redeemCode(service, desk, code)).body.access_token)

async function send(token: string, path: string, body?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const post = body && { method: 'POST', body: JSON.stringify(body) }
  return answerOf(await fetch(`${service.issuer}${path}`, { headers, ...post }))
}

const clients = (token: string) => send(token, '/admin/clients')
const people = (token: string) => send(token, '/scim/v2/Users')
const register = (token: string) =>
  send(token, '/oauth/register', {
    client_name: 'Prints',
    redirect_uris: ['http://127.0.0.1:9/prints'],
    scope: 'openid',
  })

const challengeOf = ({ headers }: Answer) => headers.get('www-authenticate') ?? ''

/** Of the newest question to this decision. */
const actorOf = (decision: string) =>
  service.decisions().findLast(({ path }) => path === `authz/${decision}/decision`)?.input

/** Signed in by a password, when that was enough. */
async function operator(): Promise<{ person: Person; browser: Browser; plain: string }> {
  const person = await createPersonWithoutFactors(service)
  await giveRoles(person, ['operator'])
  const browser = aBrowser(service)
  const plain = await redeemed(told(await enter(browser, url(), person)).code)
  expect(decodeJwt(plain).acr).toBe(PASSWORD_ACR)
  return { person, browser, plain }
}

test('a person whose role counts at a level: challenged by admin API and SCIM, stepped up, and let in (RFC 9470 3 to 5)', async () => {
  const { person, browser, plain } = await operator()
  const { secret } = await confirmTotp(browser, await openOwnPage(service, browser, '/mfa/enrol/totp', person), now())
  for (const read of [clients, people]) expect((await read(plain)).status).toBe(200)
  await policies.activate(DEMANDING)

  const challenged = await clients(plain)
  expect([challenged.status, challenged.body.code]).toEqual([401, 'insufficient_user_authentication'])
  expect(challengeOf(challenged)).toMatch(/^Bearer .*error="insufficient_user_authentication"/)
  expect(challengeOf(challenged)).toContain(`acr_values="${MFA_ACR} ${PHISHING_RESISTANT}"`)
  expect(actorOf('admin')).toMatchObject({ actor: { kind: 'user', acr: PASSWORD_ACR } })
  const scim = await people(plain)
  expect([scim.status, scim.body.schemas]).toEqual([401, ['urn:ietf:params:scim:api:messages:2.0:Error']])
  expect(challengeOf(scim)).toContain(`acr_values="${MFA_ACR} ${PHISHING_RESISTANT}"`)
  // Of RFC 7591 the role is missing, without more.
  const refused = await register(plain)
  expect([refused.status, refused.body.error]).toEqual([403, 'insufficient_scope'])
  expect(actorOf('register')).toMatchObject({ actor: { acr: PASSWORD_ACR } })

  // The code that confirmed the app is spent.
  service.advance(30)
  moved += 30
  const [, acrValues = ''] = /acr_values="([^"]+)"/.exec(challengeOf(challenged)) ?? []
  const asked = await browser.visit(url({ acr_values: acrValues }))
  expect(new URL(asked.url).pathname).toBe('/mfa/totp')
  const better = await redeemed(told(await browser.submit(asked, { code: codeAt(secret, now()) })).code)
  expect(decodeJwt(better).acr).toBe(MFA_ACR)
  for (const [answer, status] of [
    [await clients(better), 200],
    [await people(better), 200],
    [await register(better), 201],
  ] as const)
    expect(answer.status).toBe(status)
  for (const decision of ['admin', 'scim', 'register'])
    expect(actorOf(decision)).toMatchObject({ actor: { kind: 'user', acr: MFA_ACR } })
  expect((await clients(plain)).status).toBe(401)
})

test('whom no sign-in would help is asked for none (RFC 6750 3.1)', async () => {
  const { plain } = await operator()
  await policies.activate(DEMANDING)
  const denied = await send(plain, '/admin/clients', { name: 'Shop', type: 'public', redirect_uris: [] })
  expect([denied.status, denied.body.code]).toEqual([403, 'forbidden'])
  expect(challengeOf(denied)).toContain('error="insufficient_scope"')
  expect(challengeOf(denied)).not.toContain('acr_values')
})

test('a client that has the role signs nobody in, and is denied', async () => {
  await policies.activate(DEMANDING)
  const machine = await registerClient(
    service,
    'machine',
    {},
    {
      grantTypes: ['client_credentials'],
      scopes: ['admin', 'scim', 'register'],
      audience: ['urn:sallyport:platform'],
      roles: ['operator'],
    },
  )
  const token = await clientToken(service.issuer, machine, 'admin scim register')
  for (const answer of [await clients(token), await people(token), await register(token)])
    expect(answer.status).toBe(403)
  for (const decision of ['admin', 'scim', 'register']) {
    expect(actorOf(decision)).toMatchObject({ actor: { kind: 'client' } })
    expect(actorOf(decision)).not.toHaveProperty('actor.acr')
  }
})

describe('the obligations, flipped', () => {
  test.each([
    ['admin.step_up', 'admin.acr_values', '/admin/clients', { name: 'Shop', type: 'confidential' }],
    ['scim.step_up', 'scim.acr_values', '/scim/v2/Users', { schemas: [USER], userName: 'new@example.com' }],
  ])('%s, %s: nothing is done, and the challenge says what policy says', async (needs, levels, path, body) => {
    const file = `authz/${needs.split('.')[0]}.rego`
    const token = await adminToken(service.issuer, service.population.admin)
    const all = async () => (await send(token, path)).body
    const before = await all()
    const needed = { file, from: '"step_up": step_up', to: '"step_up": "required"' }
    await policies.activate(needed, {
      file,
      from: '"acr_values": acr_values',
      to: '"acr_values": ["urn:flipped", "urn:other"]',
    })
    const named = await send(token, path, body)
    expect(named.status, levels).toBe(401)
    expect(challengeOf(named)).toContain('error="insufficient_user_authentication"')
    expect(challengeOf(named)).toContain('acr_values="urn:flipped urn:other"')
    await policies.activate(needed)
    const unnamed = await send(token, path, body)
    expect([unnamed.status, challengeOf(unnamed).includes('acr_values')]).toEqual([401, false])
    await policies.activate()
    expect(await all()).toEqual(before)
    expect((await send(token, path, body)).status).toBe(201)
  })
})
