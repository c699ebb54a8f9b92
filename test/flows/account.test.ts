/** Self-service, as a person without JavaScript meets it: what they see of their account and change, and whose it is. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomId } from '../../src/kernel/ids.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { formAt, type Visited } from '../servers/browser.ts'
import { TENANT } from '../servers/population.ts'
import { as, enter, newBrowser, newPerson, send, storedPerson, tokenFor } from './at-account.ts'
import { basic, isActive } from './requests.ts'
import { signIn } from './signed-in.ts'

let service: TestService
beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service?.close())

describe('who is signed in', () => {
  test('a page that nobody is signed in to leads to the sign-in and is come back to', async () => {
    const person = await newPerson(service)
    const { page } = await enter(service, person, '/account/profile')
    expect([new URL(page.url).pathname, page.status]).toEqual(['/account/profile', 200])
    expect(page.text).toContain(`<bdi>${person.userName}</bdi>`)
  })

  test('the first page says who it is, what is open, and leads only to pages that there are', async () => {
    const person = await newPerson(service)
    const { page } = await enter(service, person, '/account')
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
    const person = await newPerson(service, {
      profile: {
        displayName: 'Alice Doe',
        name: { givenName: 'Alice', familyName: 'Doe', formatted: 'Alice Doe', middleName: 'Q' },
        photos: [{ value: 'https://old.example/a.png', primary: true }, { value: 'https://other.example/b.png' }],
        emails: [{ value: 'alice@example.com', primary: true }],
        timezone: 'Europe/Berlin',
      },
    })
    const { browser, page } = await enter(service, person, '/account/profile')
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
    expect((await storedPerson(service, person)).profile).toEqual({
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
    const person = await newPerson(service)
    const { browser, page } = await enter(service, person, '/account/profile')
    const sent = { displayName: 'x'.repeat(257), picture: 'javascript:alert(1)', givenName: 'A\u0007', familyName: '' }
    const answer = await send(browser, page, /profile$/, { ...sent, nickName: 'Al', locale: 'tlh' })
    expect([answer.status, new URL(answer.url).pathname]).toEqual([400, '/account/profile'])
    expect(answer.text).toContain('<title>Error: Profile')
    expect(answer.text).toContain('role="alert"')
    for (const field of ['displayName', 'picture', 'givenName', 'locale'])
      expect(answer.text).toMatch(new RegExp(`id="${field}"[^>]*aria-invalid="true" aria-describedby="${field}-fault`))
    expect(answer.text).toContain('value="Al"')
    expect((await storedPerson(service, person)).profile).toMatchObject({ displayName: 'Alice Doe' })
  })

  test('who saves what was changed elsewhere meanwhile is shown it, and overwrites nothing', async () => {
    const person = await newPerson(service)
    const { browser, page } = await enter(service, person, '/account/profile')
    const before = await storedPerson(service, person)
    const elsewhere = { ...before, profile: { ...before.profile, displayName: 'Elsewhere' }, version: 2 }
    expect(await service.store.users.replace(TENANT, elsewhere, before.version)).toBe('written')
    const answer = await send(browser, page, /profile$/, { displayName: 'Here' })
    expect(answer.status).toBe(409)
    expect(answer.text).toContain('changed elsewhere')
    expect(answer.text).toContain('value="Elsewhere"')
    expect((await storedPerson(service, person)).profile.displayName).toBe('Elsewhere')
    const [one, two] = await Promise.all([
      send(browser, answer, /profile$/, { displayName: 'One' }),
      send(browser, answer, /profile$/, { displayName: 'Two' }),
    ])
    expect([one.status, two.status].sort()).toEqual([200, 409])
  })

  test('attributes that policy lets nobody write have no field, and writing them is refused', async () => {
    const person = await newPerson(service)
    const { browser, page } = await enter(service, person, '/account/profile')
    await service.store.users.replace(
      TENANT,
      { ...(await storedPerson(service, person)), roles: ['auditor'], version: 2 },
      1,
    )
    const shown = (await enter(service, person, '/account/profile', browser)).page
    expect(shown.text).toContain('Alice Doe')
    expect(shown.text).not.toMatch(/<input id=|action="\/account\/profile"/)
    const answer = await send(browser, page, /profile$/, { displayName: 'Other', version: '2' })
    expect(answer.status).toBe(403)
    expect((await storedPerson(service, person)).profile.displayName).toBe('Alice Doe')
  })

  test('no form changes what is no field of it: e-mail, user name, roles', async () => {
    const person = await newPerson(service)
    const { browser, page } = await enter(service, person, '/account/profile')
    const sent = { emails: 'evil@example.com', email: 'evil@example.com', userName: 'root', roles: 'platform_admin' }
    const answer = await send(browser, page, /profile$/, sent)
    expect(answer.text).toContain('Nothing was changed.')
    expect(await storedPerson(service, person)).toMatchObject({
      userName: person.userName,
      roles: ['user'],
      version: 1,
    })
  })
})

describe('whose it is', () => {
  test('nobody sees or ends what is another person’s: a guessed id reads as none (checklist 45)', async () => {
    const [ada, mallory] = [await newPerson(service), await newPerson(service)]
    const { web } = service.population
    const adas = await signIn(as(service, ada), newBrowser(service), web, 'openid offline_access orders:read')
    const { browser } = await enter(service, mallory, '/account')
    const own = await signIn(as(service, mallory), browser, service.population.other, 'openid orders:read')
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
    const [person, other] = [await newPerson(service), await newPerson(service)]
    const { browser, page } = await enter(service, person, '/account/profile')
    const { page: others } = await enter(service, other, '/account/profile')
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
    expect((await storedPerson(service, person)).profile.displayName).toBe('Alice Doe')
  })

  test('a form of one thing ends no other: its token names it', async () => {
    const person = await newPerson(service)
    const browser = newBrowser(service)
    await signIn(as(service, person), browser, service.population.web, 'openid')
    await signIn(as(service, person), browser, service.population.other, 'openid')
    const { page } = await enter(service, person, '/account/consents', browser)
    const token = tokenFor(page, 'client_id', 'web')
    expect((await send(browser, page, /withdraw$/, { client_id: 'other', ...token })).status).toBe(403)
    expect(await service.store.consents.find(TENANT, person.sub, 'other')).toBeDefined()
  })

  test('a bearer token opens no page, and a client is nobody here', async () => {
    const headers = { authorization: basic(service.population.web) }
    const answer = await fetch(`${service.issuer}/account`, { headers, redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')?.startsWith('/login?')]).toEqual([303, true])
  })
})
