/**
 * Whoever is in an account for a moment gives it an address of their own: what that address may do, and how the person who had
 * the one before takes it back. A real mail server and the shipped policy. OWASP ASVS 6.3.7, 6.4.3; checklist 42 and 45.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { USER_SCHEMA } from '../../src/auth/scim/attributes.ts'
import { createPasswordHasher } from '../../src/auth/user/password/hasher.ts'
import { STOP_LINK } from '../../src/auth/user/stop-link.ts'
import { StoreUnavailable } from '../../src/kernel/errors.ts'
import { digestOf, randomId, randomSecret } from '../../src/kernel/ids.ts'
import type { UserRecord } from '../../src/storage/records.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser, formAt, type Visited } from '../servers/browser.ts'
import { newAddress, TENANT, userRecord } from '../servers/population.ts'
import { bodyOf, linkIn, mailThrough, type SmtpServer, startSmtpServer } from '../servers/smtp-server.ts'
import { send } from './at-account.ts'
import { post } from './requests.ts'

const PASSWORD = 'correct horse battery'
const DAY = 24 * 3600
const hasher = createPasswordHasher()
let smtp: SmtpServer
let service: TestService

beforeAll(async () => {
  smtp = await startSmtpServer()
  service = await startAuthService({ service: { mail: mailThrough(smtp) } })
})
afterAll(async () => {
  await service?.close()
  await smtp?.close()
})
// Each test has an hour of its own: letters are counted by it.
beforeEach(() => service.advance(3601))

/** Somebody with a proven address. */
async function person() {
  const address = newAddress()
  const user = userRecord(address, {
    passwordHash: await hasher.hash(PASSWORD),
    profile: { emails: [{ value: address, primary: true }], emailVerified: true },
  })
  expect(await service.store.users.create(TENANT, user)).toBe('written')
  return { user, address, thiefs: `thief-${address}`, stored: () => service.store.users.find(TENANT, user.sub) }
}

const press = (browser: Browser, page: Visited, values: Record<string, string>) => send(browser, page, /./, values)

async function enter({ userName }: UserRecord, password = PASSWORD) {
  const browser = new Browser(service.issuer)
  const login = await browser.visit(`${service.issuer}/account/email`)
  const page = await browser.submit(login, { username: userName, password })
  return { browser, page }
}

/** A letter to the other address is on its way, and is not followed yet. */
async function askForChange(user: UserRecord, to: string) {
  const { browser } = await enter(user)
  const page = await browser.visit(`${service.issuer}/account/email`)
  expect((await send(browser, page, /email$/, { purpose: 'change', email: to })).status).toBe(200)
  return { browser, link: linkIn(await smtp.next(to, '/email/verify'), '/email/verify') }
}

async function follow(link: string, browser = new Browser(service.issuer)) {
  return press(browser, await browser.visit(link), {})
}

async function forgot(username: string) {
  const browser = new Browser(service.issuer)
  return browser.submit(await browser.visit(`${service.issuer}/password/forgot`), { username })
}

const linksTo = (address: string) =>
  smtp.received.filter(({ to, message }) => to.includes(address) && bodyOf(message).includes('/password/reset'))

describe('an address that took another’s place lately', () => {
  test('resets no password until it has settled, and the page says the same (ASVS 6.4.3; checklist 37, 42)', async () => {
    const { user, thiefs } = await person()
    const before = await forgot(user.userName)
    await smtp.next(user.userName, '/password/reset')
    const { link } = await askForChange(user, thiefs)
    expect((await follow(link)).status).toBe(200)

    const during = await forgot(user.userName)
    const plain = (text: string) => text.replaceAll(/nonce="[^"]*"/g, '')
    expect([during.status, plain(during.text)]).toEqual([before.status, plain(before.text)])
    expect(service.audits.at(-1)).toMatchObject({ event: 'password_reset_asked', sub: user.sub, detail: 'not_sent' })
    service.advance(3 * DAY - 60)
    await forgot(user.userName)
    // Letters leave in order: once this one is here, those before it would be.
    const other = await person()
    await forgot(other.user.userName)
    await smtp.next(other.address, '/password/reset')
    expect(linksTo(thiefs)).toEqual([])

    service.advance(61)
    await forgot(user.userName)
    expect(linkIn(await smtp.next(thiefs, '/password/reset'), '/password/reset')).toContain('link=')
  })

  test('is not one that a directory gave the account since, nor the first that was proven', async () => {
    const { user, thiefs, stored } = await person()
    expect((await follow((await askForChange(user, thiefs)).link)).status).toBe(200)
    expect(await stored()).toMatchObject({ emailChangedAt: expect.any(Number) })

    const proven = await person()
    await service.store.users.replace(
      TENANT,
      { ...proven.user, profile: { emails: [{ value: proven.address }] }, version: 2 },
      1,
    )
    const { browser, page } = await enter(proven.user)
    await press(browser, page, { purpose: 'verify' })
    expect((await follow(linkIn(await smtp.next(proven.address, '/email/verify'), '/email/verify'))).status).toBe(200)
    expect(await proven.stored()).not.toHaveProperty('emailChangedAt')
    await forgot(proven.user.userName)
    expect(await smtp.next(proven.address, '/password/reset')).toBeDefined()
  })
})

