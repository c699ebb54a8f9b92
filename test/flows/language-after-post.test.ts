/**
 * The language picker of pages that answer a POST: what was done is not shown again by an address, so that there is none; a form that
 * comes back with a fault is, in the other language. docs/pages.md.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LANGUAGES, type Language } from '../../web/language.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser, formOf, type Visited } from '../servers/browser.ts'
import { newAddress } from '../servers/population.ts'
import { linkIn, mailThrough, type SmtpServer, startSmtpServer } from '../servers/smtp-server.ts'
import { enter, newPerson, send } from './at-account.ts'
import { confirmTotp, openOwnPage, recoveryCodesOn, signInByPassword } from './factors.ts'
import { post } from './requests.ts'
import { addClient } from './signed-in.ts'

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

/** Somebody with a proven address. */
const someone = () => {
  const address = newAddress()
  const profile = { emails: [{ value: address, primary: true }], emailVerified: true }
  return newPerson(service, { userName: address, profile })
}

const languageOf = ({ text }: Visited) => /<html lang="(\w+)"/.exec(text)?.[1]

function pickersOf(page: Visited): ReadonlyMap<Language, string> {
  const nav = /<nav class="languages"[\s\S]*?<\/nav>/.exec(page.text)?.[0] ?? ''
  const links = nav.matchAll(/href="([^"]+)" hreflang="(\w+)"/g)
  return new Map(
    [...links].map(([, to = '', language]) => [
      language as Language,
      new URL(to.replaceAll('&amp;', '&'), page.url).href,
    ]),
  )
}

const actionsOf = (page: Visited) =>
  page.text
    .split('<form')
    .slice(1)
    .map((form) => formOf({ ...page, text: `<form${form}` }).action)

/** Shown with a fault; each of its pickers leads to the same page in that language. */
async function expectWalkable(browser: Browser, faulty: Visited, path: string): Promise<void> {
  expect(faulty.status, path).toBeGreaterThanOrEqual(400)
  const pickers = pickersOf(faulty)
  expect([...pickers.keys()], path).toEqual(LANGUAGES.filter((language) => language !== languageOf(faulty)))
  for (const [language, to] of pickers) {
    const other = await browser.visit(to)
    expect([other.status, languageOf(other), new URL(other.url).pathname], to).toEqual([200, language, path])
    expect(actionsOf(other), to).toEqual(actionsOf(faulty))
  }
  for (const name of browser.cookies.keys()) if (name.endsWith('sallyport_language')) browser.cookies.delete(name)
}

/** Its words, without markup and style. */
const saidOn = ({ text }: Visited) => (text.split('<main')[1] ?? '').replaceAll(/<[^>]+>/g, '')

function expectNone(page: Visited, title: RegExp): void {
  expect(saidOn(page)).toMatch(title)
  expect(pickersOf(page).size, page.url).toBe(0)
}

async function resetLink(browser: Browser, userName: string): Promise<string> {
  const forgot = await browser.visit(`${service.issuer}/password/forgot`)
  const sent = await send(browser, forgot, /forgot$/, { username: userName })
  expectNone(sent, /Look into your mailbox/)
  return linkIn(await smtp.next(userName, '/password/reset'), '/password/reset')
}

