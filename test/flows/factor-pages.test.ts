/**
 * Second factors in a real Chromium: a passkey on its virtual authenticator (registered, used from the suggestions of the name
 * field, for a step-up, and removed), a security key on USB, an app that reads the QR code off the screen, a recovery code, a browser that is
 * remembered, and a factor that policy demands before anybody goes on. Checklist 39 to 42.
 */

import jsQR from 'jsqr'
import type { CDPSession, Page } from 'playwright-core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { digestOf } from '../../src/kernel/ids.ts'
import { signedFiles, startAuthService, type TestService } from '../servers/auth-service.ts'
import { type Chromium, openChromium, openSite, type Site } from '../servers/chromium.ts'
import { lookAt } from '../servers/look.ts'
import { copyPolicies } from '../servers/policy-folder.ts'
import { clientRecord, TENANT } from '../servers/population.ts'
import { aBrowser, addTotp, codeAt, MFA_ACR, PASSWORD_ACR, PHISHING_RESISTANT } from './factors.ts'
import { begin, discover, redeem } from './relying-party.ts'

const SECRET = 'a secret of the shop'
let service: TestService
let site: Site
let browser: Chromium
let page: Page

beforeEach(async () => {
  service = await startAuthService()
  site = await openSite()
  const record = clientRecord('shop', SECRET, {
    firstParty: true,
    redirectUris: [`${site.origin}/callback`],
    grantTypes: ['authorization_code'],
    scopes: ['openid'],
    secretDigests: [digestOf(SECRET)],
  })
  await service.store.clients.create(TENANT, record)
  browser = await openChromium()
  page = browser.page
})
afterEach(async () => {
  await browser.close()
  await site.close()
  await service.close()
})

interface Hardware {
  readonly transport: 'internal' | 'usb'
  readonly hasResidentKey: boolean
}
const LAPTOP: Hardware = { transport: 'internal', hasResidentKey: true }
/** Keeps nothing itself: its credential is good for whoever brings the id. */
const SECURITY_KEY: Hardware = { transport: 'usb', hasResidentKey: false }

/** With a screen lock, or a PIN, that says yes. */
async function addAuthenticator(hardware = LAPTOP): Promise<{ cdp: CDPSession; authenticatorId: string }> {
  const cdp = await browser.context.newCDPSession(page)
  await cdp.send('WebAuthn.enable', { enableUI: false })
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ...hardware,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return { cdp, authenticatorId }
}

async function typePassword(): Promise<void> {
  await page.getByLabel('User name').fill(service.population.user.userName)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Password').fill(service.population.user.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function authorization(more: Record<string, string> = {}) {
  const rp = await discover(service.issuer, { id: 'shop', secret: SECRET })
  const begun = await begin(rp, 'openid', { redirect_uri: `${site.origin}/callback`, ...more })
  return { rp, begun }
}

/** The level of the ID token that the client got. */
async function arrivedAt({ rp, begun }: Awaited<ReturnType<typeof authorization>>): Promise<unknown> {
  await page.waitForURL(`${site.origin}/callback?**`)
  return (await redeem(rp, begun, new URL(page.url()))).claims()?.acr
}

async function addPasskey(name = 'Laptop'): Promise<void> {
  await page.goto(`${service.issuer}/mfa/enrol/passkey`)
  await typePassword()
  await page.getByLabel('Name, for you to know it by').fill(name)
  await lookAt(page, 'passkey-enrolment')
  await page.getByRole('button', { name: 'Create passkey' }).click()
  await page.getByRole('heading', { name: 'Keep these recovery codes' }).waitFor()
  expect(await page.locator('.codes li').count()).toBe(10)
  await lookAt(page, 'recovery-codes')
  await page.getByRole('link', { name: 'I have kept them' }).click()
  await page.getByRole('heading', { name }).waitFor()
  await lookAt(page, 'factors-with-passkey')
}

