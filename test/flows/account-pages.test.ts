/** Self-service in a real Chromium: usable by keyboard and without JavaScript, at 320 px, in three languages, and axe is content. */

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LANGUAGES } from '../../web/language.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { type Chromium, type ChromiumOptions, openChromium } from '../servers/chromium.ts'
import { lookAt } from '../servers/look.ts'
import { signIn } from './signed-in.ts'

const PAGES = ['/account', '/account/profile', '/account/consents', '/account/activity'] as const

let service: TestService
const open: Chromium[] = []
beforeAll(async () => {
  service = await startAuthService()
})
afterAll(async () => {
  await Promise.all(open.map((browser) => browser.close()))
  await service?.close()
})

async function enter(path: string, options: ChromiumOptions = {}): Promise<Chromium> {
  const browser = await openChromium(options)
  open.push(browser)
  const { page } = browser
  await page.goto(`${service.issuer}${path}`)
  await page.locator('#username').fill(service.population.user.userName)
  await page.locator('form .primary').first().click()
  await page.locator('#password').fill(service.population.user.password)
  await page.locator('form .primary').first().click()
  await page.locator('.account-nav').waitFor()
  return browser
}

const pictureOf = (path: string): string => path.slice(1).replaceAll('/', '-')

const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

async function giveAccess(): Promise<void> {
  const { web, other } = service.population
  for (const client of [web, other])
    await signIn(service, new Browser(service.issuer), client, 'openid email offline_access')
}

describe('every page of self-service', () => {
  test('has nothing that axe objects to, fits 320 px, and reads right in each language (WCAG 1.4.10, 3.1.1)', async () => {
    await giveAccess()
    const { page, complaints } = await enter('/account', { viewport: { width: 320, height: 640 } })
    for (const language of LANGUAGES)
      for (const path of PAGES) {
        await page.goto(`${service.issuer}${path}?language=${language}`)
        await page.locator('.account-nav').waitFor()
        const at = `${path} ${language}`
        expect([at, await page.locator('html').getAttribute('lang')]).toEqual([at, language])
        expect([at, await overflow(page)]).toEqual([at, 0])
        await lookAt(page, `${pictureOf(path)}-${language}-phone`)
        expect(await page.locator('.account-nav [aria-current="page"]').count(), at).toBe(1)
      }
    expect(complaints).toEqual([])
  })

  test('is walked and used by keyboard alone: past the navigation, to a field, and saved (WCAG 2.1.1, 2.4.1)', async () => {
    const { page } = await enter('/account')
    await page.locator('.account-nav a[href="/account/profile"]').focus()
    await page.keyboard.press('Enter')
    await page.locator('#displayName').waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.className')).toBe('skip')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    for (let presses = 0; presses < 8; presses += 1) {
      if ((await page.evaluate('document.activeElement.id')) === 'displayName') break
      await page.keyboard.press('Tab')
    }
    await page.locator('#displayName:focus').waitFor()
    await page.keyboard.press('ControlOrMeta+A')
    await page.keyboard.type('Alice by keyboard')
    await page.keyboard.press('Enter')
    await page.getByRole('status').waitFor()
    expect(await page.getByRole('status').textContent()).toContain('saved')
    expect(await page.locator('#displayName').inputValue()).toBe('Alice by keyboard')
  })

  test('works without JavaScript: access withdrawn, activity reported, signed out', async () => {
    await giveAccess()
    const { page } = await enter('/account/consents', { javaScriptEnabled: false })
    await page.getByRole('button', { name: 'Withdraw access of Client web' }).click()
    expect(await page.getByRole('status').textContent()).toContain('withdrawn')
    expect(await page.getByText('Client web').count()).toBe(0)
    await page.getByRole('link', { name: 'Recent activity' }).click()
    await page.getByRole('button', { name: 'This wasn’t me' }).first().click()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByLabel('Password', { exact: true }).fill(service.population.user.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    expect(await page.getByRole('status').textContent()).toContain('ended')
    await page.getByRole('link', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.goto(`${service.issuer}/account`)
    await page.locator('#username').waitFor()
  })

  test('dark, wide: nothing that axe objects to, the navigation beside the content', async () => {
    const { page } = await enter('/account', { colorScheme: 'dark', viewport: { width: 1280, height: 900 } })
    for (const path of PAGES) {
      await page.goto(`${service.issuer}${path}`)
      await lookAt(page, `${pictureOf(path)}-dark`)
    }
    const boxes = await Promise.all(['.account-nav', '.account-content'].map((at) => page.locator(at).boundingBox()))
    expect((boxes[0]?.x ?? 0) + (boxes[0]?.width ?? 0)).toBeLessThanOrEqual(boxes[1]?.x ?? 0)
  })
})
