import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Chromium, openChromium } from '../../../test/servers/chromium.ts'
import { freePort } from '../../../test/servers/free-port.ts'
import { type Sallyport, startSallyport } from '../../../test/servers/sallyport.ts'
import type { DevCredentials } from '../dev/credentials.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-'))
let sallyport: Sallyport
let credentials: DevCredentials
let browser: Chromium
let page: Page

beforeAll(async () => {
  const env = { AUTH_PORT: String(await freePort()), POLICY_PORT: String(await freePort()) }
  sallyport = startSallyport(['serve', '--dev'], { cwd: folder, env })
  await sallyport.says(/ready in \d+ ms/, 60_000)
  credentials = JSON.parse(readFileSync(join(folder, 'var/dev/credentials.json'), 'utf8'))
})
afterAll(async () => {
  await sallyport?.stop()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  browser = await openChromium()
  page = browser.page
})
afterEach(() => browser.close())

const shows = (text: string | RegExp) => page.getByText(text).first().waitFor({ timeout: 60_000 })

async function signIn(answer: 'Allow' | 'consented before'): Promise<void> {
  await page.getByLabel('User name').fill(credentials.user.username)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Password').fill(credentials.user.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  if (answer === 'Allow') await page.getByRole('button', { name: 'Allow', exact: true }).click()
}

test('signs in by a code flow with PKCE, shows the tokens and what they say, and refreshes them', async () => {
  await page.goto(credentials.issuer)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await signIn('Allow')
  await page.waitForURL('**/demo/tokens')
  await shows('Your tokens')
  const told = await page.locator('main').textContent()
  expect(told).toContain(`"iss": "${credentials.issuer}"`)
  expect(told).toContain('"active": true')
  expect(told).toMatch(/Refresh.*lives \d+ s.*Sign out.*"iss"/s)
  const refreshToken = page.locator('h2:has-text("Refresh token") + pre')
  const before = await refreshToken.textContent()
  await page.getByRole('button', { name: 'Refresh' }).click()
  await expect.poll(() => refreshToken.textContent(), { timeout: 60_000 }).not.toBe(before)
  expect(browser.complaints).toEqual([])
})

test('does not redeem a code whose sign-in it did not begin: it stays good for whoever did (RFC 6749 10.12)', async () => {
  const { issuer, client } = credentials
  const verifier = 'v'.repeat(43)
  const challenge = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(verifier))).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: client.redirect_uri,
    scope: 'openid',
    state: 'of-somebody-else',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  })
  await page.goto(`${issuer}/oauth/authorize?${query}`)
  await signIn('consented before')
  await page.waitForURL('**/demo/callback?**')
  await shows('A code arrived')
  const answer = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}`,
    },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: new URL(page.url()).searchParams.get('code') ?? '',
      redirect_uri: client.redirect_uri,
      code_verifier: verifier,
    }),
  })
  expect(answer.status).toBe(200)
})

test('shows no tokens to a browser that has none, and nothing of a forged answer', async () => {
  await page.goto(`${credentials.issuer}/demo/tokens`)
  expect(new URL(page.url()).pathname).toBe('/')
  await page.goto(`${credentials.issuer}/demo/callback?code=x&state=%3Cscript%3E&iss=https://evil.example`)
  await shows('A code arrived')
  expect(await page.content()).not.toContain('evil.example')
  await page.goto(`${credentials.issuer}/demo/callback?error=access_denied&error_description=evil.example&state=x`)
  await shows('No code arrived')
  expect(await page.content()).not.toContain('evil.example')
})