test('a passkey is made, signs in from the suggestions without a name, again where that is asked for, and is removed (checklist 41, 42)', async () => {
  const { cdp, authenticatorId } = await addAuthenticator()
  await addPasskey()
  const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId })
  expect(credentials).toMatchObject([{ isResidentCredential: true, rpId: 'localhost' }])

  // Nobody is signed in any more: the browser offers the passkey, and nothing is typed.
  await browser.context.clearCookies()
  const signIn = await authorization()
  await page.goto(signIn.begun.url)
  expect(await arrivedAt(signIn)).toBe(PHISHING_RESISTANT)

  const again = await authorization({ prompt: 'login' })
  await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: false })
  await page.goto(again.begun.url)
  await page.getByRole('link', { name: 'Sign in with a passkey' }).click()
  await page.getByRole('button', { name: 'Continue with passkey' }).waitFor()
  await lookAt(page, 'passkey-asked-again')
  await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: true })
  await page.getByRole('button', { name: 'Continue with passkey' }).click()
  expect(await arrivedAt(again)).toBe(PHISHING_RESISTANT)

  await page.goto(`${service.issuer}/account/factors`)
  await page.getByRole('button', { name: 'Remove Laptop' }).click()
  await page.getByText('It was removed.').waitFor()
  await lookAt(page, 'passkey-removed')
  expect((await service.store.factors.of(TENANT, service.population.user.sub)).passkeys).toEqual([])
  expect(browser.complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([])
})

test('a session of a password steps up by the passkey where the client asks for its level (RFC 9470 5; checklist 39, 41)', async () => {
  await addAuthenticator()
  await addPasskey()
  const before = await authorization()
  await page.goto(before.begun.url)
  expect(await arrivedAt(before)).toBe(PASSWORD_ACR)

  const stepUp = await authorization({ acr_values: PHISHING_RESISTANT })
  await page.goto(stepUp.begun.url)
  await page.getByRole('button', { name: 'Continue with passkey' }).click()
  expect(await arrivedAt(stepUp)).toBe(PHISHING_RESISTANT)
  // The session has that level from now on: nobody is asked.
  const after = await authorization({ acr_values: PHISHING_RESISTANT })
  await page.goto(after.begun.url)
  expect(await arrivedAt(after)).toBe(PHISHING_RESISTANT)
})

test('a security key that keeps no credential is the second step after the password, and nothing before it (checklist 39, 41)', async () => {
  const { cdp, authenticatorId } = await addAuthenticator(SECURITY_KEY)
  await addPasskey('Key on my ring')
  const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId })
  expect(credentials).toMatchObject([{ isResidentCredential: false, rpId: 'localhost' }])
  const { passkeys } = await service.store.factors.of(TENANT, service.population.user.sub)
  expect(passkeys).toMatchObject([{ transports: ['usb'] }])

  await browser.context.clearCookies()
  const signIn = await authorization()
  await page.goto(signIn.begun.url)
  await typePassword()
  expect(site.visits).toEqual([])
  await page.getByRole('button', { name: 'Continue with passkey' }).click()
  expect(await arrivedAt(signIn)).toBe(PHISHING_RESISTANT)
})

test('a passkey whose user was not verified is refused by the browser or by us (checklist 41)', async () => {
  const { cdp, authenticatorId } = await addAuthenticator()
  await addPasskey()
  await browser.context.clearCookies()
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
  const { begun } = await authorization()
  await page.goto(begun.url)
  await page.getByRole('link', { name: 'Sign in with a passkey' }).click()
  await page.getByRole('button', { name: 'Continue with passkey' }).click()
  await page.getByText('That did not work in this browser.').waitFor()
  await lookAt(page, 'passkey-failed')
  expect(site.visits).toEqual([])
})

test('an authenticator that holds a passkey of the account already says so, and the account is a link away (WebAuthn Level 3 5.1.3)', async () => {
  await addAuthenticator()
  await addPasskey()
  await page.goto(`${service.issuer}/mfa/enrol/passkey`)
  // Another one is added by who has shown the one that there is.
  await page.getByRole('button', { name: 'Continue with passkey' }).click()
  await page.getByRole('button', { name: 'Create passkey' }).click()
  await page.getByText('This device already has a passkey for your account.').waitFor()
  expect(await page.getByText('That did not work').isVisible()).toBe(false)
  await lookAt(page, 'passkey-held')
  await page.getByRole('link', { name: 'Back to your account' }).click()
  await page.getByRole('heading', { name: 'Laptop' }).waitFor()
})

