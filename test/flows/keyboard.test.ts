/**
 * Pages of the real service in Chromium, by keyboard alone: each control is reached in the order it reads, shows that it has the
 * focus, and is not hidden when it has. WCAG 2.1.1, 2.1.2, 2.4.1, 2.4.3, 2.4.7, 2.4.11.
 */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { type Chromium, openChromium, openSite, type Site } from '../servers/chromium.ts'
import type { TestClient } from '../servers/population.ts'
import { begin, discover } from './relying-party.ts'
import { post } from './requests.ts'
import { addClient } from './signed-in.ts'

let service: TestService
let site: Site
let shop: TestClient
let tv: TestClient
let browser: Chromium
let page: Page

beforeAll(async () => {
  service = await startAuthService()
  site = await openSite()
  browser = await openChromium({ viewport: { width: 390, height: 700 } })
  page = browser.page
  shop = await addClient(service.store, 'shop', {}, { firstParty: false, redirectUris: [`${site.origin}/callback`] })
  const grantTypes = ['urn:ietf:params:oauth:grant-type:device_code']
  tv = await addClient(service.store, 'tv', {}, { name: 'Living room', grantTypes, redirectUris: [] })
})
afterAll(async () => {
  await browser.close()
  await site.close()
  await service.close()
})
beforeEach(async () => {
  await browser.context.clearCookies()
  browser.complaints.length = 0
})

/** What has the focus, as the page's controls are numbered in reading order; undefined: none of them. */
interface Stop {
  readonly index: number
  readonly what: string
  readonly outlined: boolean
  readonly seen: boolean
}

const STOP = `(() => {
  const controls = [...document.querySelectorAll('a[href], button, input:not([type=hidden], [hidden]), select, summary')]
    .filter((one) => !one.closest('form[hidden]'))
  const at = document.activeElement
  const index = controls.indexOf(at)
  if (index < 0) return { count: controls.length }
  const { outlineStyle, outlineWidth } = getComputedStyle(at)
  const { left, top, width, height } = at.getBoundingClientRect()
  const above = document.elementFromPoint(left + width / 2, top + height / 2)
  return { count: controls.length, stop: {
    index,
    what: at.tagName + ' ' + (at.name || at.textContent.trim()),
    outlined: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
    seen: above !== null && (above === at || at.contains(above) || above.contains(at)),
  } }
})()`

const stopOf = () => page.evaluate<{ readonly count: number; readonly stop?: Stop }>(STOP)

/** Once around the page: every control, each once, in reading order, seen and outlined. */
async function walk(): Promise<void> {
  const at = page.url()
  const stops: Stop[] = []
  const { count, stop: autofocused } = await stopOf()
  if (autofocused !== undefined) stops.push(autofocused)
  for (let presses = 0; presses < count + 3 && stops.length < count; presses += 1) {
    await page.keyboard.press('Tab')
    const { stop } = await stopOf()
    if (stop !== undefined) stops.push(stop)
  }
  // Where a field has the focus at first, the walk begins there and comes around.
  const first = stops[0]?.index ?? 0
  const order = Array.from({ length: count }, (_, place) => (first + place) % count)
  expect([at, stops.map(({ index }) => index)]).toEqual([at, order])
  expect([at, stops.filter(({ outlined, seen }) => !outlined || !seen)]).toEqual([at, []])
}

/** From wherever the focus is to the button or link of that name, and presses it. */
async function press(name: string): Promise<void> {
  const wanted = page.locator('a, button').filter({ hasText: new RegExp(`^\\s*${name}\\s*$`) })
  const focused = wanted.and(page.locator(':focus'))
  for (let presses = 0; presses < 40 && (await focused.count()) === 0; presses += 1) await page.keyboard.press('Tab')
  expect(await focused.count(), name).toBe(1)
  await page.keyboard.press('Enter')
}

async function signIn(): Promise<void> {
  const { userName, password } = service.population.user
  await page.locator('#username:focus').waitFor()
  await walk()
  await page.locator('#username').focus()
  await page.keyboard.type(userName)
  await page.keyboard.press('Enter')
  await page.locator('#password:focus').waitFor()
  await walk()
  await page.locator('#password').focus()
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
}

