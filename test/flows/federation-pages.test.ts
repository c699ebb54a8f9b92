/**
 * Sign-in at providers in a real Chromium, over TLS: at one shaped as Microsoft, at one shaped as GitHub, and past one that does
 * not answer, which the sign-in page says. Checklist 43.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { identityKey } from '../../src/storage/records.ts'
import { type Chromium, openChromium, openSite, type Site } from '../servers/chromium.ts'
import { lookAt } from '../servers/look.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { type Federated, MICROSOFT_TENANT, startFederated } from './federation.ts'
import { begin, discover, redeem } from './relying-party.ts'
import { addClient } from './signed-in.ts'

let service: Federated
let site: Site
let browser: Chromium
let shop: TestClient
beforeAll(async () => {
  service = await startFederated({
    change: (provider) =>
      provider.id === 'google'
        ? { ...provider, timeoutMs: 600, retries: 0, breaker: { failures: 2, resetMs: 60 } }
        : provider,
  })
  site = await openSite()
  shop = await addClient(service.store, 'shop', {}, { redirectUris: [`${site.origin}/callback`] })
  browser = await openChromium({ ignoreHTTPSErrors: true })
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
  await service?.close()
})
beforeEach(() => browser.context.clearCookies())

/** On the sign-in page; `subject`: whose ID token the client gets in the end. */
async function signInPage() {
  const rp = await discover(service.issuer, shop)
  const begun = await begin(rp, 'openid', { redirect_uri: `${site.origin}/callback` })
  await browser.page.goto(begun.url)
  await browser.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  return async () => {
    await browser.page.waitForURL(`${site.origin}/callback?**`)
    return (await redeem(rp, begun, new URL(browser.page.url()))).claims()?.sub
  }
}

const goTo = (name: string) => browser.page.getByRole('link', { name: `Continue with ${name}` }).click()
const ownerOf = async (issuer: string, subject: string) =>
  (await service.store.identities.find(TENANT, identityKey(issuer, subject)))?.sub

test('at Microsoft: people of its one directory get an account and come back to it, those of another are refused', async () => {
  const { microsoft } = service
  const { page } = browser
  microsoft.person = { sub: 'of-another', name: 'Mallory', tid: '9b1f2c3d-0000-4000-8000-1234567890ab' }
  await signInPage()
  await goTo('Microsoft')
  expect(await page.getByRole('alert').textContent()).toContain('belongs to another organisation')
  await lookAt(page, 'federation-refused')
  expect(await ownerOf(microsoft.issuer, 'of-another')).toBeUndefined()

  await page.getByRole('link', { name: 'Go back' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()

  // Somebody else, who is not signed in there yet.
  await browser.context.clearCookies()
  microsoft.person = { sub: 'of-ours', name: 'Grace H.', tid: MICROSOFT_TENANT }
  const first = await signInPage()
  await goTo('Microsoft')
  const sub = await first()
  expect(sub).toBeDefined()
  expect(await ownerOf(microsoft.issuer, 'of-ours')).toBe(sub)
  await browser.context.clearCookies()
  const again = await signInPage()
  await goTo('Microsoft')
  expect(await again()).toBe(sub)
})

test('at GitHub: the verified primary address lets in, an unverified one does not, and the sign-in can go on another way', async () => {
  const { github, population } = service
  const { page } = browser
  github.person = { id: 200, login: 'mallory' }
  github.emails = [{ email: 'mallory@example.com', primary: true, verified: false }]
  const asAlice = await signInPage()
  await goTo('GitHub')
  await page.getByRole('heading', { name: 'Not allowed' }).waitFor()
  await page.getByRole('link', { name: 'Go back' }).click()
  await page.getByLabel('User name').fill(population.user.userName)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Password').fill(population.user.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  expect(await asAlice()).toBe(population.user.sub)
  expect(await ownerOf(github.issuer, '200')).toBeUndefined()

  await browser.context.clearCookies()
  github.person = { id: 101, login: 'zoe', name: 'Zoë' }
  github.emails = [{ email: 'zoe@example.com', primary: true, verified: true }]
  const asZoe = await signInPage()
  await goTo('GitHub')
  const sub = await asZoe()
  expect(await ownerOf(github.issuer, '101')).toBe(sub)
  expect((await service.store.users.find(TENANT, sub ?? ''))?.userName).toBe('zoe@example.com')
})

test('a provider that does not answer is said to be unavailable, is no longer offered, and is again once it is back', async () => {
  const { google, microsoft } = service
  const { page } = browser
  google.condition = 'dead'
  const arrived = await signInPage()
  for (const _ of ['one failure', 'and the one that opens the breaker']) {
    await goTo('Google')
    await page.getByRole('heading', { name: 'Google is not available at the moment' }).waitFor()
    expect(await page.getByRole('alert').textContent()).toContain('continue another way')
    await page.getByRole('link', { name: 'Go back' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  }
  await page.getByText('Google is not available at the moment').waitFor()
  expect(await page.getByRole('link', { name: 'Continue with Google' }).count()).toBe(0)
  microsoft.person = { sub: 'meanwhile', name: 'Ada', tid: MICROSOFT_TENANT }
  await goTo('Microsoft')
  expect(await arrived()).toBe(await ownerOf(microsoft.issuer, 'meanwhile'))

  await browser.context.clearCookies()
  google.condition = 'up'
  google.person = { sub: 'back', email: 'back@example.com', email_verified: true }
  const back = await signInPage()
  const offered = async () => {
    await page.reload()
    return page.getByRole('link', { name: 'Continue with Google' }).count()
  }
  await expect.poll(offered, { timeout: 60_000 }).toBe(1)
  await goTo('Google')
  const sub = await back()
  expect(await ownerOf(google.issuer, 'back')).toBe(sub)
  expect(browser.complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([])
})
