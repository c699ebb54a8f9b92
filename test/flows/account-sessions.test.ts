/**
 * The page of sessions and devices in a real Chromium: who is signed in where, by names people know, and the buttons that end
 * it. Works without JavaScript. OWASP ASVS 7.5.2; checklist 45.
 */
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { formToken } from '../../src/auth/session/csrf.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { type Chromium, type ChromiumOptions, openChromium } from '../servers/chromium.ts'
import { lookAt } from '../servers/look.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import { bindBrowser } from './bound-browser.ts'
import { addClient, signIn, silently } from './signed-in.ts'

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'

let service: TestService
let shop: TestClient
const open: Chromium[] = []
beforeAll(async () => {
  service = await startAuthService()
  shop = await addClient(service.store, 'shop')
})
afterAll(() => service?.close())
afterEach(async () => {
  await Promise.all(open.splice(0).map((browser) => browser.close()))
  const { sub } = service.population.user
  for (const { sid } of (await service.store.sessions.list(TENANT, { sub }, 0, 100)).records)
    await service.store.sessions.end(TENANT, sid)
})

/** Another browser of the same person. */
async function elsewhere(): Promise<Browser> {
  const browser = new Browser(service.issuer)
  browser.headers['user-agent'] = FIREFOX
  await signIn(service, browser, shop)
  return browser
}

async function atPage(options: ChromiumOptions = {}): Promise<Page> {
  const chromium = await openChromium(options)
  open.push(chromium)
  const { page } = chromium
  await page.goto(`${service.issuer}/account/sessions`)
  await page.getByLabel('User name').fill(service.population.user.userName)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Password', { exact: true }).fill(service.population.user.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { name: 'Devices and sessions' }).waitFor()
  return page
}

const entry = (page: Page, of: 'sessions' | 'devices', text: string) =>
  page.locator(`section[aria-labelledby=${of}] li`).filter({ hasText: text })

