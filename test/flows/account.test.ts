/** Self-service, as a person without JavaScript meets it: what they see of their account, change, take back and report. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPasswordHasher } from '../../src/auth/user/password.ts'
import { randomId } from '../../src/kernel/ids.ts'
import type { UserRecord } from '../../src/storage/records.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser, formAt, type Visited } from '../servers/browser.ts'
import { type Population, TENANT } from '../servers/population.ts'
import { until } from '../servers/redis.ts'
import { basic, isActive, post } from './requests.ts'
import { addClient, signIn } from './signed-in.ts'

let service: TestService
const passwords = createPasswordHasher()
const PASSWORD = 'correct horse battery'
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service?.close())

type Person = Population['user']

async function newPerson(parts: Partial<UserRecord> = {}): Promise<Person> {
  const record = await service.store.users.find(TENANT, service.population.user.sub)
  if (record === undefined) throw new Error('nobody to copy')
  const [sub, userName] = [randomId(), `${randomId(6)}@example.com`]
  const passwordHash = await passwords.hash(PASSWORD)
  await service.store.users.create(TENANT, { ...record, sub, userName, passwordHash, ...parts })
  return { sub, userName, password: PASSWORD }
}

const newBrowser = (): Browser => new Browser(service.issuer, FIREFOX)

/** At a page of ours, signed in on the way to it. */
async function enter(person: Person, path: string, browser = newBrowser()) {
  let page = await browser.visit(`${service.issuer}${path}`)
  if (page.url.includes('/login?'))
    page = await browser.submit(page, { username: person.userName, password: person.password })
  return { browser, page }
}

const send = (browser: Browser, page: Visited, to: RegExp, values: Record<string, string> = {}, headers = {}) => {
  const { action, fields } = formAt(page, to)
  for (const [name, value] of Object.entries(values)) fields.set(name, value)
  return browser.visit(action, {
    method: 'POST',
    body: fields,
    headers: { 'sec-fetch-site': 'same-origin', ...headers },
  })
}

const stored = async ({ sub }: Person): Promise<UserRecord> => {
  const user = await service.store.users.find(TENANT, sub)
  if (user === undefined) throw new Error('no such person')
  return user
}

const as = (user: Person) => ({ issuer: service.issuer, population: { user } })

describe('who is signed in', () => {
  test('a page that nobody is signed in to leads to the sign-in and is come back to', async () => {
    const person = await newPerson()
    const { page } = await enter(person, '/account/profile')
    expect([new URL(page.url).pathname, page.status]).toEqual(['/account/profile', 200])
    expect(page.text).toContain(`<bdi>${person.userName}</bdi>`)
  })

  test('the first page says who it is, what is open, and leads only to pages that there are', async () => {
    const person = await newPerson()
    const { page } = await enter(person, '/account')
    for (const text of [
      'Alice Doe',
      'alice@example.com',
      'Your password alone opens your account.',
      'Firefox on Linux',
    ])
      expect(page.text).toContain(text)
    const links = [...page.text.matchAll(/<li><a href="(\/account[^"?]*)"/g)].map(([, path]) => path)
    const there = service.service.table.filter(({ method }) => method === 'GET').map(({ path }) => path)
    expect(links.length).toBeGreaterThan(4)
    expect(there).toEqual(expect.arrayContaining(links))
  })

  test('every page and form of self-service asks `account`, and nothing else answers it', async () => {
    const rows = service.service.table.filter(({ file }) => file.startsWith('account/'))
    expect(rows.length).toBeGreaterThan(10)
    expect(new Set(rows.map(({ decision, errors }) => `${decision} ${errors}`))).toEqual(new Set(['account page']))
  })
})

