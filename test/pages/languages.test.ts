/** Which language a page of the real service is in, its picker, and the files that pages name. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ASSETS, addressOf, ICON } from '../../web/assets.ts'
import { begin, discover } from '../flows/relying-party.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { type Chromium, openChromium } from '../servers/chromium.ts'

let service: TestService
let browser: Chromium | undefined
beforeAll(async () => {
  service = await startAuthService()
})
afterAll(async () => {
  await browser?.close()
  await service.close()
})

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${service.issuer}${path}`, { headers, redirect: 'manual' })
const languageOf = async (path: string, headers: Record<string, string> = {}) =>
  /<html lang="(\w+)" dir="(\w+)">/.exec(await (await get(path, headers)).text())?.slice(1)

test('Accept-Language by its weights, `ui_locales` before it, and the person’s choice before both (OIDC Core 3.1.2.1; RFC 9110 12.5.4)', async () => {
  expect(await languageOf('/logout')).toEqual(['en', 'ltr'])
  expect(await languageOf('/logout', { 'accept-language': 'fr, en;q=0.2, de-AT;q=0.8' })).toEqual(['de', 'ltr'])
  expect(await languageOf('/logout', { 'accept-language': 'de;q=0, fr' })).toEqual(['en', 'ltr'])
  const german = { 'accept-language': 'de' }
  expect(await languageOf('/oauth/logout?ui_locales=fr%20ar-EG', german)).toEqual(['ar', 'rtl'])
  const chosen = await get('/device?language=ar&user_code=WDJB-MJHT', german)
  expect([chosen.status, chosen.headers.get('location')]).toEqual([303, '/device?user_code=WDJB-MJHT'])
  const cookie = chosen.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(/^sallyport_language=ar; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/)
  expect(await languageOf('/oauth/logout?ui_locales=de', { cookie: 'sallyport_language=ar' })).toEqual(['ar', 'rtl'])
  expect(await languageOf('/logout?language=tlh', german)).toEqual(['de', 'ltr'])
})

test('errors of pages are in the reader’s language, and what is for developers stays (RFC 6749 4.1.2.1)', async () => {
  const reply = await get('/oauth/authorize?client_id=nobody&response_type=code&redirect_uri=https://a.example/', {
    'accept-language': 'de',
  })
  const body = await reply.text()
  expect(body).toContain('<html lang="de"')
  expect(body).toContain('Es geht hier nicht weiter')
  expect(body).toContain('This client is not registered.')
})

test('a browser that keeps no cookies is told that it needs them', async () => {
  const begun = await get('/account')
  const page = await get(begun.headers.get('location') ?? '')
  expect([page.status, await page.text()]).toEqual([400, expect.stringContaining('Your browser sent no cookie')])
})

test('discovery names the languages that there are (OIDC Discovery 3)', async () => {
  const metadata: unknown = await (await get('/.well-known/openid-configuration')).json()
  expect(metadata).toMatchObject({ ui_locales_supported: ['en', 'de', 'ar'] })
})

test('scripts and the icon are files under a digest, kept for ever; another digest is not kept, another name is not there (checklist 10)', async () => {
  for (const asset of ASSETS) {
    const reply = await get(addressOf(asset))
    expect(await reply.text()).toBe(asset.content)
    expect(reply.headers.get('content-type')).toBe(asset === ICON ? 'image/svg+xml' : 'text/javascript; charset=utf-8')
    expect(reply.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(reply.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await get(`/assets/another/${asset.name}`)).headers.get('cache-control')).toBe('no-store')
  }
  expect((await get('/assets/x/..%2fpage.ts')).status).toBe(404)
})

test('by keyboard alone, without script: a language is chosen, a name is sent, a fault gets the focus (WCAG 2.1.1, 2.4.3, 2.4.7)', async () => {
  browser = await openChromium({ javaScriptEnabled: false })
  const { page, complaints } = browser
  const { url } = await begin(await discover(service.issuer, service.population.web), 'openid')
  await page.goto(url)
  const german = page.getByRole('link', { name: 'Deutsch' })
  const isFocused = () => german.and(page.locator(':focus-visible')).count()
  for (let presses = 0; presses < 15 && (await isFocused()) === 0; presses += 1) await page.keyboard.press('Tab')
  expect(await isFocused()).toBe(1)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Anmelden' }).waitFor()
  expect(new URL(page.url()).searchParams.get('language')).toBeNull()
  await page.keyboard.type(service.population.user.userName)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Passwort eingeben' }).waitFor()
  await page.keyboard.type('wrong')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').waitFor()
  expect(await page.title()).toMatch(/^Fehler: /)
  expect(await page.locator('#password:focus').getAttribute('aria-describedby')).toBe('form-fault')
  expect(complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([])
})

test('what a sign-in for a page of ours leads to is named in the reader’s language', async () => {
  const leads = { de: 'um zu Ihrem Konto zu gelangen', ar: 'للمتابعة إلى حسابك', en: 'to continue to your account' }
  for (const [language, text] of Object.entries(leads)) {
    const begun = await get('/account')
    const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? ''
    const page = await get(begun.headers.get('location') ?? '', { cookie, 'accept-language': language })
    expect(await page.text()).toContain(text)
  }
})
