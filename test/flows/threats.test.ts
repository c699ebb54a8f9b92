/** Signals of attacks against the real service: what rises, what the shipped policy does, and whom it leaves alone. docs/threats.md. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { randomId } from '../../src/kernel/ids.ts'
import { signedFiles, startAuthService, type TestService, type TestServiceOptions } from '../servers/auth-service.ts'
import { copyPolicies } from '../servers/policy-folder.ts'
import { clientRecord, REDIRECT_URI, TENANT } from '../servers/population.ts'
import { makeProofKey } from '../servers/proofs.ts'
import { bodyOf, mailThrough, startSmtpServer } from '../servers/smtp-server.ts'
import { until } from '../servers/until.ts'
import { BEHIND_PROXY, endVisit, isSignedIn, moveTo, type Visitor, visitor } from './attackers.ts'
import { codeFor, post, tokensFor } from './requests.ts'

let service: TestService
let folder: string | undefined
afterEach(async () => {
  await service?.close()
  if (folder !== undefined) rmSync(folder, { recursive: true })
  folder = undefined
})

const PLACES = `network,country,latitude,longitude
192.0.2.0/24,DE,52.5,13.4
198.51.100.0/24,NZ,-36.9,174.8
203.0.113.0/24,DE,48.1,11.6
2001:db8::/32,FR,48.9,2.4
`

async function start(options: TestServiceOptions = {}, places = PLACES): Promise<TestService> {
  folder = mkdtempSync(join(tmpdir(), 'places-'))
  const file = join(folder, 'places.csv')
  writeFileSync(file, places)
  const settings = { ...BEHIND_PROXY, threats: { places: { file } }, ...options.service }
  service = await startAuthService({ ...options, service: settings })
  return service
}

const told = (event: string) => service.audits.filter((one) => one.event === event).map(({ detail }) => detail)
const answers = async () => {
  await service.service.threats.settled()
  return told('threat_answered')
}

const answersTo = async (signal: string) => (await answers()).filter((answer) => answer?.startsWith(`${signal}:`))

/** A grant of the visitor's session whose refresh token has come twice; answers the request that it came with. */
async function replayed(population: TestService['population'], { browser }: Visitor): Promise<Record<string, string>> {
  const { refresh_token } = await tokensFor(service, population.web, 'openid offline_access', browser)
  const form = { grant_type: 'refresh_token', refresh_token: String(refresh_token) }
  await post(service, '/oauth/token', population.web, form)
  expect((await post(service, '/oauth/token', population.web, form)).body.error).toBe('invalid_grant')
  return form
}

test('guesses at one account make guessers wait longer and longer, and keep out neither device nor network of the owner (checklist 38)', async () => {
  const { population } = await start()
  const { userName, password } = population.user
  const owner = await visitor(service, '192.0.2.1')
  await owner.signIn(userName, password)
  expect(isSignedIn(owner)).toBe(true)

  const statuses: number[] = []
  for (let host = 1; host <= 5; host++) {
    const guesser = await visitor(service, `198.51.100.${host}`)
    const page = await guesser.open()
    for (let guess = 0; guess < 11; guess++)
      statuses.push((await guesser.signIn(userName, `guess ${guess}`, page)).status)
  }
  // Ten from each network, thirty from all: then every guess waits, and is not even looked at.
  expect(statuses.filter((status) => status === 401)).toHaveLength(30)
  expect(statuses.filter((status) => status === 429)).toHaveLength(25)

  const late = await visitor(service, '198.51.100.77')
  const waiting = await late.signIn(userName, password)
  expect([waiting.status, isSignedIn(late)]).toEqual([429, false])
  expect(Number(waiting.headers.get('retry-after'))).toBeLessThanOrEqual(15)

  endVisit(owner)
  moveTo(owner, '203.0.113.9')
  await owner.signIn(userName, password)
  expect(isSignedIn(owner)).toBe(true)
  const newDevice = await visitor(service, '192.0.2.44')
  await newDevice.signIn(userName, password)
  expect(isSignedIn(newDevice)).toBe(true)

  // A name alone is no guess: whose ever it is, from wherever, the page of the password comes.
  for (const [address, username] of [
    ['192.0.2.44', userName],
    ['203.0.113.80', userName],
    ['203.0.113.80', 'nobody@example.com'],
  ] as const) {
    const named = await visitor(service, address)
    const step = await named.browser.submit(await named.open(), { username })
    expect([step.status, new URL(step.url).pathname]).toEqual([200, '/login/password'])
  }

  expect(await answers()).toContain('password_guessing:notify')
  expect((await service.store.users.find(TENANT, population.user.sub))?.active).toBe(true)
  service.advance(15)
  await late.signIn(userName, password)
  expect(isSignedIn(late)).toBe(true)
})