/** Of the letter to the address that the account has. */
const stopLinkTo = async (address: string) => linkIn(await smtp.next(address, '/email/stop'), '/email/stop')

async function takeOver() {
  const owner = await person()
  const [own, thief] = [await enter(owner.user), await askForChange(owner.user, owner.thiefs)]
  return { ...owner, own, thief, stop: await stopLinkTo(owner.address) }
}

const isSignedIn = async (browser: Browser) =>
  new URL((await browser.visit(`${service.issuer}/account`)).url).pathname === '/account'

describe('the letter about a change that somebody asked for', () => {
  test('stops it: the link to the new address ends, everybody is put out, a new password is chosen (ASVS 6.3.7; checklist 45)', async () => {
    const { user, own, thief, stop, stored } = await takeOver()
    const owner = new Browser(service.issuer)
    for (let scan = 0; scan < 3; scan++) expect((await owner.visit(stop)).text).toContain('Stop the change')
    expect(await isSignedIn(thief.browser)).toBe(true)
    const stopped = await follow(stop, owner)
    expect([new URL(stopped.url).pathname, stopped.text]).toEqual([
      '/password/reset',
      expect.stringContaining('Its old password works no more'),
    ])
    expect((await follow(thief.link)).status).toBe(400)
    expect(await stored()).toMatchObject({ profile: user.profile, revocationEpoch: user.revocationEpoch + 1 })
    expect([await isSignedIn(thief.browser), await isSignedIn(own.browser)]).toEqual([false, false])
    // Whoever knows the old one: no page lets them set another.
    expect((await enter(user)).page.status).toBe(401)
    // Nor does the page bring it back, now or by a later link.
    const brought = await owner.submit(stopped, { new_password: 'correct horse battery' })
    expect([brought.status, brought.text]).toEqual([400, expect.stringContaining('somebody else may know it')])
    expect((await owner.submit(stopped, { new_password: 'several words of mine' })).status).toBe(200)
    expect((await enter(user, 'several words of mine')).page.url).toBe(`${service.issuer}/account/email`)
    expect(service.audits).toContainEqual(
      expect.objectContaining({ event: 'password_changed', sub: user.sub, detail: 'ended' }),
    )
    expect(service.audits).toContainEqual(
      expect.objectContaining({ event: 'risk_signal', sub: user.sub, detail: 'reported_by_person' }),
    )
  })

  test('takes the change back that was done, whatever else was done: the old address resets the password at once (checklist 42, 45)', async () => {
    const { user, address, thiefs, thief, stop, stored } = await takeOver()
    expect((await follow(thief.link)).status).toBe(200)
    const { action, fields } = formAt(await thief.browser.visit(`${service.issuer}/account/password`), /password$/)
    fields.set('password', PASSWORD)
    fields.set('new_password', 'words that a thief likes')
    fields.set('end_others', 'yes')
    const headers = { 'sec-fetch-site': 'same-origin' }
    await thief.browser.visit(action, { method: 'POST', body: fields, headers })
    expect((await stored())?.passwordHash).not.toBe(user.passwordHash)
    service.advance(2 * DAY)

    expect(new URL((await follow(stop)).url).pathname).toBe('/password/reset')
    expect((await stored())?.profile).toEqual(user.profile)
    expect(await isSignedIn(thief.browser)).toBe(false)
    expect((await enter(user, 'words that a thief likes')).page.status).toBe(401)
    const owners = bodyOf((await smtp.next(address, 'stopped its change')).message).replaceAll('\r\n', '\n')
    expect(owners).toMatch(
      new RegExp(`Account: ${user.userName} at .*\\nWhen: .*\\nWhere: .*network 127\\.0\\.0\\.0/24`),
    )
    // Whoever took the account over learns nothing of its owner.
    const thieves = bodyOf((await smtp.next(thiefs, 'stopped its change')).message)
    expect(thieves).not.toMatch(/Where:|network/)
    expect(thieves.replaceAll(thiefs, '')).not.toContain(user.userName)
    await forgot(user.userName)
    const reset = linkIn(await smtp.next(address, '/password/reset'), '/password/reset')
    const browser = new Browser(service.issuer)
    expect((await browser.submit(await browser.visit(reset), { new_password: 'several words of mine' })).status).toBe(
      200,
    )
    expect(linksTo(thiefs)).toEqual([])
  })

  test('an older one works after a newer one was sent (checklist 45)', async () => {
    const { user, address, thiefs, thief, stop, stored } = await takeOver()
    const later = await askForChange(user, `another-${thiefs}`)
    const newer = await stopLinkTo(address)
    expect(newer).not.toBe(stop)
    expect(new URL((await follow(stop)).url).pathname).toBe('/password/reset')
    expect(await stored()).toMatchObject({ profile: user.profile, revocationEpoch: user.revocationEpoch + 1 })
    for (const { link, browser } of [thief, later]) {
      expect((await follow(link)).status).toBe(400)
      expect(await isSignedIn(browser)).toBe(false)
    }
    // It did what the newer one is for.
    expect((await follow(newer)).status).toBe(400)
    expect((await stored())?.revocationEpoch).toBe(user.revocationEpoch + 1)
  })

  test('is good once, of 10 at once, and until the new address has settled (checklist 44)', async () => {
    const { user, stop, stored } = await takeOver()
    const tries = await Promise.all(Array.from({ length: 10 }, () => follow(stop)))
    expect(tries.filter(({ status }) => status === 200)).toHaveLength(1)
    expect((await stored())?.revocationEpoch).toBe(user.revocationEpoch + 1)
    const late = await takeOver()
    service.advance(3 * DAY)
    expect((await follow(late.stop)).status).toBe(400)
    expect((await late.stored())?.revocationEpoch).toBe(late.user.revocationEpoch)
  })

  test('wins over the change that is confirmed at the same moment, whichever is first', async () => {
    for (let round = 0; round < 4; round++) {
      const { user, thief, stop, stored } = await takeOver()
      const both = round % 2 ? [thief.link, stop] : [stop, thief.link]
      await Promise.all(both.map((link) => follow(link)))
      expect((await stored())?.profile).toEqual(user.profile)
    }
  })

  test('gives the address of a thief no such link, nor one that works once the address before is back', async () => {
    const { user, thiefs, thief, stop, stored } = await takeOver()
    await follow(thief.link)
    const again = await askForChange(user, `another-${thiefs}`)
    const told = await smtp.next(thiefs, 'asked to change its e-mail')
    expect(bodyOf(told.message)).not.toContain('/email/stop')
    expect((await follow(again.link)).status).toBe(200)
    // As a policy of one's own may give one.
    const [secret, now] = [randomSecret(), Math.floor(Date.now() / 1000)]
    const facts = { address: thiefs, changedAt: (await stored())?.emailChangedAt ?? 0 }
    const record = { v: 1, kind: STOP_LINK, sub: user.sub, facts, createdAt: now, expiresAt: now + 99 * DAY } as const
    await service.store.oneUse.put(TENANT, digestOf(secret), record)
    await follow(stop)
    expect((await stored())?.profile).toEqual(user.profile)
    expect((await follow(`${service.issuer}/email/stop?link=${secret}`)).status).toBe(400)
    expect((await stored())?.profile).toEqual(user.profile)
  })

  test('leads who has no password to a sign-in, and gives them none', async () => {
    const { user, stop, stored } = await takeOver()
    const { passwordHash: _none, ...without } = (await stored()) ?? user
    await service.store.users.replace(TENANT, { ...without, version: without.version + 1 }, without.version)
    expect(new URL((await follow(stop)).url).pathname).toBe('/login')
    expect(await stored()).not.toHaveProperty('passwordHash')
    expect((await stored())?.revocationEpoch).toBe(user.revocationEpoch + 1)
  })

  test('puts everybody out where another account has proven the address meanwhile; the one in its place proves nothing', async () => {
    const { address, user, thief, stop, stored } = await takeOver()
    await follow(thief.link)
    const other = userRecord(randomId(6), { profile: { emails: [{ value: address }], emailVerified: true } })
    expect(await service.store.users.create(TENANT, other)).toBe('written')
    expect(new URL((await follow(stop)).url).pathname).toBe('/login')
    expect(await isSignedIn(thief.browser)).toBe(false)
    expect(await stored()).toMatchObject({
      profile: { emailVerified: false },
      revocationEpoch: user.revocationEpoch + 1,
    })
    // Whoever asked for the change may have set it.
    expect((await stored())?.passwordHash).not.toBe(user.passwordHash)
    expect((await enter(user)).page.status).toBe(401)
    expect((await service.store.users.findByVerifiedEmail(TENANT, address))?.sub).toBe(other.sub)
  })

  test('takes the address back from an account whose own letter was confirmed since', async () => {
    const { address, user, thief, stop, stored } = await takeOver()
    await follow(thief.link)
    const mule = await person()
    expect((await follow((await askForChange(mule.user, address)).link)).status).toBe(200)
    expect((await service.store.users.findByVerifiedEmail(TENANT, address))?.sub).toBe(mule.user.sub)
    expect(new URL((await follow(stop)).url).pathname).toBe('/password/reset')
    expect((await stored())?.profile).toEqual(user.profile)
    expect((await mule.stored())?.profile.emailVerified).toBe(false)
    expect((await service.store.users.findByVerifiedEmail(TENANT, address))?.sub).toBe(user.sub)
  })

  test('ends the ways in that were added since, or within three days before, and leaves those of before', async () => {
    const { user, stop } = await takeOver()
    const { factors, identities, oneUse } = service.store
    const sent = (await oneUse.list(TENANT, user.sub)).find(({ kind }) => kind === STOP_LINK)?.createdAt ?? 0
    await factors.totp.add(TENANT, user.sub, { v: 1, sealed: 'of a thief', createdAt: sent + 1 })
    for (const linkedAt of [sent - 3 * DAY - 1, sent - 3 * DAY, sent + 1]) {
      const [key, issuer] = [`${user.sub} ${linkedAt}`, 'https://accounts.google.com']
      const identity = { v: 1, key, sub: user.sub, provider: 'google', issuer, subject: key, linkedAt } as const
      expect(await identities.link(TENANT, identity)).toBe('written')
    }
    expect((await follow(stop)).status).toBe(200)
    expect(await factors.of(TENANT, user.sub)).toEqual({ passkeys: [], recoveryCodes: 0 })
    expect((await identities.list(TENANT, user.sub)).map(({ linkedAt }) => linkedAt)).toEqual([sent - 3 * DAY - 1])
  })

  test('undoes nothing that a directory set since: what the help desk gave the person stays (checklist 42)', async () => {
    const asked = { grant_type: 'client_credentials', scope: 'scim' }
    const { body } = await post(service, '/oauth/token', service.population.admin, asked)
    const recovered = { emails: [{ value: `${randomId(6)}@example.net`.toLowerCase(), primary: true }] }
    const put = async ({ user, stored }: Awaited<ReturnType<typeof person>>, change: object) => {
      const { profile, active } = (await stored()) ?? user
      const json = { schemas: [USER_SCHEMA], userName: user.userName, emails: profile.emails, active, ...change }
      const headers = { authorization: `Bearer ${body.access_token}`, 'content-type': 'application/scim+json' }
      const url = `${service.issuer}/scim/v2/Users/${user.sub}`
      expect((await fetch(url, { method: 'PUT', headers, body: JSON.stringify(json) })).status).toBe(200)
    }
    for (const changes of [
      [{ ...recovered, password: 'what the help desk chose' }],
      [{ password: 'what the help desk chose' }],
      [{ active: false }, { active: true }],
    ]) {
      const owner = await takeOver()
      const links = await service.store.oneUse.list(TENANT, owner.user.sub)
      const [link] = links.filter(({ kind }) => kind === STOP_LINK)
      for (const change of changes) await put(owner, change)
      expect((await service.store.oneUse.list(TENANT, owner.user.sub)).map(({ kind }) => kind)).not.toContain(STOP_LINK)
      // As one that was made at the same moment, of the account as it was.
      if (link)
        await service.store.oneUse.put(TENANT, digestOf(new URL(owner.stop).searchParams.get('link') ?? ''), link)
      const before = await owner.stored()
      expect((await follow(owner.stop)).status).toBe(400)
      expect(await owner.stored()).toEqual(before)
    }
    // A change of another kind leaves the person their link.
    const owner = await takeOver()
    await put(owner, { displayName: 'Another' })
    expect(new URL((await follow(owner.stop)).url).pathname).toBe('/password/reset')
  })

  test('can be pressed again where the store was away when it was pressed', async () => {
    const { user, thief, stop, stored } = await takeOver()
    await follow(thief.link)
    const [first] = await service.store.oneUse.list(TENANT, user.sub)
    const away = vi.spyOn(service.store.users, 'replace').mockRejectedValue(new StoreUnavailable('away'))
    expect((await follow(stop)).status).toBe(503)
    away.mockRestore()
    expect((await service.store.oneUse.list(TENANT, user.sub))[0]).toEqual(first)
    // What comes after the write of the account fails as well.
    const half = vi.spyOn(service.store.devices, 'list').mockRejectedValue(new StoreUnavailable('away'))
    expect((await follow(stop)).status).toBe(503)
    half.mockRestore()
    expect(new URL((await follow(stop)).url).pathname).toBe('/password/reset')
    expect((await stored())?.profile).toEqual(user.profile)
    expect((await follow(stop)).status).toBe(400)
  })

  test('ends the others that were sent before it', async () => {
    const { user, address, thiefs, stop, stored } = await takeOver()
    await askForChange(user, `another-${thiefs}`)
    const again = await stopLinkTo(address)
    expect(again).not.toBe(stop)
    expect((await follow(again)).status).toBe(200)
    const after = await stored()
    expect((await follow(stop)).status).toBe(400)
    expect(await stored()).toEqual(after)
  })

  test('ends a password that is set while it is pressed', async () => {
    const { user, stop, stored } = await takeOver()
    const { passwordHash = '', ...without } = (await stored()) ?? user
    await service.store.users.replace(TENANT, { ...without, version: without.version + 1 }, without.version)
    const { limits, users } = service.store
    const hit = limits.hit.bind(limits)
    const meanwhile = vi.spyOn(limits, 'hit').mockImplementation(async (tenant, key, seconds, cost = 1) => {
      if (key.startsWith('stop:') && cost === 1)
        await users.replace(TENANT, { ...without, passwordHash, version: without.version + 2 }, without.version + 1)
      return hit(tenant, key, seconds, cost)
    })
    const stopped = await follow(stop)
    meanwhile.mockRestore()
    expect([new URL(stopped.url).pathname, (await stored())?.passwordHash === passwordHash]).toEqual([
      '/password/reset',
      false,
    ])
  })

  test('holds no link where nobody has proven the address that it goes to', async () => {
    const { user, address, thiefs } = await person()
    await service.store.users.replace(TENANT, { ...user, profile: { emails: [{ value: address }] }, version: 2 }, 1)
    await askForChange(user, thiefs)
    const told = await smtp.next(address, 'asked to change its e-mail')
    expect(bodyOf(told.message)).not.toContain('/email/stop')
  })

  test('is refused from a form of another page or browser, and without its link (checklist 12)', async () => {
    const { stop, user, stored } = await takeOver()
    const [mine, other] = [new Browser(service.issuer), new Browser(service.issuer)]
    const page = await mine.visit(stop)
    await other.visit(`${service.issuer}/password/forgot`)
    expect((await press(other, page, {})).status).toBe(403)
    expect((await mine.visit(`${service.issuer}/email/stop`)).status).toBe(400)
    expect((await stored())?.revocationEpoch).toBe(user.revocationEpoch)
  })
})
