/** Forms between client and provider in a real Chromium: response_mode=form_post, and requests by POST. OAuth 2.0 Form Post Response Mode. */
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { type Chromium, openChromium, openSite, type Site } from '../servers/chromium.ts'
import type { TestClient } from '../servers/population.ts'
import { parametersOf, redeemCode, registerClient, urlOf, VERIFIER } from './authorization.ts'

let service: TestService
let site: Site
let client: TestClient
let open: Chromium | undefined

beforeAll(async () => {
  service = await startAuthService()
  site = await openSite()
  client = await registerClient(service, 'form', {}, { redirectUris: [`${site.origin}/cb;1,2?x=1`] })
})
afterAll(async () => {
  await site.close()
  await service.close()
})
beforeEach(() => {
  site.forms.length = 0
  site.moves.clear()
})
afterEach(() => open?.close())

const redirect_uri = () => `${site.origin}/cb;1,2?x=1`

async function authorize(javaScriptEnabled: boolean): Promise<Page> {
  open = await openChromium({ javaScriptEnabled })
  const { page } = open
  const parameters = parametersOf(client, {
    redirect_uri: redirect_uri(),
    response_mode: 'form_post',
    prompt: 'consent',
  })
  await page.goto(urlOf(service.issuer, parameters))
  await page.getByLabel('User name').fill(service.population.user.userName)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Password').fill(service.population.user.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
  return page
}

async function arrived(): Promise<void> {
  const answer = Object.fromEntries(site.forms[0] ?? [])
  expect(site.forms).toHaveLength(1)
  expect(answer).toEqual({ code: expect.any(String), state: 'st&ate=1', iss: service.issuer })
  const more = { code_verifier: VERIFIER, redirect_uri: redirect_uri() }
  expect((await redeemCode(service, client, answer.code, more)).status).toBe(200)
  expect(open?.complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([])
}

test('the form sends itself, to an address with a path and query that CSP must be told of with care (checklist 11)', async () => {
  const page = await authorize(true)
  await page.waitForURL(redirect_uri())
  await arrived()
})

test('without script a button sends it', async () => {
  const page = await authorize(false)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.waitForURL(redirect_uri())
  await arrived()
})

test('the client may send the browser on to another page of its own (CSP Level 3, 6.7.2.8)', async () => {
  site.moves.set('/cb;1,2', '/home')
  const page = await authorize(true)
  await page.waitForURL(`${site.origin}/home`)
  await arrived()
})

test('a refusal is told the same way', async () => {
  open = await openChromium({})
  const parameters = parametersOf(client, { redirect_uri: redirect_uri(), response_mode: 'form_post' })
  await open.page.goto(urlOf(service.issuer, parameters))
  await open.page.getByRole('button', { name: 'Cancel' }).click()
  await open.page.waitForURL(redirect_uri())
  expect(Object.fromEntries(site.forms[0] ?? [])).toMatchObject({ error: 'access_denied', iss: service.issuer })
})

test('a request in a form of the client’s site sees the session of the browser (OIDC Core 3.1.2.1)', async () => {
  const page = await authorize(true)
  await page.waitForURL(redirect_uri())
  const parameters = parametersOf(client, { redirect_uri: redirect_uri(), state: 'by form <&>' })
  const fields = Object.entries(parameters).map(([name, value]) => {
    const attributes = [name, value].map((text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;'))
    return `<input type="hidden" name="${attributes[0]}" value="${attributes[1]}">`
  })
  const form = `<form method="post" action="${service.issuer}/oauth/authorize">${fields.join('')}<button>Go</button></form>`
  site.pages.set('/start', `<!doctype html><title>start</title>${form}`)
  await page.goto(`${site.origin}/start`)
  await page.getByRole('button', { name: 'Go' }).click()
  await page.waitForURL(`${site.origin}/cb;1,2?x=1&code=**`)
  const answer = new URL(page.url()).searchParams
  expect([answer.get('state'), answer.get('iss'), answer.has('code')]).toEqual(['by form <&>', service.issuer, true])
})
