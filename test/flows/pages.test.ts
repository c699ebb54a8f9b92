/** Sign-in, consent and sign-out in a real Chromium, which enforces what the pages' headers and cookies say. Checklist 9 to 12, 44. */
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { digestOf } from '../../src/kernel/ids.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { type Chromium, type ChromiumOptions, openChromium, openSite, type Site } from '../servers/chromium.ts'
import { lookAt } from '../servers/look.ts'
import { clientRecord, TENANT } from '../servers/population.ts'
import { begin, discover, redeem } from './relying-party.ts'

let service: TestService
let site: Site
let attacker: Site
const open: Chromium[] = []

beforeAll(async () => {
  service = await startAuthService()
  ;[site, attacker] = await Promise.all([openSite(), openSite()])
  await register('shop', site)
})
afterAll(async () => {
  await Promise.all([site.close(), attacker.close()])
  await service.close()
})
beforeEach(() => {
  site.visits.length = 0
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((browser) => browser.close()))
})

const SECRET = 'a secret of the shop'

async function register(id: string, at: Site, firstParty = false): Promise<void> {
  const record = clientRecord(id, SECRET, {
    name: 'Photo <b>Prints</b> & Co.',
    firstParty,
    redirectUris: [`${at.origin}/callback`],
    metadata: { post_logout_redirect_uris: [`${at.origin}/callback`] },
    grantTypes: ['authorization_code', 'refresh_token'],
    scopes: ['openid', 'profile', 'email', 'offline_access', 'orders:read'],
    secretDigests: [digestOf(SECRET)],
  })
  expect(await service.store.clients.create(TENANT, record)).toBe('written')
}

const relyingParty = (id = 'shop') => discover(service.issuer, { id, secret: SECRET })

async function authorization(id = 'shop', at = site, more: Record<string, string> = {}) {
  const rp = await relyingParty(id)
  const begun = await begin(rp, 'openid profile orders:read', { redirect_uri: `${at.origin}/callback`, ...more })
  return { rp, begun }
}

async function browser(options: ChromiumOptions = {}): Promise<Chromium> {
  const opened = await openChromium(options)
  open.push(opened)
  return opened
}

