/** A device is connected by people in real browsers: the code is typed in one, answered in another, and read by a stranger. RFC 8628. */
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { type Chromium, type ChromiumOptions, openChromium } from '../servers/chromium.ts'
import { lookAt } from '../servers/look.ts'
import type { TestClient } from '../servers/population.ts'
import { post } from './requests.ts'
import { addClient } from './signed-in.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
let service: TestService
let tv: TestClient
const open: Chromium[] = []
beforeAll(async () => {
  service = await startAuthService()
  tv = await addClient(service.store, 'tv', {}, { name: 'Living room', grantTypes: [GRANT], redirectUris: [] })
})
afterAll(() => service?.close())
afterEach(async () => {
  await Promise.all(open.splice(0).map((browser) => browser.close()))
})

async function browser(options: ChromiumOptions = {}): Promise<Page> {
  const opened = await openChromium(options)
  open.push(opened)
  return opened.page
}

const ask = async () => (await post(service, '/oauth/device_authorization', tv, { scope: 'openid profile' })).body

async function signIn(page: Page): Promise<void> {
  const { userName, password } = service.population.user
  await page.locator('input[name="username"]:focus').waitFor()
  await page.keyboard.type(userName)
  await page.keyboard.press('Enter')
  await page.locator('input[name="password"]:focus').waitFor()
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
}

test.each([{ javaScriptEnabled: true }, { javaScriptEnabled: false }])(
  'typed by keyboard alone in one browser, carried on in another, answered once (%o)',
  async (options) => {
    const device = await ask()
    const code = String(device.user_code)
    const first = await browser(options)
    await first.goto(String(device.verification_uri))
    await first.locator('input[name="user_code"]:focus').waitFor()
    if (options.javaScriptEnabled) await lookAt(first, 'device-code')
    await first.keyboard.type(code.toLowerCase().replace('-', ' '))
    await first.keyboard.press('Enter')
    await signIn(first)
    await first.getByRole('heading', { level: 1, name: 'Connect this device?' }).waitFor()
    const shown = (await first.textContent('main')) ?? ''
    for (const text of [code, 'Living room', service.population.user.userName]) expect(shown).toContain(text)

    if (options.javaScriptEnabled) await lookAt(first, 'device-confirmation')

    // The same person in a second browser, by the address that carries the code.
    const second = await browser(options)
    await second.goto(String(device.verification_uri_complete))
    await signIn(second)
    await second.getByRole('button', { name: 'Allow', exact: true }).click()
    await second.getByRole('heading', { name: 'Your device is connected' }).waitFor()
    if (options.javaScriptEnabled) await lookAt(second, 'device-connected')

    await first.getByRole('button', { name: 'Allow', exact: true }).click()
    await first.getByRole('alert').waitFor()
    if (options.javaScriptEnabled) await lookAt(first, 'device-answered-before')
    const form = { grant_type: GRANT, device_code: String(device.device_code) }
    expect((await post(service, '/oauth/token', tv, form)).status).toBe(200)
  },
)

test('a code that is wrong is told at its field, and nothing of anybody’s device is shown', async () => {
  await ask()
  const page = await browser()
  await page.goto(`${service.issuer}/device`)
  await page.getByRole('textbox').fill('BBBB-BBBB')
  await page.keyboard.press('Enter')
  await signIn(page)
  await page.getByRole('alert').waitFor()
  const field = page.getByRole('textbox')
  expect(await field.getAttribute('aria-invalid')).toBe('true')
  expect(await page.locator(`#${await field.getAttribute('aria-describedby')}`).count()).toBe(1)
  expect(await page.textContent('main')).not.toContain('Living room')
  await lookAt(page, 'device-code-wrong')
})