describe('the profile', () => {
  test('is changed field by field, others stay, and the change is told by name only (RFC 7643 4.1)', async () => {
    const person = await newPerson({
      profile: {
        displayName: 'Alice Doe',
        name: { givenName: 'Alice', familyName: 'Doe', formatted: 'Alice Doe', middleName: 'Q' },
        photos: [{ value: 'https://old.example/a.png', primary: true }, { value: 'https://other.example/b.png' }],
        emails: [{ value: 'alice@example.com', primary: true }],
        timezone: 'Europe/Berlin',
      },
    })
    const { browser, page } = await enter(person, '/account/profile')
    const done = await send(browser, page, /profile$/, {
      displayName: ' Ada ',
      givenName: 'Ada',
      familyName: 'Doe',
      nickName: '',
      picture: 'https://new.example/a.png',
      locale: 'de',
    })
    expect(done.text).toContain('Ihr Profil wurde gespeichert.')
    expect(done.text).toMatch(/<html lang="de"/)
    expect((await stored(person)).profile).toEqual({
      displayName: 'Ada',
      name: { givenName: 'Ada', familyName: 'Doe', middleName: 'Q' },
      photos: [{ value: 'https://new.example/a.png', primary: true }, { value: 'https://other.example/b.png' }],
      emails: [{ value: 'alice@example.com', primary: true }],
      timezone: 'Europe/Berlin',
      locale: 'de',
    })
    const event = service.audits.findLast((one) => one.event === 'profile_changed')
    expect(event).toMatchObject({ sub: person.sub, changed: ['displayName', 'locale', 'name', 'photos'] })
    expect(JSON.stringify(event)).not.toMatch(/Ada|example/)
  })

  test('a fault is tied to its field, what was typed stays, and nothing is written (WCAG 3.3.1)', async () => {
    const person = await newPerson()
    const { browser, page } = await enter(person, '/account/profile')
    const sent = { displayName: 'x'.repeat(257), picture: 'javascript:alert(1)', givenName: 'A\u0007', familyName: '' }
    const answer = await send(browser, page, /profile$/, { ...sent, nickName: 'Al', locale: 'tlh' })
    expect([answer.status, new URL(answer.url).pathname]).toEqual([400, '/account/profile'])
    expect(answer.text).toContain('<title>Error: Profile')
    expect(answer.text).toContain('role="alert"')
    for (const field of ['displayName', 'picture', 'givenName', 'locale'])
      expect(answer.text).toMatch(new RegExp(`id="${field}"[^>]*aria-invalid="true" aria-describedby="${field}-fault`))
    expect(answer.text).toContain('value="Al"')
    expect((await stored(person)).profile).toMatchObject({ displayName: 'Alice Doe' })
  })

  test('who saves what was changed elsewhere meanwhile is shown it, and overwrites nothing', async () => {
    const person = await newPerson()
    const { browser, page } = await enter(person, '/account/profile')
    const before = await stored(person)
    const elsewhere = { ...before, profile: { ...before.profile, displayName: 'Elsewhere' }, version: 2 }
    expect(await service.store.users.replace(TENANT, elsewhere, before.version)).toBe('written')
    const answer = await send(browser, page, /profile$/, { displayName: 'Here' })
    expect(answer.status).toBe(409)
    expect(answer.text).toContain('changed elsewhere')
    expect(answer.text).toContain('value="Elsewhere"')
    expect((await stored(person)).profile.displayName).toBe('Elsewhere')
    const [one, two] = await Promise.all([
      send(browser, answer, /profile$/, { displayName: 'One' }),
      send(browser, answer, /profile$/, { displayName: 'Two' }),
    ])
    expect([one.status, two.status].sort()).toEqual([200, 409])
  })

  test('attributes that policy lets nobody write have no field, and writing them is refused', async () => {
    const person = await newPerson()
    const { browser, page } = await enter(person, '/account/profile')
    await service.store.users.replace(TENANT, { ...(await stored(person)), roles: ['auditor'], version: 2 }, 1)
    const shown = (await enter(person, '/account/profile', browser)).page
    expect(shown.text).toContain('Alice Doe')
    expect(shown.text).not.toMatch(/<input id=|action="\/account\/profile"/)
    const answer = await send(browser, page, /profile$/, { displayName: 'Other', version: '2' })
    expect(answer.status).toBe(403)
    expect((await stored(person)).profile.displayName).toBe('Alice Doe')
  })

  test('no form changes what is no field of it: e-mail, user name, roles', async () => {
    const person = await newPerson()
    const { browser, page } = await enter(person, '/account/profile')
    const sent = { emails: 'evil@example.com', email: 'evil@example.com', userName: 'root', roles: 'platform_admin' }
    const answer = await send(browser, page, /profile$/, sent)
    expect(answer.text).toContain('Nothing was changed.')
    expect(await stored(person)).toMatchObject({ userName: person.userName, roles: ['user'], version: 1 })
  })
})

