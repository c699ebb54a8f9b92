/**
 * Signals of the last hour reach `authorize`, `token` and `introspect`: what the shipped policy makes of them (less, a new sign-in,
 * nothing at all), whom it leaves alone, and that an edit answers otherwise. docs/threats.md.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { DEFAULT_THREAT_RULES } from '../../src/auth/threat/rules.ts'
import { createPasswordHasher, hashGate } from '../../src/auth/user/password/hasher.ts'
import { randomId } from '../../src/kernel/ids.ts'
import { openSqliteStore } from '../../src/storage/sqlite/open.ts'
import { signedFiles, startAuthService, type TestService } from '../servers/auth-service.ts'
import { copyPolicies, type Edit, type PolicyFolder } from '../servers/policy-folder.ts'
import { clientRecord, newAddress, REDIRECT_URI, TENANT } from '../servers/population.ts'
import { makeProofKey } from '../servers/proofs.ts'
import { BEHIND_PROXY, isSignedIn, moveTo, type Visitor, visitor } from './attackers.ts'
import { countedStore } from './counted-work.ts'
import { begin, discover } from './relying-party.ts'
import { basic, codeFor, isActive, post, tokensFor } from './requests.ts'

const HOME = '192.0.2.1'
const INTROSPECTION_FLOOR = 20
const OFFLINE = 'openid offline_access'

let policies: PolicyFolder
let service: TestService
let version: number
/** Calls of the store, in order. */
const calls: string[] = []
beforeAll(() => {
  policies = copyPolicies()
})
afterAll(() => policies.remove())
beforeEach(async () => {
  version = 1
  service = await startAuthService({
    store: async (path, clock) => countedStore(await openSqliteStore({ path, clock }), calls),
    service: {
      ...BEHIND_PROXY,
      passwords: createPasswordHasher(hashGate(), { memoryKib: 1024, passes: 1, parallelism: 1 }),
      threats: { rules: { ...DEFAULT_THREAT_RULES, introspectionFloor: INTROSPECTION_FLOOR } },
    },
  })
})
afterEach(() => service.close())

async function activate(...edits: readonly Edit[]): Promise<void> {
  policies.restore()
  for (const edit of edits) policies.edit(edit)
  version += 1
  await service.node.activate([await signedFiles(await policies.compile(), version)])
}

const inputs = (decision: string) =>
  service.decisions().flatMap(({ path, input }) => (path === `authz/${decision}/decision` ? [Object(input)] : []))

async function signedIn(address = HOME): Promise<Visitor> {
  const { userName, password } = service.population.user
  const person = await visitor(service, address)
  await person.signIn(userName, password)
  expect(isSignedIn(person)).toBe(true)
  return person
}

/** Signals rise behind the requests that show them. */
const raised = (signal: string, times: number) =>
  expect
    .poll(() => service.audits.filter(({ event, detail }) => event === 'risk_signal' && detail === signal).length)
    .toBe(times)

/** A refresh token of the person at this client that comes twice. */
async function leak(client: TestService['population']['web'], { browser }: Visitor): Promise<void> {
  const { refresh_token } = await tokensFor(service, client, OFFLINE, browser)
  const form = { grant_type: 'refresh_token', refresh_token: String(refresh_token) }
  await post(service, '/oauth/token', client, form)
  expect((await post(service, '/oauth/token', client, form)).body.error).toBe('invalid_grant')
}

test('while nothing rose the three decisions are asked without risk, and no store is (allow)', async () => {
  const { population } = service
  const person = await signedIn()
  await tokensFor(service, population.web, OFFLINE, person.browser)
  calls.length = 0
  const { access_token } = (await post(service, '/oauth/token', population.web, { grant_type: 'client_credentials' }))
    .body
  expect(await isActive(service, access_token)).toBe(true)
  expect(calls.filter((call) => /^(limits|threats)\./.test(call))).toEqual([])
  for (const decision of ['authorize', 'token', 'introspect']) {
    expect(inputs(decision).length).toBeGreaterThan(0)
    for (const input of inputs(decision)) expect(input).not.toHaveProperty('risk')
  }
})

