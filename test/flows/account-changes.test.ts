/**
 * What a person changes and ends at their account, in a real Chromium with a real mail server: password, e-mail address, an app's
 * access, another session, a copy of their data, and the account itself. Checklist 42 and 45.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createPasswordHasher } from '../../src/auth/user/password/hasher.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { type Chromium, openChromium } from '../servers/chromium.ts'
import { lookAt } from '../servers/look.ts'
import { newAddress, TENANT, userRecord } from '../servers/population.ts'
import { linkIn, mailThrough, type SmtpServer, startSmtpServer } from '../servers/smtp-server.ts'
import { isActive } from './requests.ts'
import { signIn } from './signed-in.ts'

const PASSWORD = 'a long pass phrase of hers'
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
let smtp: SmtpServer
let service: TestService
let browser: Chromium
let passwordHash: string
let person: { readonly sub: string; readonly userName: string; readonly password: string }

beforeAll(async () => {
  smtp = await startSmtpServer()
  service = await startAuthService({ service: { mail: mailThrough(smtp) } })
  passwordHash = await createPasswordHasher().hash(PASSWORD)
  browser = await openChromium()
})
afterAll(async () => {
  await browser?.close()
  await service?.close()
  await smtp?.close()
})

/** Somebody new, and a browser that nobody used. */
beforeEach(async () => {
  const userName = newAddress()
  const profile = { displayName: 'Grace H.', emails: [{ value: userName, primary: true }], emailVerified: true }
  const user = userRecord(userName, { passwordHash, profile })
  await service.store.users.create(TENANT, user)
  person = { sub: user.sub, userName, password: PASSWORD }
  await browser.context.clearCookies()
})

