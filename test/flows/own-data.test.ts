/** A copy of one's data, and the end of it: by the person, and by an administrator. GDPR articles 15, 17 and 20; docs/privacy.md. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPasswordHasher } from '../../src/auth/user/password/hasher.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser, formAt } from '../servers/browser.ts'
import { newAddress, TENANT, userRecord } from '../servers/population.ts'
import { clientToken } from '../servers/provision.ts'
import { send } from './at-account.ts'
import { isActive, post } from './requests.ts'
import { signIn } from './signed-in.ts'

const PASSWORD = 'a long pass phrase of hers'
let service: TestService
beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service?.close())

async function aPerson(roles: readonly string[] = ['user']) {
  const userName = newAddress()
  const profile = { displayName: 'Grace H.', emails: [{ value: userName, primary: true }] }
  const user = userRecord(userName, { passwordHash: await createPasswordHasher().hash(PASSWORD), roles, profile })
  await service.store.users.create(TENANT, user)
  return { sub: user.sub, userName, password: PASSWORD }
}
type Person = Awaited<ReturnType<typeof aPerson>>

/** Signed in to an application, with tokens to lose. */
async function inUse(person: Person) {
  const { population } = service
  const browser = new Browser(service.issuer)
  const provider = { ...service, population: { ...population, user: person } }
  const tokens = await signIn(provider, browser, population.web, 'openid offline_access')
  return { browser, tokens }
}

async function dataPage(browser: Browser, person: Person) {
  let page = await browser.visit(`${service.issuer}/account/data`)
  if (page.url.includes('/login?')) page = await browser.submit(page, { username: person.userName })
  if (page.url.includes('/login/password')) page = await browser.submit(page, { password: PASSWORD })
  return page
}

const press = async (browser: Browser, person: Person, what: RegExp, values: Readonly<Record<string, string>> = {}) =>
  send(browser, await dataPage(browser, person), what, values)

test('a person takes a copy along: all of theirs, nobody else’s, and no secret', async () => {
  const [person, other] = [await aPerson(), await aPerson()]
  await inUse(other)
  const { browser } = await inUse(person)
  const copy = await press(browser, person, /export$/)
  expect([copy.status, copy.headers.get('content-disposition')]).toEqual([200, 'attachment; filename="my-data.json"'])
  const data = JSON.parse(copy.text)
  expect(data).toMatchObject({
    account: { sub: person.sub, user_name: person.userName, profile: { displayName: 'Grace H.' }, has_password: true },
    factors: { passkeys: [], recovery_codes_left: 0 },
    sessions: [expect.objectContaining({ acr: 'urn:sallyport:acr:password' })],
    grants: [expect.objectContaining({ client_id: service.population.web.id, revoked: false })],
    consents: [expect.objectContaining({ client_id: service.population.web.id })],
    devices: [expect.objectContaining({ first_seen_at: expect.any(String) })],
  })
  const stored = await service.store.users.find(TENANT, person.sub)
  for (const foreign of [
    other.sub,
    other.userName,
    stored?.passwordHash ?? 'none',
    PASSWORD,
    ...browser.cookies.values(),
  ])
    expect(copy.text).not.toContain(foreign)
})

test('a person deletes their account by its name: tokens die, they are signed out, and nothing of them is left', async () => {
  const person = await aPerson()
  const { browser, tokens } = await inUse(person)
  expect(await isActive(service, tokens.access_token)).toBe(true)
  const wrong = await press(browser, person, /erase$/, { confirm: 'somebody else' })
  expect([wrong.status, wrong.text.includes('Nothing was deleted.')]).toEqual([400, true])
  expect(await isActive(service, tokens.access_token)).toBe(true)

  const done = await press(browser, person, /erase$/, { confirm: person.userName })
  expect([done.status, done.text.includes('Your account is deleted')]).toEqual([200, true])
  expect([...browser.cookies.keys()]).not.toContain('sallyport_session')
  expect(await isActive(service, tokens.access_token)).toBe(false)
  const { store } = service
  expect(await store.users.find(TENANT, person.sub)).toBeUndefined()
  expect(await store.users.findByUserName(TENANT, person.userName)).toBeUndefined()
  const left = await Promise.all([
    store.consents.list(TENANT, person.sub, 0, 10).then(({ records }) => records),
    store.sessions.list(TENANT, { sub: person.sub }, 0, 10).then(({ records }) => records),
    store.devices.list(TENANT, person.sub),
    store.identities.list(TENANT, person.sub),
    store.activity.list(TENANT, person.sub),
  ])
  expect(left).toEqual([[], [], [], [], []])
  const grants = await store.grants.list(TENANT, { sub: person.sub }, 0, 10)
  expect(grants.records.every(({ revoked }) => revoked)).toBe(true)
  const refreshed = await post(service, '/oauth/token', service.population.web, {
    grant_type: 'refresh_token',
    refresh_token: String(tokens.refresh_token),
  })
  expect([refreshed.status, refreshed.body.error]).toEqual([400, 'invalid_grant'])
})

test('both want a sign-in of a moment ago, and a form of our own page (checklist 12, 42)', async () => {
  const person = await aPerson()
  const { browser } = await inUse(person)
  service.advance(3600)
  const { action, fields } = formAt(await browser.visit(`${service.issuer}/account/data`), /export$/)
  const old = await browser.visit(action, {
    method: 'POST',
    body: fields,
    headers: { 'sec-fetch-site': 'same-origin' },
  })
  expect(old.url).toContain('/login')
  const fresh = await press(browser, person, /export$/)
  expect(fresh.url).toContain('/login')
  for (const what of ['export', 'erase']) {
    const forged = await browser.visit(`${service.issuer}/account/data/${what}`, {
      method: 'POST',
      body: new URLSearchParams({ confirm: person.userName }),
    })
    expect(forged.status).toBe(403)
  }
  expect(await service.store.users.find(TENANT, person.sub)).toBeDefined()
})

test('an administrator exports and erases, but nobody above them; who has no permission may neither', async () => {
  const { admin, web } = service.population
  const token = await clientToken(service.issuer, admin, 'admin')
  const call = (method: string, path: string, bearer = token) =>
    fetch(`${service.issuer}/admin/users/${path}`, { method, headers: { authorization: `Bearer ${bearer}` } })
  const person = await aPerson()
  const { tokens } = await inUse(person)
  const copy = await call('GET', `${person.sub}/export`)
  expect([copy.status, await copy.json()]).toEqual([
    200,
    expect.objectContaining({ account: expect.objectContaining({ sub: person.sub }) }),
  ])
  expect((await call('GET', `${person.sub}/export`, String(tokens.access_token))).status).toBe(403)
  expect((await call('POST', `${person.sub}/erase`, String(tokens.access_token))).status).toBe(403)
  const { body: machine } = await post(service, '/oauth/token', web, { grant_type: 'client_credentials' })
  expect((await call('POST', `${person.sub}/erase`, String(machine.access_token))).status).toBe(403)

  const erased = await call('POST', `${person.sub}/erase`)
  expect([erased.status, await erased.json()]).toEqual([200, { sub: person.sub, sessions_ended: 1, files: 'expunged' }])
  expect(await isActive(service, tokens.access_token)).toBe(false)
  expect((await call('POST', `${person.sub}/erase`)).status).toBe(404)
  expect((await call('GET', `${person.sub}/export`)).status).toBe(404)
  const above = await aPerson(['a_role_that_nobody_may_give'])
  for (const [method, what] of [
    ['GET', 'export'],
    ['POST', 'erase'],
  ] as const)
    expect((await call(method, `${above.sub}/${what}`)).status).toBe(403)
})