describe('apps with access', () => {
  test('withdrawing ends consent, tokens and codes in flight at once, and the app has to ask again (checklist 30)', async () => {
    const person = await newPerson()
    const { web, other } = service.population
    const browser = newBrowser()
    const tokens = await signIn(as(person), browser, web, 'openid email offline_access orders:read')
    const kept = await signIn(as(person), browser, other, 'openid orders:read')
    const { page } = await enter(person, '/account/consents', browser)
    for (const text of ['Client web', 'Client other', 'See your e-mail address', 'also while you are away'])
      expect(page.text).toContain(text)
    expect(await isActive(service, tokens.access_token)).toBe(true)

    const done = await send(browser, page, /withdraw$/, {
      client_id: web.id,
      ...(await tokenFor(page, 'client_id', web.id)),
    })
    expect(done.text).toContain('The access was withdrawn.')
    expect(done.text).not.toContain('Client web')
    expect(done.text).toContain('Client other')
    expect(await isActive(service, tokens.access_token)).toBe(false)
    const refresh = { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) }
    expect((await post(service, '/oauth/token', web, refresh)).body).toMatchObject({ error: 'invalid_grant' })
    expect(await isActive(service, kept.access_token)).toBe(true)
    expect(await service.store.consents.find(TENANT, person.sub, web.id)).toBeUndefined()
    expect(service.audits.findLast(({ event }) => event === 'consent_withdrawn')).toMatchObject({
      sub: person.sub,
      client_id: web.id,
    })
  })

  test('an app of ours is there while it holds something, and has nothing to withdraw without', async () => {
    const person = await newPerson()
    const own = await addClient(service.store, randomId(6), {}, { name: 'Intranet' })
    const browser = newBrowser()
    await signIn(as(person), browser, own, 'openid')
    const now = Math.floor(Date.now() / 1000)
    const agreed = { v: 1, scopes: ['openid'], grantedAt: now, expiresAt: now + 3600 } as const
    // Of a time when it was not ours.
    await service.store.consents.put(TENANT, person.sub, own.id, agreed)
    const { page } = await enter(person, '/account/consents', browser)
    const done = await send(browser, page, /withdraw$/, {
      client_id: own.id,
      ...(await tokenFor(page, 'client_id', own.id)),
    })
    expect(done.text).toContain('The access was withdrawn.')
    await service.store.consents.put(TENANT, person.sub, own.id, agreed)
    const { text } = await browser.visit(`${service.issuer}/account/consents`)
    expect([text.includes('Intranet'), text.includes('/account/consents/withdraw')]).toEqual([false, false])
    expect(text).toContain('No app has access to your account.')
  })

  test('one grant is ended, others of the app go on', async () => {
    const person = await newPerson()
    const { web } = service.population
    const [first, second] = [newBrowser(), newBrowser()]
    const one = await signIn(as(person), first, web, 'openid orders:read')
    service.advance(1)
    const two = await signIn(as(person), second, web, 'openid orders:read')
    const { page } = await enter(person, '/account/consents', second)
    const ended = String(one.access_token)
    const { grantId = '' } = await service.store.grants
      .list(TENANT, { sub: person.sub }, 0, 10)
      .then(({ records }) => records.toSorted((a, b) => a.createdAt - b.createdAt)[0] ?? { grantId: '' })
    const done = await send(second, page, /revoke$/, { grant: grantId, ...(await tokenFor(page, 'grant', grantId)) })
    expect(done.text).toContain('That use was ended.')
    expect([await isActive(service, ended), await isActive(service, two.access_token)]).toEqual([false, true])
  })
})

/** The token of the form that has this value: a page has one form for each thing. */
async function tokenFor(page: Visited, field: string, value: string): Promise<Record<string, string>> {
  const form = page.text.split('<form').find((part) => part.includes(`name="${field}" value="${value}"`)) ?? ''
  return { form_token: /name="form_token" value="([^"]*)"/.exec(form)?.[1] ?? '' }
}