test('who has no passkey here goes on by password from the page that asks for one', async () => {
  const signIn = await authorization()
  await page.goto(signIn.begun.url)
  await page.getByRole('link', { name: 'Sign in with a passkey' }).click()
  await page.getByRole('link', { name: 'Use your password instead' }).waitFor()
  await lookAt(page, 'passkey-first')
  await page.getByRole('link', { name: 'Use your password instead' }).click()
  await typePassword()
  expect(await arrivedAt(signIn)).toBe(PASSWORD_ACR)
})

test('the suggestions are good for as long as the page is: their challenge is renewed before it ends', async () => {
  const { cdp, authenticatorId } = await addAuthenticator()
  await addPasskey()
  await browser.context.clearCookies()
  await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: false })
  await page.clock.install()
  const signIn = await authorization()
  const asked = () => page.waitForResponse((answer) => answer.url().includes('/mfa/passkey/options') && answer.ok())
  const first = asked()
  await page.goto(signIn.begun.url)
  await first
  service.advance(6 * 60)
  await renewUntil(asked())
  // An authenticator that comes meanwhile answers the next question at the latest.
  await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: true })
  expect(await renewUntil(arrivedAt(signIn))).toBe(PHISHING_RESISTANT)
})

/** Lets the page's time go on until it is there: the page may not wait yet when its time goes on. */
async function renewUntil<T>(there: Promise<T>): Promise<T> {
  let isThere = false
  const seen = there.finally(() => {
    isThere = true
  })
  const goOn = async () => {
    // It may be leaving.
    if (!isThere) await page.clock.fastForward(4 * 60 * 1000).catch(() => undefined)
    return isThere
  }
  await expect.poll(goOn).toBe(true)
  return seen
}

/** Run in the browser, which knows how to read a picture. */
const PIXELS = (png: string): string => `(async () => {
  const bytes = Uint8Array.from(atob('${png}'), (letter) => letter.charCodeAt(0))
  const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
  const context = new OffscreenCanvas(image.width, image.height).getContext('2d')
  context.drawImage(image, 0, 0)
  const { data, width, height } = context.getImageData(0, 0, image.width, image.height)
  return { data: [...data], width, height }
})()`

/** What an app's camera sees. */
async function readQrCode(): Promise<URL> {
  const shot = (await page.locator('svg.qr').screenshot()).toString('base64')
  const pixels = await page.evaluate<{ data: number[]; width: number; height: number }>(PIXELS(shot))
  const found = jsQR.default(Uint8ClampedArray.from(pixels.data), pixels.width, pixels.height)
  if (found === null) throw new Error('no QR code on the screen')
  return new URL(found.data)
}

test('an app that reads the QR code off the screen signs in by its codes, also in the dark (RFC 6238; checklist 40)', async () => {
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.goto(`${service.issuer}/mfa/enrol/totp`)
  await typePassword()
  const uri = await readQrCode()
  await lookAt(page, 'totp-enrolment')
  expect([uri.protocol, uri.host, uri.searchParams.get('issuer')]).toEqual(['otpauth:', 'totp', 'Sallyport'])
  const secret = uri.searchParams.get('secret') ?? ''
  expect((await page.locator('.secret').textContent())?.replaceAll(' ', '')).toBe(secret)
  await page.getByLabel('Six-digit code').fill(codeAt(secret, Date.now() / 1000))
  await page.getByRole('button', { name: 'Add it' }).click()
  await page.getByRole('link', { name: 'I have kept them' }).click()

  await browser.context.clearCookies()
  const signIn = await authorization()
  await page.goto(signIn.begun.url)
  await typePassword()
  await page.getByLabel('Six-digit code').waitFor()
  await lookAt(page, 'totp')
  // The step that confirmed it is spent.
  await page.getByLabel('Six-digit code').fill(codeAt(secret, Date.now() / 1000 + 30))
  await page.getByRole('button', { name: 'Continue' }).click()
  expect(await arrivedAt(signIn)).toBe(MFA_ACR)
})

const signOutOfAll = () => browser.context.clearCookies({ name: 'sallyport_session' })

