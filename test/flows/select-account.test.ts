/**
 * `prompt=select_account` in a real Chromium: go on as who is signed in, or as somebody else; the code belongs to whoever was
 * chosen, and to nobody where the person cancels. OIDC Core 3.1.2.1.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { type Chromium, openChromium, openSite, type Site } from '../servers/chromium.ts'
import { lookAt } from '../servers/look.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import type { Person } from './factors.ts'
import { begin, discover, redeem } from './relying-party.ts'
import { addClient } from './signed-in.ts'
import { createPersonWithoutFactors } from './use-factors.ts'

let service: TestService
let site: Site
let browser: Chromium
let shop: TestClient
let other: Person
beforeAll(async () => {
  service = await startAuthService()
  site = await openSite()
  shop = await addClient(service.store, 'shop', {}, { name: 'The shop', redirectUris: [`${site.origin}/callback`] })
  other = await createPersonWithoutFactors(service)
  browser = await openChromium()
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
  await service?.close()
})

/** Alice is signed in. */
beforeEach(async () => {
  await browser.context.clearCookies()
  const { arrival } = await ask()
  await type(service.population.user)
  await arrival()
})

async function type({ userName, password }: Person): Promise<void> {
  const { page } = browser
  await page.getByLabel('User name').fill(userName)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** The browser is sent from the client; `arrival`: back there, with this answer. */
async function ask(more: Readonly<Record<string, string>> = {}) {
  const rp = await discover(service.issuer, shop)
  const begun = await begin(rp, 'openid', { redirect_uri: `${site.origin}/callback`, ...more })
  await browser.page.goto(begun.url)
  const arrival = async (): Promise<URL> => {
    await browser.page.waitForURL((url) => url.searchParams.get('state') === begun.state && url.origin === site.origin)
    return new URL(browser.page.url())
  }
  return { arrival, subject: async () => (await redeem(rp, begun, await arrival())).claims()?.sub }
}

const subOf = async ({ userName }: Person) => (await service.store.users.findByUserName(TENANT, userName))?.sub
const choose = { prompt: 'select_account' }

test('who is signed in goes on as themselves, without a password, and the code is theirs', async () => {
  const { page } = browser
  const { subject } = await ask(choose)
  await page.getByRole('heading', { name: 'Choose an account' }).waitFor()
  expect(await page.textContent('main')).toContain('The shop')
  await lookAt(page, 'select-account')
  await page.getByRole('button', { name: `Go on as ${service.population.user.userName}` }).click()
  expect(await subject()).toBe(service.population.user.sub)
})

test('another account is signed in to, the code is of that person, and so is the session from then on', async () => {
  const { page } = browser
  const { subject } = await ask(choose)
  await page.getByRole('button', { name: 'Use another account' }).click()
  await type(other)
  expect(await subject()).toBe(await subOf(other))
  expect(await subOf(other)).not.toBe(service.population.user.sub)

  // Without a choice the browser goes on as whoever it was left with, and the next choice is between them and another.
  expect(await (await ask()).subject()).toBe(await subOf(other))
  await ask(choose)
  await page.getByRole('button', { name: `Go on as ${other.userName}` }).waitFor()
  expect(browser.complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([])
})

test('who chooses another account and proves none stays who they were, and no code is given', async () => {
  const { page } = browser
  const { arrival } = await ask(choose)
  await page.getByRole('button', { name: 'Use another account' }).click()
  await type({ ...other, password: 'not their password' })
  await page.getByRole('alert').waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()
  const answer = (await arrival()).searchParams
  expect([answer.get('error'), answer.has('code')]).toEqual(['access_denied', false])
  expect(await (await ask()).subject()).toBe(service.population.user.sub)
})

test('who cancels the choice is back at the client without a code', async () => {
  const { arrival } = await ask(choose)
  await browser.page.getByRole('button', { name: 'Cancel' }).click()
  const answer = (await arrival()).searchParams
  expect([answer.get('error'), answer.has('code')]).toEqual(['access_denied', false])
})

test('where nobody is signed in there is nothing to choose from: the sign-in is asked for', async () => {
  await browser.context.clearCookies({ name: 'sallyport_session' })
  const { subject } = await ask(choose)
  await type(other)
  expect(await subject()).toBe(await subOf(other))
})