async function typePassword(password = PASSWORD): Promise<void> {
  const { page } = browser
  await page.getByLabel('User name').fill(person.userName)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function enter(path: string, password = PASSWORD): Promise<Chromium['page']> {
  await browser.page.goto(`${service.issuer}${path}`)
  await typePassword(password)
  await browser.page.locator('.account-nav').waitFor()
  return browser.page
}

/** The same person in another browser, with what an app was given there. */
async function elsewhere() {
  const there = new Browser(service.issuer, FIREFOX)
  const provider = { ...service, population: { ...service.population, user: person } }
  const { access_token: token } = await signIn(provider, there, service.population.web, 'openid offline_access')
  const isSignedIn = async () => !(await there.visit(`${service.issuer}/account`)).url.includes('/login')
  return { isActive: () => isActive(service, token), isSignedIn }
}

test('the password is changed by who knows it, signs everybody else out, and is told by letter (ASVS 6.2.3; checklist 42, 45)', async () => {
  const other = await elsewhere()
  const page = await enter('/account/password')
  const change = async (current: string, next: string) => {
    await page.getByLabel('Current password').fill(current)
    await page.getByLabel('New password').fill(next)
    await page.getByRole('button', { name: 'Change your password' }).click()
  }
  await change('not the password', 'another long pass phrase')
  await page.getByText('The current password is wrong.').waitFor()
  await change(PASSWORD, 'password1234')
  await page.getByText('This password is among the first that are guessed.').waitFor()
  await lookAt(page, 'account-password-refused')
  expect([await other.isActive(), await other.isSignedIn()]).toEqual([true, true])
  await change(PASSWORD, 'another long pass phrase')
  expect(await page.getByRole('status').textContent()).toContain('Your password was changed')
  expect([await other.isActive(), await other.isSignedIn()]).toEqual([false, false])
  await smtp.next(person.userName, 'password')
  // This browser goes on; the next sign-in wants the new one.
  await page.goto(`${service.issuer}/account`)
  await page.locator('.account-nav').waitFor()
  await browser.context.clearCookies()
  await page.goto(`${service.issuer}/account`)
  await typePassword()
  await page.getByText('The user name or the password is wrong.').waitFor()
  await enter('/account', 'another long pass phrase')
})

test('the e-mail address is changed by the link in a letter to the new one, and the old one is told (checklist 42)', async () => {
  const page = await enter('/account/email')
  const next = `new-${person.userName}`
  await page.getByLabel('New e-mail address').fill(next)
  await lookAt(page, 'account-email')
  await page.getByRole('button', { name: 'Send the letter' }).click()
  expect(await page.getByRole('status').textContent()).toContain(next)
  const emailNow = async () => (await service.store.users.find(TENANT, person.sub))?.profile.emails
  expect(await emailNow()).toMatchObject([{ value: person.userName }])
  await smtp.next(person.userName, 'change its e-mail')
  await page.goto(linkIn(await smtp.next(next, '/email/verify'), '/email/verify'))
  await page.getByRole('heading', { name: 'Confirm your e-mail address' }).waitFor()
  await lookAt(page, 'email-confirmation')
  // Whoever only opens the link, as scanners of mail do, changes nothing.
  expect(await emailNow()).toMatchObject([{ value: person.userName }])
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByRole('heading', { name: 'Your e-mail address is confirmed' }).waitFor()
  await lookAt(page, 'email-confirmed')
  await page.goto(`${service.issuer}/account`)
  await page.getByText(next).waitFor()
  expect(await emailNow()).toMatchObject([{ value: next }])
})

test('an app’s use is ended alone: its tokens work no more, the session that it came from goes on (checklist 45)', async () => {
  const [one, two] = [await elsewhere(), await elsewhere()]
  const page = await enter('/account/consents')
  await page.getByRole('heading', { name: 'Client web' }).waitFor()
  const uses = page.getByRole('button', { name: 'End this use' })
  expect(await uses.count()).toBe(2)
  await uses.first().click()
  expect(await page.getByRole('status').textContent()).toContain('That use was ended.')
  expect(await uses.count()).toBe(1)
  expect([await one.isActive(), await two.isActive()].toSorted()).toEqual([false, true])
  await uses.click()
  await expect.poll(() => uses.count()).toBe(0)
  expect([await one.isActive(), await two.isActive()]).toEqual([false, false])
  expect([await one.isSignedIn(), await two.isSignedIn()]).toEqual([true, true])
})

test('the session in another browser is ended with what hangs on it; this one cannot end itself by mistake (checklist 45)', async () => {
  const other = await elsewhere()
  const page = await enter('/account/sessions')
  await page
    .getByRole('heading', { name: /Firefox/ })
    .first()
    .waitFor()
  await page.getByRole('button', { name: 'End session' }).click()
  expect(await page.getByRole('status').textContent()).toContain('The session was ended.')
  expect(await page.getByRole('button', { name: 'End session' }).count()).toBe(0)
  expect(await page.getByText('this session').count()).toBe(1)
  expect([await other.isSignedIn(), await other.isActive()]).toEqual([false, false])
})

test('a copy of the data is a file to keep, and the account ends by its name typed (GDPR articles 15 and 17)', async () => {
  const other = await elsewhere()
  const page = await enter('/account/data')
  const started = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download my data' }).click()
  const download = await started
  expect(download.suggestedFilename()).toBe('my-data.json')
  const copy = JSON.parse(readFileSync(await download.path(), 'utf8'))
  expect(copy).toMatchObject({
    account: { sub: person.sub, user_name: person.userName, profile: { displayName: 'Grace H.' } },
    grants: [expect.objectContaining({ client_id: service.population.web.id })],
  })

  const confirm = page.getByLabel('To confirm, type your user name')
  await confirm.fill('somebody else')
  await page.getByRole('button', { name: 'Delete my account' }).click()
  await page.getByText('Nothing was deleted.').waitFor()
  expect(await other.isActive()).toBe(true)
  await confirm.fill(person.userName)
  await page.getByRole('button', { name: 'Delete my account' }).click()
  await page.getByRole('heading', { name: 'Your account is deleted' }).waitFor()
  expect(await service.store.users.find(TENANT, person.sub)).toBeUndefined()
  expect([await other.isSignedIn(), await other.isActive()]).toEqual([false, false])
  await page.goto(`${service.issuer}/account`)
  await typePassword()
  await page.getByText('The user name or the password is wrong.').waitFor()
  expect(browser.complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([])
})
