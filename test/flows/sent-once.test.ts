/**
 * A button that is pressed twice before the answer is there, in Chromium, which gives up the first answer for the second: one
 * POST is sent, and what the first one brought arrives. Each POST is held until the second press was made.
 */
import type { Page, Request } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { digestOf } from '../../src/kernel/ids.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { type Chromium, openChromium, openSite, type Site } from '../servers/chromium.ts'
import { lookAt } from '../servers/look.ts'
import { clientRecord, newAddress, TENANT, userRecord } from '../servers/population.ts'
import { linkIn, mailThrough, type SmtpServer, startSmtpServer } from '../servers/smtp-server.ts'
import { codeAt, PHISHING_RESISTANT } from './factors.ts'
import { begin, discover, redeem } from './relying-party.ts'

const SECRET = 'a secret of the shop'
let smtp: SmtpServer
let service: TestService
let site: Site
let browser: Chromium
let page: Page

beforeAll(async () => {
  smtp = await startSmtpServer()
  service = await startAuthService({ service: { mail: mailThrough(smtp) } })
  site = await openSite()
  const record = clientRecord('shop', SECRET, {
    firstParty: true,
    redirectUris: [`${site.origin}/callback`],
    grantTypes: ['authorization_code'],
    scopes: ['openid'],
    secretDigests: [digestOf(SECRET)],
  })
  await service.store.clients.create(TENANT, record)
})
afterAll(async () => {
  await site.close()
  await service.close()
  await smtp.close()
})
beforeEach(async () => {
  browser = await openChromium()
  page = browser.page
})
afterEach(async () => {
  await browser.close()
})

/** Somebody of their own, who has no second factor yet. */
async function person() {
  const userName = newAddress()
  const known = await service.store.users.find(TENANT, service.population.user.sub)
  const user = userRecord(userName, {
    ...(known?.passwordHash !== undefined && { passwordHash: known.passwordHash }),
    profile: { emails: [{ value: userName, primary: true }], emailVerified: true },
  })
  expect(await service.store.users.create(TENANT, user)).toBe('written')
  return { sub: user.sub, userName, password: service.population.user.password }
}

async function authorization() {
  const rp = await discover(service.issuer, { id: 'shop', secret: SECRET })
  return { rp, begun: await begin(rp, 'openid', { redirect_uri: `${site.origin}/callback` }) }
}

async function typePassword({ userName, password }: Awaited<ReturnType<typeof person>>): Promise<void> {
  await page.getByLabel('User name').fill(userName)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Password').fill(password)
}

interface Held {
  readonly posts: readonly Request[]
  /** One of them waits. */
  readonly waits: Promise<void>
  release(): void
}

/** Holds the POSTs of forms from now on, and counts them. */
async function holdPosts(): Promise<Held> {
  const posts: Request[] = []
  const gate = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  await page.route('**', async (route, request) => {
    if (request.method() !== 'POST' || !request.isNavigationRequest()) return route.continue()
    posts.push(request)
    arrived.resolve()
    await gate.promise
    // The browser may have given it up.
    await route.continue().catch(() => undefined)
  })
  return { posts, waits: arrived.promise, release: gate.resolve }
}

const button = (name: string) => page.getByRole('button', { name })

/** Twice at once, and once more while the answer is on its way: by the mouse, since locators wait for answers. */
async function pressThrice(name: string, held: Held): Promise<void> {
  await button(name).scrollIntoViewIfNeeded()
  const { x = 0, y = 0, width = 0, height = 0 } = (await button(name).boundingBox()) ?? {}
  const middle = [x + width / 2, y + height / 2] as const
  await page.mouse.dblclick(...middle)
  await held.waits
  await page.mouse.click(...middle)
  held.release()
}

const BUSY = '[aria-busy=true][aria-disabled=true]'

test('the last step of a sign-in, by Enter twice: the client has its code, and the browser is signed in', async () => {
  const user = await person()
  const { rp, begun } = await authorization()
  await page.goto(begun.url)
  await typePassword(user)
  const held = await holdPosts()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Enter')
  await held.waits
  held.release()
  await page.waitForURL(`${site.origin}/callback?**`)
  expect((await redeem(rp, begun, new URL(page.url()))).claims()?.sub).toBe(user.sub)
  expect(held.posts).toHaveLength(1)
  await page.goto(`${service.issuer}/account`)
  expect(new URL(page.url()).pathname).toBe('/account')
  expect(browser.complaints).toEqual([])
})

