/** The last way to sign in stays, whichever is taken away, and where two are at once. Checklist 42 and 43. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomId } from '../../src/kernel/ids.ts'
import { identityKey } from '../../src/storage/records.ts'
import { optionsOn } from '../servers/authenticator.ts'
import type { Browser } from '../servers/browser.ts'
import { TENANT } from '../servers/population.ts'
import { addPasskey } from './factors.ts'
import { atProvider, codeAfter, type Federated, onSignInPage, signInAt, startFederated } from './federation.ts'

let service: Federated
beforeAll(async () => {
  service = await startFederated()
})
afterAll(() => service.close())

const identities = (sub: string) => service.store.identities.list(TENANT, sub)
const ownerOf = async (subject: string) =>
  (await service.store.identities.find(TENANT, identityKey(service.google.issuer, subject)))?.sub
const PAGE = () => `${service.issuer}/account/identities`

async function post(browser: Browser, action: 'link' | 'unlink', fields: Readonly<Record<string, string>>) {
  const { text } = await browser.visit(PAGE())
  const form = text.split('<form').find((part) => part.includes(`action="/account/identities/${action}"`)) ?? ''
  const formToken = /name="form_token" value="([^"]+)"/.exec(form)?.[1] ?? ''
  const body = new URLSearchParams({ form_token: formToken, ...fields })
  return browser.visit(`${PAGE()}/${action}`, { method: 'POST', body, headers: { 'sec-fetch-site': 'same-origin' } })
}

/** Somebody who came by Google, has no password, and is signed in. */
async function cameByGoogle() {
  service.google.person = {
    sub: randomId(),
    email: `only-${randomId(5)}@example.com`.toLowerCase(),
    email_verified: true,
  }
  const at = await onSignInPage(service)
  await codeAfter(at.browser, await signInAt(at, 'google'))
  return { browser: at.browser, sub: (await ownerOf(service.google.person.sub)) ?? '' }
}
const FACTORS = () => `${service.issuer}/account/factors`
const passkeysOf = async (sub: string) => (await service.store.factors.of(TENANT, sub)).passkeys

test('of two ways in that are taken away at once, one stays', async () => {
  const { browser, sub } = await cameByGoogle()
  service.other.person = { sub: randomId() }
  await browser.visit((await atProvider((await post(browser, 'link', { provider: 'other' })).left)).href)
  const linked = await identities(sub)
  expect(linked).toHaveLength(2)
  const answers = await Promise.all(linked.map(({ key }) => post(browser, 'unlink', { identity: key })))
  expect(answers.filter(({ status, text }) => status === 403 && text.includes('last way'))).toHaveLength(1)
  expect(await identities(sub)).toHaveLength(1)
})

test('the last passkey stays where nothing else lets them in, and goes where an identity or a further one does', async () => {
  const { browser, sub } = await cameByGoogle()
  const { authenticator } = await addPasskey(service, browser)
  const [identity] = await identities(sub)
  const asked = await post(browser, 'unlink', { identity: identity?.key ?? '' })
  expect(new URL(asked.url).pathname).toBe('/mfa/passkey')
  const proven = await browser.submit(asked, { credential: authenticator.get(optionsOn(asked.text)) })
  expect(proven.url).toBe(PAGE())
  await post(browser, 'unlink', { identity: identity?.key ?? '' })
  expect(await identities(sub)).toEqual([])

  const [passkey] = await passkeysOf(sub)
  const remove = async (factor = '') =>
    browser.submit(await browser.visit(FACTORS()), { action: 'remove_passkey', factor })
  const kept = await remove(passkey?.credentialId)
  expect([kept.status, kept.text]).toEqual([403, expect.stringContaining('last way')])
  expect(await passkeysOf(sub)).toHaveLength(1)

  await addPasskey(service, browser)
  const both = await passkeysOf(sub)
  const answers = await Promise.all(both.map(({ credentialId }) => remove(credentialId)))
  expect(answers.filter(({ status }) => status === 403)).toHaveLength(1)
  expect(await passkeysOf(sub)).toHaveLength(1)
})
