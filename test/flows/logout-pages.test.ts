/**
 * Sign-out in a real Chromium, which enforces what the pages' headers and cookies say. RP-Initiated Logout 1.0 2,
 * Front-Channel Logout 1.0 2; checklist 11, 12, 31.
 */
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { type Chromium, type ChromiumOptions, openChromium, openSite, type Site } from '../servers/chromium.ts'
import type { TestClient } from '../servers/population.ts'
import { begin, discover, redeem } from './relying-party.ts'
import { addClient } from './signed-in.ts'

let service: TestService
let site: Site
let plain: TestClient
let framed: TestClient
const open: Chromium[] = []

beforeAll(async () => {
  service = await startAuthService()
  site = await openSite()
  const addresses = { post_logout_redirect_uris: [`${site.origin}/bye`] }
  const parts = { redirectUris: [`${site.origin}/callback`] }
  plain = await addClient(service.store, 'plain', addresses, parts)
  const channel = { frontchannel_logout_uri: `${site.origin}/frame`, frontchannel_logout_session_required: true }
  framed = await addClient(service.store, 'framed', { ...addresses, ...channel }, parts)
})
afterAll(async () => {
  await site.close()
  await service.close()
})
beforeEach(() => {
  site.visits.length = 0
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((browser) => browser.close()))
})

async function browser(options: ChromiumOptions = {}): Promise<Chromium> {
  const opened = await openChromium({ javaScriptEnabled: false, ...options })
  open.push(opened)
  return opened
}

/** Signs in and answers the ID token. */
async function signIn(page: Page, client: TestClient): Promise<string> {
  const rp = await discover(service.issuer, client)
  const begun = await begin(rp, 'openid', { redirect_uri: `${site.origin}/callback` })
  await page.goto(begun.url)
  await page.getByLabel('User name').fill(service.population.user.userName)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Password', { exact: true }).fill(service.population.user.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL(`${site.origin}/callback?**`)
  const { id_token } = await redeem(rp, begun, new URL(page.url()))
  return id_token ?? ''
}

/** A page of the client's with a form that posts to the end session endpoint. */
function formPage(fields: Readonly<Record<string, string>>): void {
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`)
  const form = `<form method="post" action="${service.issuer}/oauth/logout">${inputs.join('')}<button>Leave</button></form>`
  site.pages.set('/leave', `<!doctype html><title>shop</title>${form}`)
}

const isSignedIn = async ({ page }: Chromium): Promise<boolean> => {
  await page.goto(`${service.issuer}/logout`)
  return (await page.getByRole('heading').textContent()) === 'Sign out?'
}

test("a form on the client's own site signs out, though our cookie is SameSite=Lax (RP-Initiated Logout 1.0 2; checklist 31)", async () => {
  const chromium = await browser()
  const id_token_hint = await signIn(chromium.page, plain)
  formPage({ id_token_hint, post_logout_redirect_uri: `${site.origin}/bye`, state: 'kept' })
  await chromium.page.goto(`${site.origin}/leave`)
  await chromium.page.getByRole('button', { name: 'Leave' }).click()
  await chromium.page.waitForURL(`${site.origin}/bye?state=kept`)
  expect(await isSignedIn(chromium)).toBe(false)
  expect(chromium.complaints).toEqual([])
})

test('a form of a stranger signs nobody out: the person is asked, and may stay (checklist 12)', async () => {
  const chromium = await browser()
  await signIn(chromium.page, plain)
  formPage({ client_id: plain.id, post_logout_redirect_uri: `${site.origin}/bye` })
  await chromium.page.goto(`${site.origin}/leave`)
  await chromium.page.getByRole('button', { name: 'Leave' }).click()
  await chromium.page.getByRole('heading', { name: 'Sign out?' }).waitFor()
  expect(await chromium.page.getByText('Client plain').count()).toBe(1)
  await chromium.page.getByRole('button', { name: 'Stay signed in' }).click()
  await chromium.page.getByRole('heading', { name: 'You are still signed in' }).waitFor()
  expect(await isSignedIn(chromium)).toBe(true)
  await chromium.page.goto(`${site.origin}/leave`)
  await chromium.page.getByRole('button', { name: 'Leave' }).click()
  await chromium.page.getByRole('button', { name: 'Sign out' }).click()
  await chromium.page.waitForURL(`${site.origin}/bye`)
  expect(await isSignedIn(chromium)).toBe(false)
  expect(chromium.complaints).toEqual([])
})

test('the signed-out page loads the frames that its policy names, then goes back to the client (Front-Channel Logout 2; checklist 11, 31)', async () => {
  const chromium = await browser()
  const id_token_hint = await signIn(chromium.page, framed)
  const query = new URLSearchParams({ id_token_hint, post_logout_redirect_uri: `${site.origin}/bye` })
  await chromium.page.goto(`${service.issuer}/oauth/logout?${query}`)
  await chromium.page.waitForURL(`${site.origin}/bye`)
  const frame = site.visits.find(({ pathname }) => pathname === '/frame')
  expect(frame?.searchParams.get('iss')).toBe(service.issuer)
  expect(frame?.searchParams.get('sid')).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(await isSignedIn(chromium)).toBe(false)
  expect(chromium.complaints).toEqual([])
})