test('a recovery code signs in once, and the app that was lost is removed: the password does from then on (checklist 40, 42)', async () => {
  const { recoveryCodes } = await addTotp(service, aBrowser(service), Date.now() / 1000)
  const typeRecoveryCode = async () => {
    await typePassword()
    await page.getByRole('link', { name: 'Use a recovery code' }).click()
    await page.getByLabel('Recovery code').fill(recoveryCodes[0] ?? '')
    await lookAt(page, 'recovery-code')
    await page.getByRole('button', { name: 'Continue' }).click()
  }
  const signIn = await authorization()
  await page.goto(signIn.begun.url)
  await typeRecoveryCode()
  expect(await arrivedAt(signIn)).toBe(MFA_ACR)

  await signOutOfAll()
  const again = await authorization()
  await page.goto(again.begun.url)
  await typeRecoveryCode()
  expect(await page.getByRole('alert').textContent()).toContain('wrong or was used before')
  await lookAt(page, 'recovery-code-used')
  // Their next one does.
  await page.getByLabel('Recovery code').fill(recoveryCodes[1] ?? '')
  await page.getByRole('button', { name: 'Continue' }).click()
  expect(await arrivedAt(again)).toBe(MFA_ACR)

  await page.goto(`${service.issuer}/account/factors`)
  await page.getByText('8 left.').waitFor()
  await lookAt(page, 'factors-with-app')
  await page.getByRole('button', { name: 'Remove the authenticator app' }).click()
  await page.getByText('It was removed.').waitFor()
  await page.getByRole('link', { name: 'Add an authenticator app' }).waitFor()
  const { totp, recoveryCodes: left } = await service.store.factors.of(TENANT, service.population.user.sub)
  expect([totp, left]).toEqual([undefined, 0])

  await browser.context.clearCookies()
  const last = await authorization()
  await page.goto(last.begun.url)
  await typePassword()
  expect(await arrivedAt(last)).toBe(PASSWORD_ACR)
})

test('a browser that is remembered by its checkbox is not asked for the code again; another one is (checklist 40)', async () => {
  const { secret } = await addTotp(service, aBrowser(service), Date.now() / 1000)
  const first = await authorization()
  await page.goto(first.begun.url)
  await typePassword()
  await page.getByRole('checkbox', { name: 'Don’t ask again in this browser' }).check()
  await page.getByLabel('Six-digit code').fill(codeAt(secret, Date.now() / 1000 + 30))
  await page.getByRole('button', { name: 'Continue' }).click()
  expect(await arrivedAt(first)).toBe(MFA_ACR)

  await signOutOfAll()
  const next = await authorization()
  await page.goto(next.begun.url)
  await typePassword()
  // What was not proven anew is not claimed.
  expect(await arrivedAt(next)).toBe(PASSWORD_ACR)

  await browser.context.clearCookies()
  await page.goto((await authorization()).begun.url)
  await typePassword()
  await page.getByLabel('Six-digit code').waitFor()
})

test('who has no second factor and needs one by policy adds it on the way in, and arrives (checklist 40)', async () => {
  const policies = copyPolicies()
  try {
    policies.edit({ file: 'rbac/data.yaml', from: '  user:\n', to: `  user:\n    acr: ${MFA_ACR}\n` })
    await service.node.activate([await signedFiles(await policies.compile(), 2)])
  } finally {
    policies.remove()
  }
  const signIn = await authorization()
  await page.goto(signIn.begun.url)
  await typePassword()
  await page.getByRole('heading', { name: 'Add a second step' }).waitFor()
  await lookAt(page, 'second-step-demanded')
  expect(site.visits).toEqual([])
  await page.getByRole('link', { name: 'Authenticator app' }).click()
  await page.getByRole('button', { name: 'Cancel' }).waitFor()
  const secret = (await page.locator('.secret').textContent())?.replaceAll(' ', '') ?? ''
  await page.getByLabel('Six-digit code').fill('000000')
  await page.getByRole('button', { name: 'Add it' }).click()
  await page.getByRole('alert').waitFor()
  await lookAt(page, 'totp-enrolment-wrong')
  await page.getByLabel('Six-digit code').fill(codeAt(secret, Date.now() / 1000))
  await page.getByRole('button', { name: 'Add it' }).click()
  await page.getByRole('heading', { name: 'Keep these recovery codes' }).waitFor()
  await page.getByRole('link', { name: 'I have kept them' }).click()
  expect(await arrivedAt(signIn)).toBe(MFA_ACR)
  expect(browser.complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([])
})
