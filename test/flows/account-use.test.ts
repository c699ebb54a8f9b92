/** What uses an account, as its person sees it without JavaScript: apps with access, and recent activity, with what to do about it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomId } from '../../src/kernel/ids.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { TENANT } from '../servers/population.ts'
import { until } from '../servers/until.ts'
import { as, enter, newBrowser, newPerson, send, tokenFor } from './at-account.ts'
import { begin, discover } from './relying-party.ts'
import { codeFor, isActive, post } from './requests.ts'
import { addClient, signIn } from './signed-in.ts'

let service: TestService
beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service?.close())

describe('apps with access', () => {
  test('withdrawing ends consent, tokens and codes in flight at once, and the app has to ask again (checklist 30)', async () => {
    const person = await newPerson(service)
    const { web, other } = service.population
    const browser = newBrowser(service)
    const tokens = await signIn(as(service, person), browser, web, 'openid email offline_access orders:read')
    const kept = await signIn(as(service, person), browser, other, 'openid orders:read')
    const { page } = await enter(service, person, '/account/consents', browser)
    for (const text of [
      'Client web',
      'Client other',
      'See your <span class="whole">e-mail</span> address',
      'also while you are away',
    ])
      expect(page.text).toContain(text)
    expect(await isActive(service, tokens.access_token)).toBe(true)

    const ask = async () => browser.visit((await begin(await discover(service.issuer, web), 'openid email')).url)
    expect((await ask()).left?.searchParams.has('code')).toBe(true)
    const inFlight = await codeFor(as(service, person), web, 'openid email', browser)
    expect(inFlight.code).not.toBe('')

    const done = await send(browser, page, /withdraw$/, {
      client_id: web.id,
      ...tokenFor(page, 'client_id', web.id),
    })
    expect(done.text).toContain('The access was withdrawn.')
    expect(done.text).not.toContain('Client web')
    expect(done.text).toContain('Client other')
    expect(await isActive(service, tokens.access_token)).toBe(false)
    const refresh = { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) }
    for (const form of [refresh, inFlight.form])
      expect((await post(service, '/oauth/token', web, form)).body).toMatchObject({ error: 'invalid_grant' })
    const asked = await ask()
    expect([asked.left, new URL(asked.url).pathname]).toEqual([undefined, '/consent'])
    expect(await isActive(service, kept.access_token)).toBe(true)
    expect(await service.store.consents.find(TENANT, person.sub, web.id)).toBeUndefined()
    expect(service.audits.findLast(({ event }) => event === 'consent_withdrawn')).toMatchObject({
      sub: person.sub,
      client_id: web.id,
    })
  })

  test('an app of ours is there while it holds something, and has nothing to withdraw without', async () => {
    const person = await newPerson(service)
    const own = await addClient(service.store, randomId(6), {}, { name: 'Intranet' })
    const browser = newBrowser(service)
    await signIn(as(service, person), browser, own, 'openid')
    const now = Math.floor(Date.now() / 1000)
    const agreed = { v: 1, scopes: ['openid'], grantedAt: now, expiresAt: now + 3600 } as const
    // Of a time when it was not ours.
    await service.store.consents.put(TENANT, person.sub, own.id, agreed)
    const { page } = await enter(service, person, '/account/consents', browser)
    const done = await send(browser, page, /withdraw$/, {
      client_id: own.id,
      ...tokenFor(page, 'client_id', own.id),
    })
    expect(done.text).toContain('The access was withdrawn.')
    await service.store.consents.put(TENANT, person.sub, own.id, agreed)
    const { text } = await browser.visit(`${service.issuer}/account/consents`)
    expect([text.includes('Intranet'), text.includes('/account/consents/withdraw')]).toEqual([false, false])
    expect(text).toContain('No app has access to your account.')
  })

  test('one grant is ended, others of the app go on', async () => {
    const person = await newPerson(service)
    const { web } = service.population
    const [first, second] = [newBrowser(service), newBrowser(service)]
    const one = await signIn(as(service, person), first, web, 'openid orders:read')
    service.advance(1)
    const two = await signIn(as(service, person), second, web, 'openid orders:read')
    const { page } = await enter(service, person, '/account/consents', second)
    const ended = String(one.access_token)
    const { grantId = '' } = await service.store.grants
      .list(TENANT, { sub: person.sub }, 0, 10)
      .then(({ records }) => records.toSorted((a, b) => a.createdAt - b.createdAt)[0] ?? { grantId: '' })
    const done = await send(second, page, /revoke$/, { grant: grantId, ...tokenFor(page, 'grant', grantId) })
    expect(done.text).toContain('That use was ended.')
    expect([await isActive(service, ended), await isActive(service, two.access_token)]).toEqual([false, true])
  })
})

describe('recent activity', () => {
  test('shows sign-ins and refused ones with browser and network, in the person’s own language and zone (ASVS 7.5.2)', async () => {
    const person = await newPerson(service, {
      profile: { locale: 'de', timezone: 'Europe/Berlin', displayName: 'Ada' },
    })
    const browser = newBrowser(service)
    const login = await browser.visit(`${service.issuer}/account/activity`)
    for (const wrong of ['one', 'two'])
      await browser.submit(login, { username: person.userName, password: `wrong ${wrong}` })
    const { page } = await enter(service, person, '/account/activity', browser)
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
    const person = await newPerson(service)
    await enter(service, person, '/account')
    const told = service.audits.filter(({ sub }) => sub === person.sub)
    expect(told.length).toBeGreaterThan(0)
    expect(JSON.stringify(told)).not.toMatch(/Firefox|Linux|127\.0\.0|@example/)
  })

  test('“this wasn’t me” puts everybody out, with a copy of the cookie too, has devices forgotten, and leads to a new password (checklist 45)', async () => {
    const person = await newPerson(service)
    const thief = newBrowser(service)
    const stolen = await signIn(as(service, person), thief, service.population.own, 'openid offline_access orders:read')
    await thief.visit(`${service.issuer}/account`)
    const { browser, page } = await enter(service, person, '/account/activity')
    expect(await service.store.devices.list(TENANT, person.sub)).toHaveLength(2)
    const copy = newBrowser(service)
    copy.cookies.set('sallyport_session', browser.cookies.get('sallyport_session') ?? '')
    expect((await copy.visit(`${service.issuer}/account`)).url).toBe(`${service.issuer}/account`)
    const led = await send(browser, page, /report$/)
    expect([led.status, new URL(led.url).pathname]).toEqual([200, '/login'])
    for (const gone of [copy, browser]) expect((await gone.visit(`${service.issuer}/account`)).url).toContain('/login?')
    const done = await browser.submit(led, { username: person.userName, password: person.password })
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
    const person = await newPerson(service)
    await enter(service, person, '/account')
    expect(await service.store.activity.list(TENANT, person.sub)).not.toEqual([])
    await service.store.users.delete(TENANT, person.sub)
    expect(await service.store.activity.list(TENANT, person.sub)).toEqual([])
  })
})
