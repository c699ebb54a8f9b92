/**
 * A person whose role lets them write accounts by SCIM writes their own: that is no word of a directory's, and ends no link that takes a
 * change of address back, for whoever is in the account may be a thief. OWASP ASVS 6.3.7; checklist 42 and 45.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { USER_SCHEMA } from '../../src/auth/scim/attributes.ts'
import { createPasswordHasher } from '../../src/auth/user/password/hasher.ts'
import { STOP_LINK } from '../../src/auth/user/stop-link.ts'
import { signedFiles, startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { copyPolicies } from '../servers/policy-folder.ts'
import { newAddress, TENANT, type TestClient, userRecord } from '../servers/population.ts'
import { linkIn, mailThrough, type SmtpServer, startSmtpServer } from '../servers/smtp-server.ts'
import { send } from './at-account.ts'
import { parametersOf, redeemCode, registerClient, told, urlOf } from './authorization.ts'

const PASSWORD = 'correct horse battery'
const CARETAKER = `  caretaker:
    permissions: [scim:users:read, scim:users:replace]
    grants: [caretaker, user]
  user:
    permissions`

let smtp: SmtpServer
let service: TestService
let desk: TestClient

beforeAll(async () => {
  smtp = await startSmtpServer()
  service = await startAuthService({ service: { mail: mailThrough(smtp) } })
  const scopes = { scopes: ['openid', 'scim'], audience: ['urn:sallyport:platform'] }
  desk = await registerClient(service, 'desk', {}, { firstParty: true, ...scopes })
  const policies = copyPolicies()
  try {
    policies.edit({ file: 'rbac/data.yaml', from: '  user:\n    permissions', to: CARETAKER })
    await service.node.activate([await signedFiles(await policies.compile(), 2)])
  } finally {
    policies.remove()
  }
})
afterAll(async () => {
  await service?.close()
  await smtp?.close()
})

/** Somebody is in the account of a caretaker and asks for another address; its owner has the link that stops it. */
async function takenOver() {
  const address = newAddress()
  const user = userRecord(address, {
    passwordHash: await createPasswordHasher().hash(PASSWORD),
    profile: { emails: [{ value: address, primary: true }], emailVerified: true },
    roles: ['caretaker', 'user'],
  })
  expect(await service.store.users.create(TENANT, user)).toBe('written')
  const browser = new Browser(service.issuer)
  const url = urlOf(service.issuer, parametersOf(desk, { scope: 'openid scim' }))
  const page = await browser.submit(await browser.visit(url), { username: address, password: PASSWORD })
  const token = String((await redeemCode(service, desk, told(page).code)).body.access_token)
  const form = await browser.visit(`${service.issuer}/account/email`)
  expect((await send(browser, form, /email$/, { purpose: 'change', email: `thief-${address}` })).status).toBe(200)
  const stop = linkIn(await smtp.next(address, '/email/stop'), '/email/stop')
  return { user, address, token, stop, stored: () => service.store.users.find(TENANT, user.sub) }
}

type TakenOver = Awaited<ReturnType<typeof takenOver>>

async function put({ user, stored }: TakenOver, token: string, changes: object): Promise<void> {
  const { userName, profile, active, roles } = (await stored()) ?? user
  const account = { userName, emails: profile.emails, active, roles: roles.map((value) => ({ value })) }
  const answer = await fetch(`${service.issuer}/scim/v2/Users/${user.sub}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
    body: JSON.stringify({ schemas: [USER_SCHEMA], ...account, ...changes }),
  })
  expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)])
}

const stopLinksOf = async ({ user }: TakenOver) =>
  (await service.store.oneUse.list(TENANT, user.sub)).filter(({ kind }) => kind === STOP_LINK).length

test.each([
  ['address', ({ address }: TakenOver) => ({ emails: [{ value: `own-${address}`, primary: true }] })],
  ['password', () => ({ password: 'what a thief likes to set' })],
])(
  'their own %s, written by themselves, raises no count of the directory, and the link works on',
  async (_, changeOf) => {
    const at = await takenOver()
    await put(at, at.token, changeOf(at))
    expect(await at.stored()).not.toHaveProperty('directoryEpoch')
    expect(await stopLinksOf(at)).toBe(1)
    const owner = new Browser(service.issuer)
    const stopped = await owner.submit(await owner.visit(at.stop), {})
    expect(new URL(stopped.url).pathname).toBe('/password/reset')
    expect((await at.stored())?.profile.emails).toEqual([{ value: at.address, primary: true }])
  },
)

test('the same write by another caretaker is the directory’s, and ends the link', async () => {
  const { token: colleague } = await takenOver()
  const at = await takenOver()
  await put(at, colleague, { emails: [{ value: `desk-${at.address}`, primary: true }] })
  expect((await at.stored())?.directoryEpoch).toBe(1)
  expect(await stopLinksOf(at)).toBe(0)
})
