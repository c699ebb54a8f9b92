/** What ends with a new password, and what it does not get past: second factors, other sessions, grants, remembered devices. Checklist 39, 42, 45. */
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { UserRecord } from '../../src/storage/records.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import type { Browser } from '../servers/browser.ts'
import { TENANT } from '../servers/population.ts'
import { linkIn, mailThrough, type SmtpServer, startSmtpServer } from '../servers/smtp-server.ts'
import { send } from './at-account.ts'
import { redeemCode, told } from './authorization.ts'
import {
  aBrowser,
  addPasskey,
  addTotp,
  codeAt,
  MFA_ACR,
  openOwnPage,
  PASSWORD_ACR,
  PHISHING_RESISTANT,
  signInByPasskey,
  signInByPassword,
} from './factors.ts'
import { answerOf, post, tokensFor } from './requests.ts'

const NEW = 'several words of mine'
const ADDRESS = 'reader@example.com'

let smtp: SmtpServer
let service: TestService
let offset = 0
beforeEach(async () => {
  offset = 0
  smtp = await startSmtpServer()
  service = await startAuthService({ service: { mail: mailThrough(smtp) } })
  await become({ profile: { emails: [{ value: ADDRESS, primary: true }], emailVerified: true } })
})
afterEach(async () => {
  await service?.close()
  await smtp?.close()
})

async function become({ passwordHash, ...rest }: Partial<UserRecord>, without = false): Promise<void> {
  const stored = await service.store.users.find(TENANT, service.population.user.sub)
  if (stored === undefined) throw new Error('nobody there')
  const { passwordHash: hash = '', ...others } = stored
  const user = { ...others, ...rest, ...(!without && { passwordHash: passwordHash ?? hash }) }
  expect(await service.store.users.replace(TENANT, user, stored.version)).toBe('written')
}

const now = () => Date.now() / 1000 + offset
/** To the middle of a later step of the codes. */
function advance(seconds: number): void {
  const by = Math.ceil(Math.ceil((now() + seconds) / 30) * 30 + 10 - now())
  service.advance(by)
  offset += by
}

/** The browser is remembered: signed in with password and code, and told to spare the code from then on. */
async function remembered(secret: string): Promise<Browser> {
  const browser = aBrowser(service)
  const asked = await signInByPassword(service, browser)
  const { left } = await browser.submit(asked, { code: codeAt(secret, now()), remember: 'yes' })
  expect(left?.searchParams.get('code')).toBeTruthy()
  advance(30)
  return browser
}

/** Where a sign-in anew leads to after the password. */
async function asksFor(browser: Browser, password: string): Promise<string> {
  for (const name of [...browser.cookies.keys()]) if (name !== 'sallyport_devices') browser.cookies.delete(name)
  const page = await signInByPassword(service, browser, {}, { ...service.population.user, password })
  return page.left === undefined ? new URL(page.url).pathname : 'nothing more'
}

const offline = () => tokensFor(service, service.population.web, 'openid offline_access')

async function refreshes(tokens: Awaited<ReturnType<typeof offline>>): Promise<number> {
  const form = { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) }
  return (await post(service, '/oauth/token', service.population.web, form)).status
}

const isSignedIn = async (browser: Browser): Promise<boolean> =>
  new URL((await browser.visit(`${service.issuer}/account`)).url).pathname === '/account'

async function change(browser: Browser, values: Readonly<Record<string, string>>): Promise<number> {
  const page = await browser.visit(`${service.issuer}/account/password`)
  const typed = { password: service.population.user.password, new_password: NEW, ...values }
  return (await send(browser, page, /^\/account\/password$/, typed)).status
}

async function askForLink(): Promise<void> {
  const browser = aBrowser(service)
  const page = await browser.visit(`${service.issuer}/password/forgot`)
  const sent = await browser.submit(page, { username: service.population.user.userName })
  expect([sent.status, sent.text]).toEqual([200, expect.stringContaining('Look into your mailbox')])
}

const link = async () => linkIn(await smtp.next(ADDRESS, '/password/reset'), '/password/reset')

async function use(address: string) {
  const browser = aBrowser(service)
  const done = await browser.submit(await browser.visit(address), { new_password: NEW })
  return { browser, status: done.status }
}

async function reset(): Promise<Browser> {
  await askForLink()
  const { browser, status } = await use(await link())
  expect(status).toBe(200)
  return browser
}