test('token: a client whose tokens of a person come from two places gets no further refresh token of theirs, but one that is bound (RFC 9700 4.14.2)', async () => {
  const { population } = service
  // Each in a session of its own: from the third on it ends behind the request.
  for (let time = 0; time < 9; time++) await leak(population.web, await signedIn())
  await raised('refresh_reuse', 9)
  const person = await signedIn()
  expect((await tokensFor(service, population.web, OFFLINE, person.browser)).scope).toContain('offline_access')
  await leak(population.web, await signedIn())
  await raised('refresh_reuse', 10)
  const less = await tokensFor(service, population.web, OFFLINE, person.browser)
  expect([less.refresh_token, less.scope]).toEqual([undefined, OFFLINE.replace(' offline_access', '')])
  expect(inputs('token').at(-1)?.risk).toMatchObject({ person_at_client: { refresh_reuse: { count: 10 } } })
  expect(await tokensFor(service, population.other, OFFLINE, person.browser)).toHaveProperty('refresh_token')

  const { form } = await codeFor(service, population.web, OFFLINE, person.browser)
  const url = `${service.issuer}/oauth/token`
  const headers = { authorization: basic(population.web), dpop: await (await makeProofKey()).proof({ url }) }
  const bound = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) })
  expect(await bound.json()).toMatchObject({ token_type: 'DPoP', refresh_token: expect.any(String) })

  service.advance(3600)
  expect(await tokensFor(service, population.web, OFFLINE, person.browser)).toHaveProperty('refresh_token')
})

test('token: while proofs of a client come twice again and again, what it gets is of use for a minute; those of a person are their own (RFC 9449 11.1)', async () => {
  const { population } = service
  const url = `${service.issuer}/oauth/token`
  const key = await makeProofKey()
  const ask = async (proof: string, form: Readonly<Record<string, string>> = { grant_type: 'client_credentials' }) => {
    const headers = { authorization: basic(population.web), dpop: proof }
    return (await fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) })).json()
  }
  const copied = async () => {
    const proof = await key.proof({ url })
    const first = Object(await ask(proof))
    expect(await ask(proof)).toMatchObject({ error: 'invalid_dpop_proof' })
    return first.expires_in
  }
  for (let time = 0; time < 8; time++) expect(await copied()).toBe(300)
  // Once for each doubling.
  await raised('replay', 4)
  expect(Object(await ask(await key.proof({ url }))).expires_in).toBe(60)
  const other = await post(service, '/oauth/token', population.other, { grant_type: 'client_credentials' })
  expect(other.body.expires_in).toBe(300)

  const person = await signedIn()
  const proof = await key.proof({ url })
  for (const error of [undefined, 'invalid_dpop_proof']) {
    const { form } = await codeFor(service, population.web, 'openid', person.browser)
    expect(Object(await ask(proof, form)).error).toBe(error)
  }
  await raised('replay', 5)
  await codeFor(service, population.other, 'openid', person.browser)
  expect(inputs('authorize').at(-1)?.risk).toMatchObject({ person: { replay: { count: 1 } } })
})

test('authorize: from an address that tries many accounts a password gives nothing that outlives the session (checklist 38)', async () => {
  const { population } = service
  const owner = await signedIn()
  const attacker = await visitor(service, '198.51.100.7')
  const page = await attacker.open()
  for (let account = 0; account < 24; account++) await attacker.signIn(`somebody-${account}@example.com`, 'wrong', page)
  // At ten accounts, and at twenty.
  await raised('credential_stuffing', 2)
  moveTo(owner, '198.51.100.7')
  expect(await tokensFor(service, population.web, OFFLINE, owner.browser)).toMatchObject({ scope: 'openid' })
  moveTo(owner, HOME)
  const { scope } = await tokensFor(service, population.web, OFFLINE, owner.browser)
  expect(String(scope).split(' ').toSorted()).toEqual(['offline_access', 'openid'])
})

/** A client that registered itself just now, and people who agree to it. */
async function lure() {
  const alice = await service.store.users.find(TENANT, service.population.user.sub)
  if (alice === undefined) throw new Error('no user')
  const client = { id: 'lure', secret: 'lure-secret' }
  const offers = { redirectUris: [REDIRECT_URI], grantTypes: ['authorization_code'], scopes: ['openid'] }
  const registration = { tokenDigest: 'x', consent: 'always' as const }
  const createdAt = Math.floor(Date.now() / 1000)
  await service.store.clients.create(
    TENANT,
    clientRecord(client.id, client.secret, { ...offers, registration, createdAt }),
  )
  const agree = async (people: number): Promise<number> => {
    let agreed = 0
    for (let person = 0; person < people; person++) {
      const userName = newAddress()
      await service.store.users.create(TENANT, { ...alice, userName, sub: randomId() })
      const user = { ...service.population.user, userName }
      const { code } = await codeFor({ issuer: service.issuer, population: { user } }, client, 'openid')
      if (code !== '') agreed += 1
    }
    await service.service.threats.settled()
    return agreed
  }
  const visit = async ({ browser }: Visitor) =>
    browser.visit((await begin(await discover(service.issuer, client), 'openid')).url)
  return { client, agree, visit }
}

