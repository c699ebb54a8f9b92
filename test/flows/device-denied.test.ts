/**
 * Policy says no on the page of a device: at what is shown, at what is answered, and to an answer that would be kept. Asks
 * `authorize` and `consent` on the real policies. RFC 8628 3.3 and 3.5; checklist 28.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ERRORS } from '../../web/words/errors.ts'
import { signedBundle, signedFiles, startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser, type Visited } from '../servers/browser.ts'
import { copyPolicies } from '../servers/policy-folder.ts'
import { TENANT, type TestClient } from '../servers/population.ts'
import type { Person } from './factors.ts'
import { type Answer, post } from './requests.ts'
import { addClient } from './signed-in.ts'
import { createPersonWithoutFactors } from './use-factors.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
let service: TestService
let tv: TestClient
beforeAll(async () => {
  service = await startAuthService()
  tv = await addClient(service.store, 'tv', {}, { grantTypes: [GRANT], redirectUris: [] })
})
afterAll(() => service?.close())

const ask = async () => (await post(service, '/oauth/device_authorization', tv, { scope: 'openid orders:read' })).body
/** No sooner than the device may. */
async function poll(device: Answer['body']) {
  service.advance(5)
  const form = { grant_type: GRANT, device_code: String(device.device_code) }
  const { status, body } = await post(service, '/oauth/token', tv, form)
  return [status, body.error]
}

async function confirmPage(browser: Browser, device: Answer['body'], { userName, password }: Person): Promise<Visited> {
  let page = await browser.visit(String(device.verification_uri_complete))
  if (page.url.includes('/login?')) page = await browser.submit(page, { username: userName })
  return page.url.includes('/login/password') ? browser.submit(page, { password }) : page
}

async function setRoles({ userName }: Person, roles: readonly string[]): Promise<void> {
  const user = await service.store.users.findByUserName(TENANT, userName)
  if (user === undefined) throw new Error('nobody')
  await service.store.users.replace(TENANT, { ...user, roles, version: user.version + 1 }, user.version)
}

function expectForbidden(page: Visited): void {
  expect([page.status, page.left]).toEqual([403, undefined])
  expect(page.text).toContain(`<h1>${ERRORS.en.titles[403]}</h1>`)
  expect(page.text).not.toContain('Your device is connected')
}

test('who may not use what a device asks for is shown no question and can answer none; somebody else still can (checklist 28)', async () => {
  const [person, colleague] = [await createPersonWithoutFactors(service), await createPersonWithoutFactors(service)]
  const device = await ask()
  const browser = new Browser(service.issuer)
  const shown = await confirmPage(browser, device, person)
  expect(new URL(shown.url).pathname).toBe('/device/confirm')

  await setRoles(person, [])
  expectForbidden(await browser.visit(shown.url))
  expectForbidden(await browser.submit(shown, { answer: 'allow' }))
  // It is none of the device's business who came by.
  expect(await poll(device)).toEqual([400, 'authorization_pending'])

  const theirs = new Browser(service.issuer)
  expect((await theirs.submit(await confirmPage(theirs, device, colleague), { answer: 'allow' })).status).toBe(200)
  expect(await poll(device)).toEqual([200, undefined])
})

test('an answer that policy does not keep is a refusal: 403 to the person, access_denied to the device, for good (RFC 8628 3.5)', async () => {
  const person = await createPersonWithoutFactors(service)
  const device = await ask()
  const browser = new Browser(service.issuer)
  const shown = await confirmPage(browser, device, person)
  const policies = copyPolicies()
  try {
    const from = 'something_granted if count(input.granted.scopes) > 0'
    policies.edit({ file: 'authz/consent.rego', from, to: 'something_granted if "email" in input.granted.scopes' })
    await service.node.activate([await signedFiles(await policies.compile(), 2)])
  } finally {
    policies.remove()
  }
  expectForbidden(await browser.submit(shown, { answer: 'allow' }))
  const told = service.audits.filter(({ event }) => event.startsWith('device_grant_')).at(-1)
  expect(told).toMatchObject({ event: 'device_grant_refused', client_id: 'tv', decision_id: expect.any(String) })
  expect(await poll(device)).toEqual([400, 'access_denied'])

  // As shipped again, and too late.
  await service.node.activate([await signedBundle(undefined, 3)])
  expect((await browser.submit(shown, { answer: 'allow' })).status).toBe(400)
  expect(await poll(device)).toEqual([400, 'access_denied'])
})