describe('changed by its owner', () => {
  test('ends other sessions, refresh tokens and offline grants; this session goes on under another cookie (checklist 42, 45)', async () => {
    const tokens = await offline()
    const [here, there] = [aBrowser(service), aBrowser(service)]
    for (const browser of [here, there]) await openOwnPage(service, browser, '/account')
    const before = here.cookies.get('sallyport_session') ?? ''
    expect(await change(here, { end_others: 'yes' })).toBe(200)

    expect([await isSignedIn(here), await isSignedIn(there)]).toEqual([true, false])
    expect(await refreshes(tokens)).toBe(400)
    const bearer = { authorization: `Bearer ${tokens.access_token}` }
    expect((await answerOf(await fetch(`${service.issuer}/oauth/userinfo`, { headers: bearer }))).status).toBe(401)
    const stolen = aBrowser(service)
    stolen.cookies.set('sallyport_session', before)
    expect(here.cookies.get('sallyport_session')).not.toBe(before)
    expect(await isSignedIn(stolen)).toBe(false)
    const { records } = await service.store.sessions.list(TENANT, { sub: service.population.user.sub }, 0, 10)
    expect(records).toHaveLength(1)
  })

  test('leaves sessions and tokens where its owner says so (checklist 42)', async () => {
    const tokens = await offline()
    const [here, there] = [aBrowser(service), aBrowser(service)]
    for (const browser of [here, there]) await openOwnPage(service, browser, '/account')
    expect(await change(here, {})).toBe(200)
    expect([await isSignedIn(here), await isSignedIn(there), await refreshes(tokens)]).toEqual([true, true, 200])
  })

  test.each([
    ['with all else', { end_others: 'yes' }],
    ['even where sessions go on', {}],
  ])('ends that devices are remembered, %s (checklist 45)', async (_what, values) => {
    advance(0)
    const { secret } = await addTotp(service, aBrowser(service), now())
    advance(30)
    const browser = await remembered(secret)
    expect(await asksFor(browser, service.population.user.password)).toBe('nothing more')
    const here = aBrowser(service)
    await here.submit(await openOwnPage(service, here, '/account'), { code: codeAt(secret, now()) })
    expect(await change(here, values)).toBe(200)
    expect(await asksFor(browser, NEW)).toBe('/mfa/totp')
  })
})

describe('set by a link', () => {
  test('signs nobody in: the authenticator app is asked, in a remembered browser too (ASVS 6.4.3; checklist 39, 45)', async () => {
    advance(0)
    const { secret } = await addTotp(service, aBrowser(service), now())
    advance(30)
    const known = await remembered(secret)
    const browser = await reset()
    expect(browser.cookies.has('sallyport_session')).toBe(false)
    expect(await asksFor(known, NEW)).toBe('/mfa/totp')

    const asked = await signInByPassword(service, browser, {}, { ...service.population.user, password: NEW })
    expect([new URL(asked.url).pathname, asked.left]).toEqual(['/mfa/totp', undefined])
    expect(browser.cookies.has('sallyport_session')).toBe(false)
    expect((await browser.submit(asked, { code: '000000' })).status).toBe(401)
    const done = await browser.submit(asked, { code: codeAt(secret, now()) })
    const { body } = await redeemCode(service, service.population.own, told(done).code)
    expect(decodeJwt(String(body.id_token))).toMatchObject({ acr: MFA_ACR, amr: ['mfa', 'otp', 'pwd'] })
  })

  test('a passkey beside the password is asked as before (checklist 39)', async () => {
    const { authenticator } = await addPasskey(service, aBrowser(service))
    const browser = await reset()
    const asked = await signInByPassword(service, browser, {}, { ...service.population.user, password: NEW })
    expect([new URL(asked.url).pathname, asked.left]).toEqual(['/mfa/passkey', undefined])
    expect(browser.cookies.has('sallyport_session')).toBe(false)
    const done = await signInByPasskey(service, aBrowser(service), authenticator)
    const { body } = await redeemCode(service, service.population.own, told(done).code)
    expect(decodeJwt(String(body.id_token)).acr).toBe(PHISHING_RESISTANT)
  })

  test('is not had by an account that has only passkeys: no letter, and one of before opens nothing (checklist 39)', async () => {
    const { authenticator } = await addPasskey(service, aBrowser(service))
    await askForLink()
    const before = await link()
    const browser = aBrowser(service)
    const opened = await browser.visit(before)
    await become({}, true)
    await askForLink()
    const asked = service.audits.filter(({ event }) => event === 'password_reset_asked')
    expect(asked.map(({ detail }) => detail)).toEqual(['sent', 'not_sent'])
    expect((await browser.submit(opened, { new_password: NEW })).status).toBe(400)
    expect((await browser.visit(before)).status).toBe(400)
    expect((await service.store.users.find(TENANT, service.population.user.sub))?.passwordHash).toBeUndefined()
    const done = await signInByPasskey(service, aBrowser(service), authenticator)
    expect(done.left?.searchParams.get('code')).toBeTruthy()
  })

  test('the address that the letter went to stays verified, and is told as such (OIDC Core 5.1)', async () => {
    await reset()
    const person = { issuer: service.issuer, population: { user: { ...service.population.user, password: NEW } } }
    const tokens = await tokensFor(person, service.population.web, 'openid email')
    expect(decodeJwt(String(tokens.id_token)).acr).toBe(PASSWORD_ACR)
    const headers = { authorization: `Bearer ${tokens.access_token}` }
    const { body } = await answerOf(await fetch(`${service.issuer}/oauth/userinfo`, { headers }))
    expect(body).toMatchObject({ email: ADDRESS, email_verified: true })
  })

  test('ends every session, refresh token and offline grant (ASVS 7.4.3; checklist 45)', async () => {
    const tokens = await offline()
    const browser = aBrowser(service)
    await openOwnPage(service, browser, '/account')
    await reset()
    expect([await isSignedIn(browser), await refreshes(tokens)]).toEqual([false, 400])
  })
})