describe('the page of sessions and devices', () => {
  test('names each by browser and system, with the current one marked, and when it was used', async () => {
    const other = await elsewhere()
    await bindBrowser(other, service.issuer)
    const page = await atPage()
    const here = entry(page, 'sessions', 'this session')
    expect(await here.textContent()).toMatch(/Chrome on Linux/)
    expect(await here.getByRole('button').count()).toBe(0)
    const there = entry(page, 'sessions', 'Firefox on Windows')
    expect(await there.count()).toBe(1)
    expect(await there.textContent()).toMatch(
      /Last used .*(?:GMT|UTC)[\s\S]*From network 127\.0\.0\.0\/24[\s\S]*Bound to a key/,
    )
    expect(await entry(page, 'devices', 'this device').textContent()).toMatch(/Chrome on Linux[\s\S]*First sign-in/)
    expect(await page.locator('time').first().getAttribute('datetime')).toMatch(/^20\d\d-.*Z$/)
    expect(await page.getByRole('link', { name: 'Devices and sessions' }).getAttribute('aria-current')).toBe('page')
  })

  test('a session is ended by its button, without JavaScript, and says so', async () => {
    const other = await elsewhere()
    const page = await atPage({ javaScriptEnabled: false })
    await entry(page, 'sessions', 'Firefox on Windows').getByRole('button', { name: 'End session' }).click()
    await page.getByText('The session was ended.').waitFor()
    expect(await entry(page, 'sessions', 'Firefox on Windows').count()).toBe(0)
    expect(await silently(service, other, shop)).toBe('login_required')
  })

  test('all others end at once, and this one goes on', async () => {
    const others = [await elsewhere(), await elsewhere()]
    const page = await atPage()
    await page.getByRole('button', { name: 'End all other sessions' }).click()
    await page.getByText('All other sessions were ended.').waitFor()
    expect(await page.locator('section[aria-labelledby=sessions] li').count()).toBe(1)
    for (const other of others) expect(await silently(service, other, shop)).toBe('login_required')
    expect(await page.getByRole('button', { name: 'End all other sessions' }).count()).toBe(0)
  })

  test('a device is forgotten, and the next sign-in with it is one on a new device', async () => {
    const { devices } = service.store
    const idsNow = async () => (await devices.list(TENANT, service.population.user.sub)).map(({ deviceId }) => deviceId)
    const idsBefore = await idsNow()
    const other = await elsewhere()
    const [deviceId] = (await idsNow()).filter((id) => !idsBefore.includes(id))
    /** What the sign-in was judged by. */
    const isNewAtSignIn = async () => {
      other.cookies.delete('sallyport_session')
      await signIn(service, other, shop)
      const [last] = service
        .decisions()
        .filter(({ path }) => path === 'authz/login/decision')
        .slice(-1)
      return Object(last?.input).risk?.new_device
    }
    expect(await isNewAtSignIn()).toBe(false)
    const page = await atPage()
    const before = await entry(page, 'devices', 'Firefox on Windows').count()
    const forget = page.locator(`form[action="/account/devices/${deviceId}/forget"]`)
    await forget.getByRole('button', { name: 'Forget device' }).click()
    await page.getByText('The device was forgotten.').waitFor()
    expect(await entry(page, 'devices', 'Firefox on Windows').count()).toBe(before - 1)
    expect(service.audits.at(-1)).toMatchObject({ event: 'device_forgotten', sub: service.population.user.sub })
    expect(other.cookies.has('sallyport_devices')).toBe(true)
    expect(await isNewAtSignIn()).toBe(true)
    expect(await isNewAtSignIn()).toBe(false)
  })

  test.each([
    { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
    { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
  ] as const)(
    'axe finds no violation ($colorScheme, $viewport.width wide), and nothing is refused by its policy',
    async (options) => {
      await elsewhere()
      const page = await atPage(options)
      const [{ complaints = [] } = {}] = open
      expect(complaints).toEqual([])
      await lookAt(page, `account-sessions-${options.colorScheme}`)
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true)
    },
  )
})

describe('nobody ends what is not theirs (checklist 12 and 45)', () => {
  test('a session or device of somebody else is not found, and goes on', async () => {
    const { store, issuer } = service
    const user = await store.users.find(TENANT, service.population.user.sub)
    if (user === undefined) throw new Error('no user')
    const eve = { ...user, sub: 'eve', userName: 'eve@example.com' }
    await store.users.create(TENANT, eve)
    const victim = await elsewhere()
    const [session] = (await store.sessions.list(TENANT, { sub: user.sub }, 0, 1)).records
    const [device] = await store.devices.list(TENANT, user.sub)
    const browser = new Browser(issuer)
    const { password } = service.population.user
    const person = { ...service.population, user: { sub: eve.sub, userName: eve.userName, password } }
    await signIn({ issuer, population: person }, browser, shop)
    // Even with a form of their own session that names it.
    const secret = browser.cookies.get('sallyport_session') ?? ''
    for (const [path, ...about] of [
      [`/account/sessions/${session?.sid}/end`, 'end_session', 'session', session?.sid ?? ''],
      [`/account/devices/${device?.deviceId}/forget`, 'forget_device', 'device', device?.deviceId ?? ''],
      ['/account/sessions/nobody/end', 'end_session', 'session', 'nobody'],
    ] as const) {
      const body = new URLSearchParams({ form_token: formToken(secret, 'account', ...about) })
      expect((await browser.visit(`${issuer}${path}`, { method: 'POST', body })).status, path).toBe(404)
    }
    expect(await silently(service, victim, shop)).toBe('code')
    expect(await store.devices.list(TENANT, user.sub)).toContainEqual(device)
  })

  test('a form from elsewhere ends nothing', async () => {
    const browser = await elsewhere()
    const answer = await browser.visit(`${service.issuer}/account/sessions/end-others`, {
      method: 'POST',
      body: new URLSearchParams({ form_token: 'made-up' }),
      headers: { 'sec-fetch-site': 'cross-site' },
    })
    expect(answer.status).toBe(403)
  })
})
