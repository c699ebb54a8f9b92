/** What pages of the account say of letters: that they go out, only where they do. ASVS 6.3.7. Names keep their direction in Arabic. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { enter, newPerson } from './at-account.ts'

let withMail: TestService
let without: TestService
beforeAll(async () => {
  withMail = await startAuthService()
  without = await startAuthService({ service: { mail: undefined } })
})
afterAll(async () => {
  await withMail?.close()
  await without?.close()
})

const NOBODY_TELLS = '<span class="whole">e-mail</span> address is known'
const LEADS_ON = '<a href="/account/email">'

const pages = [
  ['/account/sessions', 'is told to you by'],
  ['/account/factors?done=added', 'We tell you by'],
] as const

test.each(pages)('%s says that letters go out where there is an address that they go to', async (path, promise) => {
  const { browser, page } = await enter(withMail, await newPerson(withMail), '/account')
  expect(page.status).toBe(200)
  const { text } = await browser.visit(`${withMail.issuer}${path}`)
  expect(text).toContain(promise)
  expect(text).not.toContain(NOBODY_TELLS)
})

test.each(pages)('%s leads somebody without an address to one', async (path, promise) => {
  const { browser } = await enter(withMail, await newPerson(withMail, { profile: {} }), '/account')
  const { text } = await browser.visit(`${withMail.issuer}${path}`)
  expect(text).not.toContain(promise)
  expect(text).toContain(NOBODY_TELLS)
  expect(text).toContain(LEADS_ON)
})

test.each(pages)('%s promises nothing where the service sends no letters', async (path, promise) => {
  const { browser } = await enter(without, await newPerson(without), '/account')
  const { status, text } = await browser.visit(`${without.issuer}${path}`)
  expect(status).toBe(200)
  expect(text).not.toContain(promise)
  expect(text).not.toContain(NOBODY_TELLS)
})

test('a browser and its system are each kept apart from the Arabic between them (UAX #9)', async () => {
  const { browser } = await enter(without, await newPerson(without), '/account')
  const { text } = await browser.visit(`${without.issuer}/account/sessions?language=ar`)
  expect(text).toContain('<h3 id="session-1">\u2068Firefox\u2069 على \u2068Linux\u2069')
})