test('an account that nobody has is guessed at with the same answers (checklist 37, 38)', async () => {
  const { population } = await start()
  const seen: number[][] = []
  for (const [index, userName] of [population.user.userName, 'nobody@example.com'].entries()) {
    const guesser = await visitor(service, `198.51.100.${index + 1}`)
    const page = await guesser.open()
    const statuses: number[] = []
    for (let guess = 0; guess < 12; guess++) statuses.push((await guesser.signIn(userName, 'wrong', page)).status)
    seen.push(statuses)
  }
  expect(seen[0]).toEqual(seen[1])
  expect(seen[0]?.slice(-2)).toEqual([429, 429])
})

test('nobody is on the other side of the Earth an hour later: the person is told, whoever just signed in stays, elsewhere they sign in anew, and a shorter journey is no signal', async () => {
  const smtp = await startSmtpServer()
  onTestFinished(() => smtp.close())
  const { population } = await start({ service: { mail: mailThrough(smtp) } })
  const { userName, password } = population.user
  const home = await visitor(service, '192.0.2.1')
  await home.signIn(userName, password)
  service.advance(3600)
  const near = await visitor(service, '203.0.113.5')
  await near.signIn(userName, password)
  expect(await answers()).not.toContain('impossible_travel:step_up')
  const far = await visitor(service, '198.51.100.5')
  await far.signIn(userName, password)
  expect(isSignedIn(far)).toBe(true)
  expect(await answers()).toEqual(expect.arrayContaining(['impossible_travel:notify', 'impossible_travel:step_up']))
  const [input] = service
    .decisions()
    .filter(({ path }) => path === 'authz/threat/decision')
    .filter((event) => Object(event.input).signal === 'impossible_travel')
  expect(input).toMatchObject({ input: { subject: { sub: population.user.sub }, signal: 'impossible_travel' } })
  expect((await home.open()).url).toContain('/login')
  expect((await near.open()).url).toContain('/login')
  // Who has just proven who they are has nothing to prove anew: whoever it is would only do the same again.
  for (let time = 0; time < 2; time++) {
    const page = await far.browser.visit(`${service.issuer}/account`)
    expect([page.status, page.url]).toEqual([200, `${service.issuer}/account`])
    expect((await far.open()).url).not.toContain('/login')
    await service.service.threats.settled()
  }
  const letter = bodyOf((await smtp.next(userName, 'unusual for you')).message)
  expect(letter).toContain('far away from the last one')
  expect(letter).toContain(`${service.issuer}/account/activity`)
  // Letters leave in their order: had the shorter journey been told of, it would be here too.
  expect(smtp.received.filter(({ message }) => message.includes('Subject: Unusual sign-in'))).toHaveLength(1)
  // A day is enough for the way back.
  service.advance(24 * 3600)
  const back = await visitor(service, '192.0.2.1')
  await back.signIn(userName, password)
  expect((await answers()).filter((answer) => answer === 'impossible_travel:notify')).toHaveLength(1)
})

test('a refresh token that came twice ends its grant; where several did, the session that gave the last (RFC 9700 4.14.2)', async () => {
  const smtp = await startSmtpServer()
  onTestFinished(() => smtp.close())
  const { population } = await start({ service: { mail: mailThrough(smtp) } })
  const home = await visitor(service, '192.0.2.1')
  const phone = await visitor(service, '192.0.2.2')
  for (const { signIn } of [home, phone]) await signIn(population.user.userName, population.user.password)
  for (const grants of [1, 2]) {
    await replayed(population, home)
    expect(await answersTo('refresh_reuse')).toEqual(Array(grants).fill('refresh_reuse:revoke_grant'))
  }
  expect((await home.open()).url).not.toContain('/login')
  await replayed(population, home)
  expect(await answersTo('refresh_reuse')).toContain('refresh_reuse:end_session')
  const letter = await smtp.next(population.user.userName, 'An application used your account')
  expect(bodyOf(letter.message)).toContain('That access was ended')
  expect((await home.open()).url).toContain('/login')
  expect((await phone.open()).url).not.toContain('/login')
})