describe('a form that comes back with a fault', () => {
  test('of a sign-in', async () => {
    const person = await someone()
    const browser = new Browser(service.issuer)
    const name = await browser.visit(`${service.issuer}/account`)
    await expectWalkable(browser, await browser.submit(name, { username: '' }), '/login')
    const password = await browser.submit(await browser.visit(name.url), { username: person.userName })
    await expectWalkable(browser, await browser.submit(password, { password: 'wrong' }), '/login/password')
  })

  test('of a second factor, added and used', async () => {
    const person = await someone()
    const browser = new Browser(service.issuer)
    const shown = await openOwnPage(service, browser, '/mfa/enrol/totp', person)
    await expectWalkable(browser, await browser.submit(shown, { code: '' }), '/mfa/enrol/totp')
    const { page } = await confirmTotp(browser, await browser.visit(shown.url), Date.now() / 1000)
    expect(recoveryCodesOn(page).length).toBeGreaterThan(0)
    expectNone(page, /recovery codes/i)

    const other = new Browser(service.issuer)
    const step = await signInByPassword(service, other, {}, person)
    await expectWalkable(other, await other.submit(step, { code: '000000' }), '/mfa/totp')
  })

  test('of the account', async () => {
    const person = await someone()
    const { browser } = await enter(service, person, '/account')
    for (const [path, to, values] of [
      ['/account/password', /password$/, { password: 'wrong', new_password: 'several words of mine' }],
      ['/account/email', /email$/, { purpose: 'change', email: 'nowhere' }],
      ['/account/data', /erase$/, { confirm: 'somebody else' }],
    ] as const)
      await expectWalkable(
        browser,
        await send(browser, await browser.visit(`${service.issuer}${path}`), to, values),
        path,
      )
  })

  test('of a forgotten password: the link that is still good goes along', async () => {
    const { userName } = await someone()
    const browser = new Browser(service.issuer)
    const forgot = await browser.visit(`${service.issuer}/password/forgot`)
    await expectWalkable(browser, await browser.submit(forgot, { username: '' }), '/password/forgot')
    const form = await browser.visit(await resetLink(browser, userName))
    await expectWalkable(browser, await browser.submit(form, { new_password: 'short' }), '/password/reset')
  })
})

describe('what was done has no picker', () => {
  test('new recovery codes', async () => {
    const person = await someone()
    const browser = new Browser(service.issuer)
    const shown = await openOwnPage(service, browser, '/mfa/enrol/totp', person)
    const { recoveryCodes } = await confirmTotp(browser, shown, Date.now() / 1000)
    const other = new Browser(service.issuer)
    const step = await signInByPassword(service, other, {}, person)
    const recovery = await other.visit(step.url.replace('/mfa/totp', '/mfa/recovery'))
    await other.submit(recovery, { code: recoveryCodes[0] ?? '' })
    const list = await other.visit(`${service.issuer}/account/factors`)
    const codes = await other.submit(list, { action: 'recovery_codes' })
    expect(recoveryCodesOn(codes).length).toBeGreaterThan(0)
    expectNone(codes, /recovery codes/i)
  })

  test('a password that was set by a link, and the link that works no more', async () => {
    const { userName } = await someone()
    const browser = new Browser(service.issuer)
    const form = await browser.visit(await resetLink(browser, userName))
    expectNone(await browser.submit(form, { new_password: 'several words of mine' }), /Your password was changed/)
    expectNone(await browser.submit(form, { new_password: 'several words of mine' }), /This link works no more/)
  })

  test('an address that is confirmed, and one that is asked for', async () => {
    const person = await someone()
    const next = newAddress()
    const { browser, page } = await enter(service, person, '/account/email')
    expectNone(await send(browser, page, /email$/, { purpose: 'change', email: next }), /A letter is on its way/)
    const link = await browser.visit(linkIn(await smtp.next(next, '/email/verify'), '/email/verify'))
    expect(pickersOf(link).size).toBe(2)
    expectNone(await browser.submit(link, {}), /Your e-mail address is confirmed/)
  })

  test('a device that is connected', async () => {
    const grantTypes = ['urn:ietf:params:oauth:grant-type:device_code']
    const client = await addClient(service.store, 'tv', {}, { grantTypes, redirectUris: [] })
    const person = await someone()
    const { browser } = await enter(service, person, '/account')
    const { body } = await post(service, '/oauth/device_authorization', client, { scope: 'openid' })
    const page = await browser.visit(String(body.verification_uri_complete))
    expect(pickersOf(page).size).toBe(2)
    expectNone(await browser.submit(page, { answer: 'allow' }), /connected/i)
  })
})

test('what comes after a stopped change of address is said in the other language too', async () => {
  const person = await someone()
  const { browser, page } = await enter(service, person, '/account/email')
  await send(browser, page, /email$/, { purpose: 'change', email: newAddress() })
  const stop = linkIn(await smtp.next(person.userName, '/email/stop'), '/email/stop')
  const reset = await browser.submit(await browser.visit(stop), {})
  expect(reset.text).toContain('The change was stopped')
  const german = await browser.visit(pickersOf(reset).get('de') ?? '')
  expect(german.text).toContain('Die Änderung wurde gestoppt')
})
