/**
 * Who has a second factor proves it on every path, the page of a device among them, and a role that wants a level gives nothing
 * without it, at the APIs of the platform neither. Sign-in, reset and federation: `totp`, `password-reset`, `federation`; the
 * terminal: `src/cli/login`. Checklist 39.
 */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signedFiles, startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { copyPolicies } from '../servers/policy-folder.ts'
import { TENANT } from '../servers/population.ts'
import { codeAt, confirmTotp, MFA_ACR, openOwnPage, PHISHING_RESISTANT, signInByPassword } from './factors.ts'
import { answerOf, post } from './requests.ts'
import { addClient, signIn, silently } from './signed-in.ts'
import { createPersonWithoutFactors } from './use-factors.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
let service: TestService
beforeAll(async () => {
  service = await startAuthService()
})
afterAll(() => service?.close())

test('at the page of a device the password alone connects nothing, and the device hears of the level (RFC 8628 3.3; checklist 39)', async () => {
  const { issuer } = service
  const tv = await addClient(service.store, 'tv', {}, { grantTypes: [GRANT], redirectUris: [] })
  const person = await createPersonWithoutFactors(service)
  const owner = new Browser(issuer)
  await signInByPassword(service, owner, {}, person)
  const shown = await openOwnPage(service, owner, '/mfa/enrol/totp', person)
  const { secret } = await confirmTotp(owner, shown, Date.now() / 1000)

  const { body: device } = await post(service, '/oauth/device_authorization', tv, { scope: 'openid' })
  const poll = () => post(service, '/oauth/token', tv, { grant_type: GRANT, device_code: String(device.device_code) })
  const browser = new Browser(issuer)
  let page = await browser.visit(String(device.verification_uri_complete))
  page = await browser.submit(page, { username: person.userName })
  const asked = await browser.submit(page, { password: person.password })
  expect(new URL(asked.url).pathname).toBe('/mfa/totp')
  expect(browser.cookies.has('sallyport_session')).toBe(false)
  const past = await browser.visit(`${issuer}/device/confirm?user_code=${device.user_code}`)
  expect(new URL(past.url).pathname).toMatch(/^\/login/)
  expect((await poll()).body.error).toBe('authorization_pending')

  // The step that confirmed the app is spent.
  const confirm = await browser.submit(asked, { code: codeAt(secret, Date.now() / 1000 + 30) })
  expect(new URL(confirm.url).pathname).toBe('/device/confirm')
  expect((await browser.submit(confirm, { answer: 'allow' })).status).toBe(200)
  service.advance(5)
  const { status, body: tokens } = await poll()
  expect([status, decodeJwt(String(tokens.access_token)).acr]).toEqual([200, MFA_ACR])
})

test('a role that wants a level is of no use at the admin and SCIM APIs with the token of a password, and its next sign-in wants it (checklist 39)', async () => {
  const { store, issuer, population } = service
  const user = await store.users.find(TENANT, population.user.sub)
  if (user === undefined) throw new Error('no user')
  const administrator = { ...user, roles: [...user.roles, 'platform_admin'], version: user.version + 1 }
  await store.users.replace(TENANT, administrator, user.version)
  const parts = { scopes: ['openid', 'admin', 'scim'], audience: ['urn:sallyport:platform'] }
  const desk = await addClient(store, 'console', {}, parts)
  const browser = new Browser(issuer)
  const { access_token: token } = await signIn(service, browser, desk, 'openid admin scim')
  const get = async (path: string) => {
    const headers = { authorization: `Bearer ${token}` }
    return (await answerOf(await fetch(`${issuer}${path}`, { headers }))).status
  }
  const all = async () => [await get('/admin/clients'), await get('/admin/keys'), await get('/scim/v2/Users')]
  expect(await all()).toEqual([200, 200, 200])

  const policies = copyPolicies()
  try {
    const from = '  platform_admin:\n'
    policies.edit({ file: 'rbac/data.yaml', from, to: `${from}    acr: ${MFA_ACR}\n` })
    await service.node.activate([await signedFiles(await policies.compile(), 2)])
  } finally {
    policies.remove()
  }
  expect(await all()).toEqual([401, 401, 401])
  const judged = service.decisions().filter(({ path }) => path === 'authz/admin/decision')
  const obligations = { step_up: 'required', acr_values: [MFA_ACR, PHISHING_RESISTANT] }
  expect(judged.at(-1)).toMatchObject({ result: { allow: true, obligations } })
  expect(await silently(service, browser, desk)).toBe('login_required')
  const next = await signInByPassword(service, new Browser(issuer))
  expect(new URL(next.url).pathname).toBe('/mfa/enrol')
})