test('whoever has one old refresh token raises the alarm once, and signs nobody out with it (RFC 9700 4.14.2)', async () => {
  const { population } = await start()
  const browser = await visitor(service, '192.0.2.1')
  await browser.signIn(population.user.userName, population.user.password)
  const old = await replayed(population, browser)
  const again = () => post(service, '/oauth/token', population.web, old)
  for (const { body } of await Promise.all(Array.from({ length: 20 }, again))) expect(body.error).toBe('invalid_grant')
  // Longer than what came twice is remembered.
  service.advance(2 * 3600)
  await browser.signIn(population.user.userName, population.user.password)
  for (let time = 0; time < 5; time++) await again()
  expect(await answersTo('refresh_reuse')).toEqual(['refresh_reuse:revoke_grant'])
  expect((await browser.open()).url).not.toContain('/login')
  expect(told('grant_revoked').filter((why) => why === 'refresh_token_reuse')).toHaveLength(1)
  expect(told('refresh_token_reuse').filter((why) => why === 'ended_before')).toHaveLength(25)
})

test('revoke_user ends sessions beside all else, each told like any other end of a session (checklist 33)', async () => {
  const policies = copyPolicies()
  try {
    const { population, node } = await start()
    policies.edit({
      file: 'authz/threat.rego',
      from: 'actions contains "notify" if input.signal == "password_guessing"',
      to: 'actions contains "revoke_user" if input.signal == "refresh_reuse"',
    })
    await node.activate([await signedFiles(await policies.compile(), 2)])
    const { userName, password } = population.user
    const [browser, phone] = [await visitor(service, '192.0.2.1'), await visitor(service, '192.0.2.2')]
    for (const one of [browser, phone]) await one.signIn(userName, password)
    await replayed(population, browser)
    expect(await answersTo('refresh_reuse')).toContain('refresh_reuse:revoke_user')
    for (const one of [browser, phone]) expect((await one.open()).url).toContain('/login')
    const ended = service.audits.filter(({ event }) => event === 'session_ended')
    expect(ended.map(({ sub, detail }) => [sub, detail])).toEqual(Array(2).fill([population.user.sub, 'all']))
    expect((await service.store.sessions.list(TENANT, { sub: population.user.sub }, 0, 10)).total).toBe(0)
  } finally {
    policies.remove()
  }
})

test('a hundred uses of one refresh token at once are one signal (RFC 9700 4.14.2)', async () => {
  const { population } = await start()
  const { refresh_token } = await tokensFor(service, population.web, 'openid offline_access')
  const form = { grant_type: 'refresh_token', refresh_token: String(refresh_token) }
  await Promise.all(Array.from({ length: 100 }, () => post(service, '/oauth/token', population.web, form)))
  expect(await answersTo('refresh_reuse')).toEqual(['refresh_reuse:revoke_grant'])
})

test('a code that came twice ends what it gave (RFC 6749 4.1.2)', async () => {
  const { population } = await start()
  const { form } = await codeFor(service, population.web, 'openid')
  for (const _use of [1, 2]) await post(service, '/oauth/token', population.web, form)
  expect(await answers()).toEqual(['replay:revoke_grant'])
})

test('a client that introspects ten times as much as it usually does may go on with thrice the usual (checklist 20)', async () => {
  const rules = { travel: { kilometres: 300, kilometresPerHour: 1000 }, surgeFloor: 100, introspectionFloor: 20 }
  const { population } = await start({ service: { threats: { rules } } })
  const { introspections } = service.service.threats
  const introspect = () => post(service, '/oauth/introspect', population.resourceServer, { token: 'unknown' })
  for (let minute = 0; minute < 12; minute++) {
    for (let count = 0; count < 5; count++) await introspect()
    await introspections.tell()
    service.advance(60)
  }
  expect(await answers()).toEqual([])
  for (let count = 0; count < 60; count++) await introspect()
  await introspections.tell()
  expect(await answers()).toEqual(['introspection_spike:throttle'])
  const statuses: number[] = []
  for (let count = 0; count < 60; count++) statuses.push((await introspect()).status)
  // Fifteen a minute, and the minute may turn once.
  const passed = statuses.filter((status) => status === 200).length
  expect(passed).toBeGreaterThanOrEqual(15)
  expect(passed).toBeLessThanOrEqual(30)
  expect(statuses).toContain(429)
  const other = await post(service, '/oauth/introspect', population.web, { token: 'unknown' })
  expect(other.status).toBe(200)
  service.advance(601)
  expect((await introspect()).status).toBe(200)
})