async function signIn(page: Page, password = service.population.user.password): Promise<void> {
  await page.getByLabel('User name').fill(service.population.user.userName)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** Where the client's site was last asked for after a sign-in. */
async function arrival(page: Page, at = site): Promise<URL> {
  await page.waitForURL(`${at.origin}/callback?**`)
  const visit = at.visits.find((url) => url.pathname === '/callback')
  if (!visit) throw new Error('the client was not asked')
  return visit
}

describe('a person signs in and consents, without script; the forms may end at', () => {
  const hosts: ['127.0.0.1' | '::1', string][] = [
    ['127.0.0.1', 'shop-v4'],
    ['::1', 'shop-v6'],
  ]
  test.each(hosts)('a client at %s (CSP form-action on redirects, checklist 11)', async (host, id) => {
    const at = await openSite(host)
    try {
      await register(id, at)
      const { rp, begun } = await authorization(id, at)
      const { page, complaints } = await browser({ javaScriptEnabled: false })
      await page.goto(begun.url)
      expect(await page.getByText('Photo <b>Prints</b> & Co.').count()).toBe(1)
      await signIn(page)
      await page.getByRole('heading', { name: 'Allow access?' }).waitFor()
      expect(await page.locator('main').textContent()).toContain(new URL(at.origin).host)
      await page.getByRole('button', { name: 'Allow', exact: true }).click()
      const tokens = await redeem(rp, begun, await arrival(page, at))
      expect(tokens.claims()?.sub).toBe(service.population.user.sub)
      expect(complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([])
    } finally {
      await at.close()
    }
  })
})

test('a sign-in that ends at once at the client passes form-action too', async () => {
  await register('first', site, true)
  const { begun } = await authorization('first')
  const { page, complaints } = await browser()
  await page.goto(begun.url)
  await signIn(page)
  expect((await arrival(page)).searchParams.get('code')).toBeTruthy()
  expect(complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([])
})

test('“Don’t allow” goes back with access_denied, state and iss; nothing is remembered (RFC 6749 4.1.2.1, RFC 9207)', async () => {
  const { begun } = await authorization()
  const { page } = await browser()
  await page.goto(begun.url)
  await signIn(page)
  await page.getByRole('button', { name: 'Don’t allow' }).click()
  const answer = (await arrival(page)).searchParams
  expect([answer.get('error'), answer.get('state'), answer.get('iss')]).toEqual([
    'access_denied',
    begun.state,
    service.issuer,
  ])
  expect(await service.store.consents.find(TENANT, service.population.user.sub, 'shop')).toBeUndefined()
})

test('a wrong password is told at the fields, by keyboard alone it is mended (WCAG 2.1.1, 3.3.1)', async () => {
  const { begun } = await authorization()
  const { page } = await browser()
  await page.goto(begun.url)
  // Focus is given with a page's first frame, which may come after its load event.
  await page.locator('input[name="username"]:focus').waitFor()
  await page.keyboard.type(service.population.user.userName)
  await page.keyboard.press('Enter')
  await page.locator('input[name="password"]:focus').waitFor()
  await page.keyboard.type('wrong password')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').waitFor()
  expect(await page.getByRole('alert').textContent()).toBe('The user name or the password is wrong.')
  const password = page.getByLabel('Password')
  expect(await password.getAttribute('aria-invalid')).toBe('true')
  expect(await page.locator(`#${await password.getAttribute('aria-describedby')}`).textContent()).toContain('wrong')
  expect(await password.inputValue()).toBe('')
  expect(await page.locator('.account').textContent()).toBe(service.population.user.userName)
  await lookAt(page, 'password-wrong')
  await page.locator('input[name="password"]:focus').waitFor()
  await page.keyboard.type(service.population.user.password)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Allow access?' }).waitFor()
})

test('our cookies can be read by no script, go to no other site, and a sign-out ends the session (checklist 44)', async () => {
  const { begun } = await authorization()
  const { page, context } = await browser()
  await page.goto(begun.url)
  await signIn(page)
  await page.getByRole('heading', { name: 'Allow access?' }).waitFor()
  const cookies = await context.cookies(service.issuer)
  expect(cookies.map(({ name }) => name).sort()).toEqual([
    'sallyport_browser',
    'sallyport_devices',
    'sallyport_session',
  ])
  // Secure over TLS alone: test/flows/tls.test.ts.
  for (const { httpOnly, secure, sameSite, path } of cookies)
    expect({ httpOnly, secure, sameSite, path }).toEqual({ httpOnly: true, secure: false, sameSite: 'Lax', path: '/' })
  expect(await page.evaluate('document.cookie')).toBe('')

  await page.getByRole('link', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign out?' }).waitFor()
  await lookAt(page, 'sign-out')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
  await lookAt(page, 'signed-out')
  expect((await context.cookies(service.issuer)).map(({ name }) => name).sort()).toEqual([
    'sallyport_browser',
    'sallyport_devices',
  ])
  await page.goto((await authorization()).begun.url)
  await page.getByLabel('User name').waitFor()
})

test('another site can neither frame the page nor sign anyone in with its own account (checklist 11, 12)', async () => {
  // The attacker begins a sign-in in their own browser and takes its form to the victim's.
  const theirs = await browser()
  await theirs.page.goto((await authorization()).begun.url)
  const action = theirs.page.url()
  const token = await theirs.page.locator('form[action^="/login"] input[name=form_token]').getAttribute('value')
  attacker.pages.set('/frame', `<!doctype html><iframe id="f" src="${action}"></iframe>`)
  attacker.pages.set(
    '/csrf',
    `<!doctype html><form method="post" action="${action}"><input name="form_token" value="${token}">
     <input name="username" value="${service.population.user.userName}">
     <input name="password" value="${service.population.user.password}"></form><script>document.forms[0].submit()</script>`,
  )

  const victim = await browser()
  await victim.page.goto((await authorization()).begun.url)
  await victim.page.goto(`${attacker.origin}/csrf`)
  await victim.page.waitForURL(action)
  expect(await victim.page.getByRole('heading').textContent()).toBe('This request cannot go on')
  await lookAt(victim.page, 'refused-form')
  expect((await victim.context.cookies(service.issuer)).map(({ name }) => name)).toEqual(['sallyport_browser'])

  await victim.page.goto(`${attacker.origin}/frame`)
  await expect.poll(() => victim.complaints.some((text) => text.includes('frame-ancestors'))).toBe(true)
})

test('a form that was turned to another site is not sent (CSP form-action, checklist 11)', async () => {
  const { begun } = await authorization()
  const { page, complaints } = await browser()
  await page.goto(begun.url)
  await signIn(page)
  await page.getByRole('heading', { name: 'Allow access?' }).waitFor()
  await page.goto(`${service.issuer}/account/password`)
  attacker.visits.length = 0
  await page.evaluate(`document.forms[0].action = '${attacker.origin}/steal'; document.forms[0].submit()`)
  await expect.poll(() => complaints.some((text) => text.includes('form-action'))).toBe(true)
  expect(attacker.visits).toEqual([])
})

describe('a client that sends the browser on to a site that nobody here knows gets there (CSP form-action on redirects)', () => {
  let front: Site
  let app: Site
  beforeAll(async () => {
    ;[front, app] = await Promise.all([openSite(), openSite()])
    front.moves.set('/callback', `${app.origin}/home`)
    await register('front', front)
    await register('front-first', front, true)
  })
  afterAll(() => Promise.all([front.close(), app.close()]))

  const arrives = async ({ page, complaints }: Chromium) => {
    await page.waitForURL(`${app.origin}/home`)
    expect(complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([])
  }

  test.each(['query', 'fragment', 'form_post'])('from the password, by response_mode=%s', async (mode) => {
    const opened = await browser()
    await opened.page.goto((await authorization('front-first', front, { response_mode: mode })).begun.url)
    await signIn(opened.page)
    // A fragment goes along on every redirect (RFC 9110 10.2.2).
    if (mode === 'fragment') await opened.page.waitForURL(`${app.origin}/home#code=**`)
    else await arrives(opened)
  })

  test('from consent, and from the sign-out', async () => {
    const opened = await browser()
    const { page } = opened
    await page.goto((await authorization('front', front)).begun.url)
    await signIn(page)
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await arrives(opened)
    const query = new URLSearchParams({ client_id: 'front', post_logout_redirect_uri: `${front.origin}/callback` })
    await page.goto(`${service.issuer}/oauth/logout?${query}`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await arrives(opened)
  })
})

test('after ten wrong passwords the next must wait, longer each time: 429 with Retry-After, whatever the password (checklist 38)', async () => {
  const { begun } = await authorization()
  const { page } = await browser()
  await page.goto(begun.url)
  await page.getByLabel('User name').fill('somebody@example.com')
  await page.getByRole('button', { name: 'Continue' }).click()
  for (let round = 0; round < 10; round += 1) {
    await page.getByLabel('Password').fill(`wrong ${round}`)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').waitFor()
  }
  await page.getByLabel('Password').fill('once more')
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'POST'),
    page.getByRole('button', { name: 'Sign in' }).click(),
  ])
  expect(answer.status()).toBe(429)
  expect(Number(answer.headers()['retry-after'])).toBeGreaterThan(0)
  expect(Number(answer.headers()['retry-after'])).toBeLessThanOrEqual(30)
  expect(await page.getByRole('heading').textContent()).toBe('Too many attempts')
  await lookAt(page, 'too-many-attempts')
})

test.each([
  ['a phone in the dark', { viewport: { width: 320, height: 640 }, colorScheme: 'dark' as const }],
  ['a desktop in the light', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' as const }],
])(
  'fits %s: no sideways scrolling, fields and buttons of a size that fingers hit (WCAG 1.4.10, 2.5.8)',
  async (what, options) => {
    const { page } = await browser(options)
    const look = (name: string) => lookAt(page, `${name}-${what.replaceAll(' ', '-')}`)
    await page.goto((await authorization()).begun.url)
    const fits = () =>
      page.evaluate(`({
      sideways: document.documentElement.scrollWidth > window.innerWidth,
      small: [...document.querySelectorAll('input:not([type=hidden]), button')]
        .filter((element) => element.getBoundingClientRect().height < 44).length,
      focused: document.activeElement?.id ?? '',
    })`)
    // The browser focuses the field once it has shown the page.
    await page.waitForFunction("document.activeElement?.id === 'username'")
    expect(await fits()).toEqual({ sideways: false, small: 0, focused: 'username' })
    await look('sign-in')
    await signIn(page)
    await page.getByRole('heading', { name: 'Allow access?' }).waitFor()
    expect(await fits()).toMatchObject({ sideways: false, small: 0 })
    await look('consent')
  },
)