describe('recent activity', () => {
  test('shows sign-ins and refused ones with browser and network, in the person’s own language and zone (ASVS 7.5.2)', async () => {
    const person = await newPerson({ profile: { locale: 'de', timezone: 'Europe/Berlin', displayName: 'Ada' } })
    const browser = newBrowser()
    const login = await browser.visit(`${service.issuer}/account/activity`)
    for (const wrong of ['one', 'two'])
      await browser.submit(login, { username: person.userName, password: `wrong ${wrong}` })
    const { page } = await enter(person, '/account/activity', browser)
    expect(page.text).toMatch(/<html lang="de"/)
    const refused = () =>
      service.store.activity.list(TENANT, person.sub).then((all) => all.find(({ shelf }) => shelf === 'refused'))
    await until(async () => (await refused())?.times === 2, 'both refusals are kept')
    const shown = await browser.visit(`${service.issuer}/account/activity`)
    for (const text of [
      'Angemeldet für die Seiten Ihres Kontos',
      'Eine Anmeldung wurde abgelehnt',
      '2-mal',
      'Firefox unter Linux',
      '127.0.0.0/24',
    ])
      expect(shown.text).toContain(text)
    expect(shown.text).toMatch(/(MEZ|MESZ)<\/time>/)
  })

  test('what it holds of the person is in the store only: security events name no browser, network or address', async () => {
    const person = await newPerson()
    await enter(person, '/account')
    const told = service.audits.filter(({ sub }) => sub === person.sub)
    expect(told.length).toBeGreaterThan(0)
    expect(JSON.stringify(told)).not.toMatch(/Firefox|Linux|127\.0\.0|@example/)
  })

  test('“this wasn’t me” puts everybody out, with a copy of the cookie too, has devices forgotten, and leads to a new password (checklist 45)', async () => {
    const person = await newPerson()
    const thief = newBrowser()
    const stolen = await signIn(as(person), thief, service.population.own, 'openid offline_access orders:read')
    await thief.visit(`${service.issuer}/account`)
    const { browser, page } = await enter(person, '/account/activity')
    expect(await service.store.devices.list(TENANT, person.sub)).toHaveLength(2)
    const copy = newBrowser()
    copy.cookies.set('sallyport_session', browser.cookies.get('sallyport_session') ?? '')
    expect((await copy.visit(`${service.issuer}/account`)).url).toBe(`${service.issuer}/account`)
    const led = await send(browser, page, /report$/)
    expect([led.status, new URL(led.url).pathname]).toEqual([200, '/login'])
    for (const gone of [copy, browser]) expect((await gone.visit(`${service.issuer}/account`)).url).toContain('/login?')
    const done = await browser.submit(led, { username: person.userName, password: PASSWORD })
    expect([done.status, new URL(done.url).pathname]).toEqual([200, '/account/password'])
    expect(done.text).toContain('All your sessions were ended')
    expect((await thief.visit(`${service.issuer}/account`)).url).toContain('/login?')
    expect(await isActive(service, stolen.access_token)).toBe(false)
    const refresh = { grant_type: 'refresh_token', refresh_token: String(stolen.refresh_token) }
    expect((await post(service, '/oauth/token', service.population.own, refresh)).body.error).toBe('invalid_grant')
    expect(service.audits.filter(({ event, sub }) => event === 'device_forgotten' && sub === person.sub)).toHaveLength(
      2,
    )
    expect(await service.store.devices.list(TENANT, person.sub)).toHaveLength(1)
    expect(service.audits.filter(({ detail }) => detail === 'reported_by_person')).toMatchObject([
      { event: 'risk_signal', sub: person.sub },
    ])
  })

  test('ends with the account', async () => {
    const person = await newPerson()
    await enter(person, '/account')
    expect(await service.store.activity.list(TENANT, person.sub)).not.toEqual([])
    await service.store.users.delete(TENANT, person.sub)
    expect(await service.store.activity.list(TENANT, person.sub)).toEqual([])
  })
})

