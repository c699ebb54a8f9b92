/**
 * A session that steps up goes on under another identifier: whoever copied the cookie before has not the level that its owner
 * proved. OWASP ASVS 7.2.4; checklist 44.
 */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { optionsOn } from '../servers/authenticator.ts'
import type { Browser, Visited } from '../servers/browser.ts'
import { redeemCode, told } from './authorization.ts'
import {
  aBrowser,
  addPasskey,
  addTotp,
  authorizeUrl,
  codeAt,
  MFA_ACR,
  PASSWORD_ACR,
  PHISHING_RESISTANT,
} from './factors.ts'

let service: TestService
beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service?.close())

const SESSION = 'sallyport_session'

async function acrOf(page: Visited): Promise<unknown> {
  const { body } = await redeemCode(service, service.population.own, told(page).code)
  return decodeJwt(String(body.id_token)).acr
}

/** What a cookie is worth in another hand: the level of its session, or undefined where there is none. */
async function levelBy(cookie: string | undefined): Promise<unknown> {
  const other = aBrowser(service)
  other.cookies.set(SESSION, cookie ?? '')
  const page = await other.visit(authorizeUrl(service, { prompt: 'none' }))
  return told(page).error === 'login_required' ? undefined : acrOf(page)
}

async function stepsUp(browser: Browser, acr: string, prove: (asked: Visited) => Promise<Visited>): Promise<void> {
  const before = browser.cookies.get(SESSION)
  expect(await levelBy(before)).toBe(PASSWORD_ACR)
  const page = await prove(await browser.visit(authorizeUrl(service, { acr_values: acr })))
  expect(await acrOf(page)).toBe(acr)
  const after = browser.cookies.get(SESSION)
  expect(after).not.toBe(before)
  expect([await levelBy(before), await levelBy(after)]).toEqual([undefined, acr])
}

test('by a passkey: the cookie is another one, and the old one is dead (checklist 44)', async () => {
  const browser = aBrowser(service)
  const { authenticator } = await addPasskey(service, browser)
  await stepsUp(browser, PHISHING_RESISTANT, (asked) =>
    browser.submit(asked, { credential: authenticator.get(optionsOn(asked.text)) }),
  )
  const { sub } = service.population.user
  for (const { credentialId } of (await service.store.factors.of('default', sub)).passkeys)
    await service.store.factors.passkeys.remove('default', sub, credentialId)
})

test('by the code of an app: the cookie is another one, and the old one is dead (checklist 44)', async () => {
  const browser = aBrowser(service)
  const { secret } = await addTotp(service, browser, Date.now() / 1000)
  // The step that confirmed it is spent.
  await stepsUp(browser, MFA_ACR, (asked) => browser.submit(asked, { code: codeAt(secret, Date.now() / 1000 + 30) }))
})
