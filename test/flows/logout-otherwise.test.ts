/**
 * A sign-out where the session is used otherwise than before: it needs no proof that all is as it was. The client's ID token, the
 * question and the end are as ever, and nothing is lost without being ended. RP-Initiated Logout 1.0 2 and 6; Back-Channel
 * Logout 1.0 2.5 and 2.7; checklist 31 and 44.
 */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { type Browser, formOf } from '../servers/browser.ts'
import type { TestClient } from '../servers/population.ts'
import { openRelyingSite, type RelyingSite } from '../servers/relying-site.ts'
import { until } from '../servers/until.ts'
import { bindBrowser } from './bound-browser.ts'
import { isActive } from './requests.ts'
import { addClient, BYE, silently } from './signed-in.ts'
import { type SignedIn, signedInAt } from './signing-out.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const SAFARI = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1'
const HOME = '203.0.113.7'

let service: TestService
let site: RelyingSite
let shop: TestClient
let person: SignedIn
beforeAll(async () => {
  site = await openRelyingSite()
  service = await startAuthService({
    service: {
      trustedProxies: ['127.0.0.0/8', '::1/128'],
      clientsReach: { allow: ['127.0.0.1'], unlisted: 'public' },
      backChannel: { idleMs: 20, backOffMs: 5, attempts: 5 },
    },
  })
  shop = await addClient(service.store, 'shop', { backchannel_logout_uri: `${site.origin}/shop` })
})
afterAll(async () => {
  await service?.close()
  await site?.close()
})

const at = (browser: Browser, agent: string, address = HOME) =>
  Object.assign(browser.headers, { 'user-agent': agent, 'x-forwarded-for': address })

/** Signed in by one browser, and used from now on by what calls itself another one. */
beforeEach(async () => {
  person = await signedInAt(service, shop, { 'user-agent': FIREFOX, 'x-forwarded-for': HOME })
  site.told.length = 0
  service.audits.length = 0
  at(person.browser, SAFARI)
  expect(await silently(service, person.browser, shop)).toBe('login_required')
})

const audited = (event: string) => service.audits.filter((one) => one.event === event)
const isLive = () => isActive(service, person.tokens.access_token)

async function isEnded(): Promise<void> {
  expect(await isLive()).toBe(false)
  expect(audited('session_ended')).toEqual([expect.objectContaining({ sub: service.population.user.sub })])
  await until(async () => site.told.length > 0, 'the client is told')
  const [{ logoutToken } = { logoutToken: '' }] = site.told
  expect(decodeJwt(logoutToken).sid).toBe(decodeJwt(String(person.tokens.id_token)).sid)
  at(person.browser, FIREFOX)
  await person.isSignedOut()
}

test('the ID token of the session proves it, and its clients are told', async () => {
  const { left } = await person.endSession(person.asked({ state: 's' }))
  expect(left?.href).toBe(`${BYE}&state=s`)
  expect(audited('sign_out')).toHaveLength(1)
  await isEnded()
})

test.each([
  ['by a client without an ID token', () => person.endSession({ client_id: shop.id, post_logout_redirect_uri: BYE })],
  ['at our own page', () => person.browser.visit(`${service.issuer}/logout`)],
] as const)('%s the person is asked first; until they answer nothing ends', async (_where, visit) => {
  const page = await visit()
  expect([page.status, page.left]).toEqual([200, undefined])
  expect(page.text).toContain('Sign out?')
  expect(await isLive()).toBe(true)
  await person.browser.submit(page, { answer: 'sign_out' })
  await isEnded()
})

test('a form that is not ours ends nothing, and neither does who stays', async () => {
  const { action, fields } = formOf(await person.browser.visit(`${service.issuer}/logout`))
  const foreign = new URLSearchParams({ ...Object.fromEntries(fields), form_token: 'another' })
  expect((await person.browser.visit(action, { method: 'POST', body: foreign })).status).toBe(403)
  fields.set('answer', 'stay')
  expect((await person.browser.visit(action, { method: 'POST', body: fields })).status).toBe(200)
  at(person.browser, FIREFOX)
  expect(await silently(service, person.browser, shop)).toBe('code')
  expect(await isLive()).toBe(true)
})

test('one that policy ends, used by another browser from elsewhere, is ended once, and nobody is asked', async () => {
  at(person.browser, SAFARI, '198.51.100.1')
  const { text } = await person.browser.visit(`${service.issuer}/logout`)
  expect(text).toContain('You are signed out')
  expect(audited('session_changed').map(({ detail }) => detail)).toContain('browser_and_network:end')
  await isEnded()
})

test('one of a device that proves nothing is ended too', async () => {
  at(person.browser, FIREFOX)
  await person.signInAgain()
  expect((await bindBrowser(person.browser, service.issuer)).registered.status).toBe(200)
  person.browser.cookies.delete('sallyport_bound')
  service.advance(61)
  expect(await silently(service, person.browser, shop)).toBe('login_required')
  const { left } = await person.endSession(person.asked())
  expect(left?.origin).toBe(new URL(BYE).origin)
  await isEnded()
})