const pathOf = ({ url }: { readonly url: string }) => new URL(url).pathname

test('authorize, token: a new client that many agree to is entered by a new sign-in, and when they are too many not at all (consent phishing)', async () => {
  const { client, agree, visit } = await lure()
  const person = await signedIn()
  service.advance(120)
  expect(pathOf(await visit(person))).toBe('/consent')
  expect(await agree(12)).toBe(12)
  expect(pathOf(await visit(person))).toBe('/login')
  const { code, form } = await codeFor(service, client, 'openid', person.browser)
  expect(code).not.toBe('')

  expect(await agree(14)).toBeLessThan(14)
  const refused = await visit(person)
  expect(refused.left?.searchParams.get('error')).toBe('access_denied')
  expect(inputs('authorize').at(-1)).toMatchObject({ stage: 'client', risk: { self_registered: true } })
  // Its grants are revoked by the answer to the signal; without that one it has no token either.
  const token = await post(service, '/oauth/token', client, form)
  expect(token.status).toBe(400)
  const machine = await post(service, '/oauth/token', client, { grant_type: 'client_credentials' })
  expect(machine.body.error).toBe('unauthorized_client')
  const [last] = service.decisions().slice(-1)
  expect(last).toMatchObject({
    path: 'authz/token/decision',
    result: { reasons: expect.arrayContaining(['phishing_suspected']) },
  })

  const other = await codeFor(service, service.population.web, 'openid', person.browser)
  expect(other.code).not.toBe('')
})

test('introspect: a client that asks far more than it usually does is refused whatever it asks about, no live token reads as inactive; a resource server goes on (RFC 7662 2.2)', async () => {
  const { population } = service
  const { introspections } = service.service.threats
  const { web, resourceServer } = population
  const ask = async (client: typeof web, token: string) => {
    const { status, body, headers } = await post(service, '/oauth/introspect', client, { token })
    return { status, active: body.active, error: body.error, wait: headers.get('retry-after') }
  }
  const askAll = async (count: number) => {
    for (let time = 0; time < count; time++) for (const client of [web, resourceServer]) await ask(client, 'unknown')
    await introspections.tell()
  }
  for (let minute = 0; minute < 12; minute++) {
    await askAll(5)
    service.advance(60)
  }
  const form = { grant_type: 'client_credentials', scope: 'orders:read' }
  const own = String((await post(service, '/oauth/token', web, form)).body.access_token)
  const learnt = { status: 200, active: true, error: undefined, wait: null }
  expect(await ask(web, own)).toEqual(learnt)
  const asked = inputs('introspect').length
  // Not so many that `threat` throttles them: ten times the usual.
  await askAll(25)
  expect(inputs('introspect').length).toBe(asked)
  await raised('introspection_spike', 2)
  await service.service.threats.settled()
  expect(service.audits.map(({ detail }) => detail)).toContain('introspection_spike:none')

  const refused = { status: 429, active: undefined, error: 'slow_down', wait: '60' }
  expect([await ask(web, own), await ask(web, 'unknown')]).toEqual([refused, refused])
  expect(inputs('introspect').at(-1)).not.toHaveProperty('token')
  expect(await ask(resourceServer, own)).toEqual(learnt)
  expect(await ask(resourceServer, 'unknown')).toEqual({ ...learnt, active: false })
  service.advance(600)
  const later = String((await post(service, '/oauth/token', web, form)).body.access_token)
  expect(await ask(web, later)).toEqual(learnt)
})

test('an edit answers a signal otherwise: while a refresh token of the person came twice anywhere, none is renewed (deny)', async () => {
  const { population } = service
  const person = await signedIn()
  const { refresh_token } = await tokensFor(service, population.web, OFFLINE, person.browser)
  await activate({
    file: 'authz/token.rego',
    from: 'client_trusted if not is_lure\n',
    to: 'client_trusted if {\n\tnot is_lure\n\tnot input.risk.person.refresh_reuse\n}\n',
  })
  await leak(population.other, person)
  await raised('refresh_reuse', 1)
  const form = { grant_type: 'refresh_token', refresh_token: String(refresh_token) }
  const refused = await post(service, '/oauth/token', population.web, form)
  expect([refused.status, refused.body.error]).toEqual([400, 'unauthorized_client'])
  await activate()
  expect((await post(service, '/oauth/token', population.web, form)).status).toBe(200)
})