describe('whose it is', () => {
  test('nobody sees or ends what is another person’s: a guessed id reads as none (checklist 45)', async () => {
    const [ada, mallory] = [await newPerson(), await newPerson()]
    const { web } = service.population
    const adas = await signIn(as(ada), newBrowser(), web, 'openid offline_access orders:read')
    const { browser } = await enter(mallory, '/account')
    const own = await signIn(as(mallory), browser, service.population.other, 'openid orders:read')
    const consents = await browser.visit(`${service.issuer}/account/consents`)
    const activity = await browser.visit(`${service.issuer}/account/activity`)
    const { records } = await service.store.grants.list(TENANT, { sub: ada.sub }, 0, 10)
    const [entry] = await service.store.activity.list(TENANT, ada.sub)
    expect(consents.text).not.toContain(records[0]?.grantId)
    expect(activity.text).not.toContain(entry?.id)

    const secret = browser.cookies.get('sallyport_session') ?? ''
    const { formToken } = await import('../../src/auth/session/csrf.ts')
    const forged = (action: string, type: string, id: string) => formToken(secret, 'account', action, type, id)
    const guesses = async (grantId: string, clientId: string, entryId: string) => [
      await send(browser, consents, /revoke$/, {
        grant: grantId,
        form_token: forged('revoke_grant', 'grant', grantId),
      }),
      await send(browser, consents, /withdraw$/, {
        client_id: clientId,
        form_token: forged('withdraw_consent', 'consent', clientId),
      }),
      await send(browser, activity, /report$/, {
        entry: entryId,
        form_token: forged('report_activity', 'activity', entryId),
      }),
    ]
    const ofAda = await guesses(records[0]?.grantId ?? '', web.id, entry?.id ?? '')
    const ofNobody = await guesses(randomId(), 'nobody', randomId())
    const reads = (page: Visited) => [page.status, page.text.replaceAll(/nonce="[^"]*"|<code>[^<]*<\/code>/g, '')]
    expect(ofAda.map(reads)).toEqual(ofNobody.map(reads))
    expect(ofAda.map(({ status }) => status)).toEqual([404, 404, 404])
    expect([await isActive(service, adas.access_token), await isActive(service, own.access_token)]).toEqual([
      true,
      true,
    ])
    expect(await service.store.consents.find(TENANT, ada.sub, web.id)).toBeDefined()
  })

  test('forms work from our own page in this session only (checklist 12)', async () => {
    const [person, other] = [await newPerson(), await newPerson()]
    const { browser, page } = await enter(person, '/account/profile')
    const { page: others } = await enter(other, '/account/profile')
    const change = { displayName: 'Changed' }
    const foreign = formAt(others, /profile$/).fields.get('form_token') ?? ''
    const refused = [
      await send(browser, page, /profile$/, { ...change, form_token: '' }),
      await send(browser, page, /profile$/, { ...change, form_token: foreign }),
      await send(browser, page, /profile$/, change, { 'sec-fetch-site': 'cross-site' }),
      await send(browser, page, /profile$/, change, { 'sec-fetch-site': '', origin: 'https://evil.example' }),
    ]
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403])
    const { action, fields } = formAt(page, /profile$/)
    for (const twice of ['One', 'Two']) fields.append('displayName', twice)
    const headers = { 'sec-fetch-site': 'same-origin' }
    expect((await browser.visit(action, { method: 'POST', body: fields, headers })).status).toBe(400)
    expect((await stored(person)).profile.displayName).toBe('Alice Doe')
  })

  test('a form of one thing ends no other: its token names it', async () => {
    const person = await newPerson()
    const browser = newBrowser()
    await signIn(as(person), browser, service.population.web, 'openid')
    await signIn(as(person), browser, service.population.other, 'openid')
    const { page } = await enter(person, '/account/consents', browser)
    const token = await tokenFor(page, 'client_id', 'web')
    expect((await send(browser, page, /withdraw$/, { client_id: 'other', ...token })).status).toBe(403)
    expect(await service.store.consents.find(TENANT, person.sub, 'other')).toBeDefined()
  })

  test('a bearer token opens no page, and a client is nobody here', async () => {
    const headers = { authorization: basic(service.population.web) }
    const answer = await fetch(`${service.issuer}/account`, { headers, redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')?.startsWith('/login?')]).toEqual([303, true])
  })
})