test('sign-in and consent: refused, then allowed (WCAG 2.1.1, 2.4.3, 2.4.7)', async () => {
  const rp = await discover(service.issuer, shop)
  const start = async () =>
    page.goto((await begin(rp, 'openid profile', { redirect_uri: `${site.origin}/callback` })).url)
  await start()
  await signIn()
  await page.getByRole('heading', { level: 1, name: 'Allow access?' }).waitFor()
  await walk()
  await press('Don’t allow')
  await page.waitForURL(`${site.origin}/callback?**`)
  expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied')
  await start()
  await page.getByRole('heading', { level: 1, name: 'Allow access?' }).waitFor()
  await press('Allow')
  await page.waitForURL(`${site.origin}/callback?code=**`)
  expect(browser.complaints).toEqual([])
})

test('a device is refused by keyboard: its code is not typed again (RFC 8628 3.3; WCAG 2.1.1, 2.4.3)', async () => {
  const { body } = await post(service, '/oauth/device_authorization', tv, { scope: 'openid' })
  await page.goto(String(body.verification_uri))
  await page.locator('#user_code:focus').waitFor()
  await walk()
  await page.locator('#user_code').focus()
  await page.keyboard.type(String(body.user_code))
  await page.keyboard.press('Enter')
  await signIn()
  await page.getByRole('heading', { level: 1, name: 'Connect this device?' }).waitFor()
  await walk()
  await press('Don’t allow')
  await page.getByRole('heading', { level: 1, name: 'Your device is not connected' }).waitFor()
  expect(browser.complaints).toEqual([])
})

test('every page of the account: the skip link is first, and leads past the navigation (WCAG 2.4.1, 2.4.3, 2.4.7, 2.4.11)', async () => {
  await page.goto(`${service.issuer}/account`)
  await signIn()
  await page.locator('.account-nav').waitFor()
  const paths = service.service.table.filter(({ method, path }) => method === 'GET' && path.startsWith('/account'))
  expect(paths.length).toBeGreaterThan(7)
  for (const { path } of paths) {
    await page.goto(`${service.issuer}${path}`)
    await page.locator('.account-content').waitFor()
    await walk()
    await page.goto(`${service.issuer}${path}`)
    await page.keyboard.press('Tab')
    const skip = page.locator('.skip:focus')
    expect([path, await skip.count()]).toEqual([path, 1])
    expect([path, (await skip.boundingBox())?.height]).toEqual([path, expect.toSatisfy((height) => height > 24)])
    await page.keyboard.press('Enter')
    await page.locator('#content:focus').waitFor()
    await page.keyboard.press('Tab')
    expect([path, await page.locator('.account-nav :focus').count()]).toEqual([path, 0])
  }
  expect(browser.complaints).toEqual([])
})

test('what was sent with a fault comes back with the focus on its field, which names the fault (WCAG 3.3.1, 2.4.3)', async () => {
  await page.goto(`${service.issuer}/account`)
  await signIn()
  await page.locator('.account-nav').waitFor()
  const faults = [
    { path: '/account/data', field: 'confirm', typed: 'somebody-else', send: 'Delete my account' },
    { path: '/account/password', field: 'new_password', typed: 'password', send: 'Change your password' },
    { path: '/account/profile', field: 'picture', typed: 'http://not-safe.example', send: 'Save' },
    { path: '/account/email', field: 'email', typed: 'alice@localhost', send: 'Send the letter' },
  ] as const
  for (const { path, field, typed, send } of faults) {
    await page.goto(`${service.issuer}${path}`)
    if (field === 'new_password') await page.locator('#password').fill(service.population.user.password)
    const input = page.locator(`#${field}`)
    await input.focus()
    await page.keyboard.press('ControlOrMeta+A')
    await page.keyboard.type(typed)
    await press(send)
    await page.locator(`#${field}[aria-invalid=true]`).waitFor()
    expect(await page.title(), path).toMatch(/^Error: /)
    expect([path, await page.locator(`#${field}:focus`).count()]).toEqual([path, 1])
    const about = (await input.getAttribute('aria-describedby')) ?? ''
    expect(await page.locator(`#${about.split(' ')[0]}`).textContent(), path).not.toBe('')
  }
})
