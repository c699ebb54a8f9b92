/**
 * Whoever is in an account for a moment gives it an address of their own: what that address may do, and how the person who had
 * the one before takes it back. A real mail server and the shipped policy. OWASP ASVS 6.3.7, 6.4.3; checklist 42 and 45.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createPasswordHasher } from '../../src/auth/user/password.ts'
import { randomId } from '../../src/kernel/ids.ts'
import type { UserRecord } from '../../src/storage/records.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser, formAt } from '../servers/browser.ts'
import { TENANT } from '../servers/population.ts'
import { linkIn, type SmtpServer, startSmtpServer } from '../servers/smtp-server.ts'

const PASSWORD = 'correct horse battery'
const DAY = 24 * 3600
const hasher = createPasswordHasher()
let smtp: SmtpServer
let service: TestService

beforeAll(async () => {
  smtp = await startSmtpServer()
  const out = { host: '127.0.0.1', port: smtp.port, tls: 'none', connections: 1, timeoutMs: 5000 } as const
  service = await startAuthService({
    service: { mail: { from: { name: 'Test', address: 'no-reply@example.com' }, smtp: out } },
  })
})
afterAll(async () => {
  await service?.close()
  await smtp?.close()
})
// Each test has an hour of its own: letters are counted by it.
beforeEach(() => service.advance(3601))

/** Somebody with a proven address. */
async function person() {
  const address = `${randomId(6).toLowerCase()}@example.com`
  const user: UserRecord = {
    v: 1,
    sub: randomId(),
    userName: address,
    passwordHash: await hasher.hash(PASSWORD),
    active: true,
    roles: ['user'],
    profile: { emails: [{ value: address, primary: true }], emailVerified: true },
    createdAt: 1,
    updatedAt: 1,
    version: 1,
    revocationEpoch: 3,
  }
  expect(await service.store.users.create(TENANT, user)).toBe('written')
  return { user, address, thiefs: `thief-${address}`, stored: () => service.store.users.find(TENANT, user.sub) }
}

async function press(browser: Browser, page: Awaited<ReturnType<Browser['visit']>>, values: Record<string, string>) {
  const { action, fields } = formAt(page, /./)
  for (const [name, value] of Object.entries(values)) fields.set(name, value)
  return browser.visit(action, { method: 'POST', body: fields, headers: { 'sec-fetch-site': 'same-origin' } })
}

async function enter({ userName }: UserRecord, password = PASSWORD) {
  const browser = new Browser(service.issuer)
  const login = await browser.visit(`${service.issuer}/account/email`)
  const page = await browser.submit(login, { username: userName, password })
  return { browser, page }
}

/** A letter to the other address is on its way, and is not followed yet. */
async function askForChange(user: UserRecord, to: string) {
  const { browser } = await enter(user)
  const { action, fields } = formAt(await browser.visit(`${service.issuer}/account/email`), /email$/)
  fields.set('purpose', 'change')
  fields.set('email', to)
  const headers = { 'sec-fetch-site': 'same-origin' }
  expect((await browser.visit(action, { method: 'POST', body: fields, headers })).status).toBe(200)
  return { browser, link: linkIn(await smtp.next(to, '/email/verify'), '/email/verify') }
}

async function follow(link: string) {
  const browser = new Browser(service.issuer)
  return press(browser, await browser.visit(link), {})
}

async function forgot(username: string) {
  const browser = new Browser(service.issuer)
  return browser.submit(await browser.visit(`${service.issuer}/password/forgot`), { username })
}

const linksTo = (address: string) =>
  smtp.received.filter(({ to, message }) => to.includes(address) && message.includes('/password/reset'))

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