test('a client that never introspected before goes on with what is no spike, and with what it does once that is usual', async () => {
  const rules = { travel: { kilometres: 300, kilometresPerHour: 1000 }, surgeFloor: 100, introspectionFloor: 20 }
  const { population } = await start({ service: { threats: { rules } } })
  const { introspections, settled } = service.service.threats
  const introspect = () => post(service, '/oauth/introspect', population.resourceServer, { token: 'unknown' })
  const aMinute = async () => {
    const statuses: number[] = []
    for (let count = 0; count < 30; count++) statuses.push((await introspect()).status)
    await introspections.tell()
    await settled()
    service.advance(60)
    return statuses
  }
  // The node and the client have been there for a while.
  service.advance(11 * 60)
  expect(await aMinute()).not.toContain(429)
  expect(await answers()).toEqual(['introspection_spike:throttle'])
  expect(await aMinute()).toContain(429)
  for (let minute = 0; minute < 10; minute++) await aMinute()
  expect(await aMinute()).not.toContain(429)
})

test('a throttle that one node set is in force on the others once they have read it', async () => {
  const { population } = await start()
  const { throttles } = service.service.threats
  const untilMs = Date.now() + 60_000
  await service.store.threats.throttle(TENANT, { key: `client ${population.web.id}`, perMinute: 0, untilMs })
  await throttles.read()
  const ask = () => post(service, '/oauth/token', population.web, { grant_type: 'client_credentials' })
  const refused = await ask()
  expect([refused.status, refused.body.error]).toEqual([429, 'slow_down'])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50)
  service.advance(60)
  expect((await ask()).status).toBe(200)
})

test('a client that registered itself today and that many people agree to is agreed to by no more, and loses what it has (consent phishing)', async () => {
  const { population, store } = await start()
  const alice = await store.users.find(TENANT, population.user.sub)
  if (alice === undefined) throw new Error('no user')
  const registration = { tokenDigest: 'x', consent: 'always' as const }
  const offers = { redirectUris: [REDIRECT_URI], grantTypes: ['authorization_code'], scopes: ['openid'], registration }
  const createdAt = Math.floor(Date.now() / 1000)
  await store.clients.create(TENANT, clientRecord('lure', 'lure-secret', { ...offers, createdAt }))
  const lure = { id: 'lure', secret: 'lure-secret' }
  const outcomes: string[] = []
  for (let person = 0; person < 26; person++) {
    const userName = `victim-${person}@example.com`
    await store.users.create(TENANT, { ...alice, userName, sub: randomId() })
    const user = { ...population.user, userName }
    const { code } = await codeFor({ issuer: service.issuer, population: { user } }, lure, 'openid')
    outcomes.push(code === '' ? 'refused' : 'agreed')
  }
  // Counted in a sketch, which may take two people for one. Who makes it too many has agreed, and has no code.
  const agreed = outcomes.indexOf('refused')
  expect(agreed).toBeGreaterThanOrEqual(19)
  expect(agreed).toBeLessThanOrEqual(24)
  expect(new Set(outcomes.slice(agreed))).toEqual(new Set(['refused']))
  expect(await answers()).toContain('consent_phishing:revoke_client')
  expect((await store.clients.find(TENANT, 'lure'))?.revocationEpoch).toBeGreaterThan(7)
})

test('a DPoP proof that came twice is refused and told, and ends nothing of anybody (RFC 9449 11.1; checklist 23)', async () => {
  const { population } = await start()
  const url = `${service.issuer}/oauth/token`
  const headers = {
    authorization: `Basic ${Buffer.from(`${population.web.id}:${population.web.secret}`).toString('base64')}`,
    dpop: await (await makeProofKey()).proof({ url }),
  }
  const ask = () =>
    fetch(url, { method: 'POST', headers, body: new URLSearchParams({ grant_type: 'client_credentials' }) })
  expect([(await ask()).status, (await ask()).status]).toEqual([200, 400])
  expect(await answers()).toEqual(['replay:none'])
})

test('a person’s activity names the country of what happened, where a source of places knows it (ASVS 7.5.2)', async () => {
  const { population, issuer } = await start()
  const here = await visitor(service, '192.0.2.1')
  await here.signIn(population.user.userName, population.user.password)
  const elsewhere = await visitor(service, '203.0.114.9')
  await elsewhere.signIn(population.user.userName, 'not that one')
  await service.service.threats.settled()
  await until(async () => {
    const entries = await service.store.activity.list(TENANT, population.user.sub)
    return entries.some(({ kind }) => kind === 'sign_in_failed')
  }, 'the refused attempt is kept')
  const page = await here.browser.visit(`${issuer}/account/activity`)
  expect(page.text).toMatch(/network <bdi>192\.0\.2\.0\/24<\/bdi>[^<]*Germany/)
  expect(page.text).toMatch(/network <bdi>203\.0\.114\.0\/24<\/bdi>(?![^<]*Germany)/)
})