test('an authenticator app that is added: its recovery codes are seen', async () => {
  await page.goto(`${service.issuer}/mfa/enrol/totp`)
  await typePassword(await person())
  await button('Sign in').click()
  const secret = (await page.locator('.secret').textContent())?.replaceAll(' ', '') ?? ''
  await page.getByLabel('Six-digit code').fill(codeAt(secret, Date.now() / 1000))
  const held = await holdPosts()
  await pressThrice('Add it', held)
  await page.getByRole('heading', { name: 'Keep these recovery codes' }).waitFor()
  expect([await page.locator('.codes li').count(), held.posts.length]).toEqual([10, 1])
})

test('a new password by a link: the page says that it was set', async () => {
  const user = await person()
  await page.goto(`${service.issuer}/password/forgot`)
  await page.getByLabel('User name').fill(user.userName)
  await button('Send the link').click()
  await page.goto(linkIn(await smtp.next(user.userName, '/password/reset'), '/password/reset'))
  await page.getByLabel('New password').fill('several words of mine')
  const held = await holdPosts()
  await pressThrice('Set the password', held)
  await page.getByRole('heading', { name: 'Your password was changed' }).waitFor()
  expect(held.posts).toHaveLength(1)
})

test('a passkey, made and used: presses while the authenticator is asked, and after it answered, send nothing more', async () => {
  const cdp = await browser.context.newCDPSession(page)
  await cdp.send('WebAuthn.enable', { enableUI: false })
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  await page.goto(`${service.issuer}/mfa/enrol/passkey`)
  await typePassword(await person())
  await button('Sign in').click()
  await page.getByLabel('Name, for you to know it by').fill('Laptop')
  const made = await holdPosts()
  await pressThrice('Create passkey', made)
  await page.getByRole('heading', { name: 'Keep these recovery codes' }).waitFor()
  expect(made.posts).toHaveLength(1)
  await page.unroute('**')

  await browser.context.clearCookies()
  // Nothing is suggested, so that the button is what asks.
  const presence = (enabled: boolean) =>
    cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })
  await presence(false)
  const { rp, begun } = await authorization()
  await page.goto(begun.url)
  await page.getByRole('link', { name: 'Sign in with a passkey' }).click()
  await button('Continue with passkey').waitFor()
  await presence(true)
  const used = await holdPosts()
  await pressThrice('Continue with passkey', used)
  await page.waitForURL(`${site.origin}/callback?**`)
  expect((await redeem(rp, begun, new URL(page.url()))).claims()?.acr).toBe(PHISHING_RESISTANT)
  expect(used.posts).toHaveLength(1)
})

test('a page that is come back to sends again, made anew or as it was left', async () => {
  const user = await person()
  await page.goto((await authorization()).begun.url)
  await page.getByLabel('User name').fill('nobody@example.com')
  await button('Continue').click()
  await page.getByLabel('Password').waitFor()
  await page.goBack()
  await page.getByLabel('User name').fill(user.userName)
  await button('Continue').click()
  await page.getByLabel('Password').waitFor()
  await page.goBack()

  // A browser that is driven keeps no pages. To one that was kept, it is as if there had been no answer.
  let posts = 0
  await page.route('**/login?*', (route, request) => {
    if (request.method() === 'POST') posts += 1
    return route.fulfill({ status: 204 })
  })
  await page.getByLabel('User name').fill(user.userName)
  await button('Continue').click()
  await page.locator(BUSY).waitFor()
  await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
  expect(await page.locator(BUSY).count()).toBe(0)
  await button('Continue').click()
  await page.locator(BUSY).waitFor()
  expect(posts).toBe(2)
  await lookAt(page, 'sent')
})

test('an answer that leaves the page where it is gives the page back: a file soon, any other later', async () => {
  await page.goto(`${service.issuer}/account/data`)
  await typePassword(await person())
  await button('Sign in').click()
  await page.getByRole('heading', { level: 1, name: 'Your data' }).waitFor()
  await page.clock.install()
  await page.reload()
  await page.clock.pauseAt(Date.now() + 60_000)
  const exported = async () => {
    const download = page.waitForEvent('download')
    await page.locator('form[action$=export] button').click()
    return (await download).suggestedFilename()
  }
  expect(await exported()).toBe('my-data.json')
  expect(await page.locator(BUSY).count()).toBe(1)
  await page.clock.fastForward(3000)
  expect(await exported()).toBe('my-data.json')

  // Another form of the page need not wait for the file.
  await page.route('**/account/data/erase', (route) => route.fulfill({ status: 204 }))
  await page.getByRole('textbox').fill('not my name')
  await page.locator('form[action$=erase] button').click()
  await page.clock.fastForward(14_000)
  expect(await page.locator(BUSY).count()).toBe(1)
  await page.clock.fastForward(1000)
  expect(await page.locator(BUSY).count()).toBe(0)
})
