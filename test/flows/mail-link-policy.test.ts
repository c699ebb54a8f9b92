/** The obligations of `mail_link` are obeyed: each one, flipped in a copy of the Rego, changes what a person meets. OWASP ASVS 6.4. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeArchive } from '../../src/policy-engine/bundle/archive.ts'
import type { UserRecord } from '../../src/storage/records.ts'
import { signedBundle, startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { copyPolicies, type Edit, type PolicyFolder } from '../servers/policy-folder.ts'
import { newAddress, TENANT } from '../servers/population.ts'
import { bodyOf, linkIn } from '../servers/smtp-server.ts'
import { until } from '../servers/until.ts'
import { enter, newPerson, send } from './at-account.ts'
import { sendNewPassword } from './reset-form.ts'
import { createPersonWithoutFactors } from './use-factors.ts'

/** Enough for the shipped policy, and for no other that is made here. */
const NEW = 'zq9vt4mwx2'

let service: TestService
let policies: PolicyFolder
let folder: string
let version = 1
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-mail-link-policy-'))
  policies = copyPolicies()
  const mail = { from: { name: '', address: 'accounts@auth.example' }, directory: join(folder, 'letters') }
  service = await startAuthService({ service: { mail } })
})
afterAll(async () => {
  await service?.close()
  policies?.remove()
  rmSync(folder, { recursive: true })
})

async function activate(edit?: Omit<Edit, 'file'>): Promise<void> {
  policies.restore()
  if (edit) policies.edit({ file: 'authz/mail_link.rego', ...edit })
  const path = join(folder, 'bundle.tar.gz')
  writeFileSync(path, await writeArchive(await policies.compile()))
  version += 1
  await service.node.activate([await signedBundle(path, version)])
}

const lettersTo = (address: string): string[] =>
  readdirSync(join(folder, 'letters'))
    .toSorted()
    .map((file) => readFileSync(join(folder, 'letters', file), 'utf8'))
    .filter((letter) => letter.includes(`To: ${address}`))

/** Somebody with a proven address, who has asked for a link. */
async function asking(): Promise<UserRecord> {
  const { userName } = await createPersonWithoutFactors(service)
  const user = await service.store.users.findByUserName(TENANT, userName)
  if (user === undefined) throw new Error('no such person')
  const profile = { emails: [{ value: userName, primary: true }], emailVerified: true }
  const written = await service.store.users.replace(
    TENANT,
    { ...user, profile, version: user.version + 1 },
    user.version,
  )
  expect(written).toBe('written')
  await askFor(userName)
  return user
}

async function askFor(username: string): Promise<void> {
  const browser = new Browser(service.issuer)
  await browser.submit(await browser.visit(`${service.issuer}/password/forgot`), { username })
}

async function linkOf({ userName }: UserRecord): Promise<string> {
  await until(async () => lettersTo(userName).length > 0, 'the letter is there')
  return linkIn({ message: lettersTo(userName)[0] ?? '' }, '/password/reset')
}

async function use(link: string): Promise<number> {
  return (await sendNewPassword(new Browser(service.issuer), link, NEW)).status
}

/** A letter that goes out later than another would is there once the other is. */
async function isSent(): Promise<boolean> {
  const user = await asking()
  await activate()
  const other = await asking()
  await linkOf(other)
  return lettersTo(user.userName).length > 0
}

async function usedAfterAMinute(): Promise<number> {
  const link = await linkOf(await asking())
  service.advance(61)
  return use(link)
}

const used = async () => use(await linkOf(await asking()))

async function epochsOn(): Promise<number> {
  const user = await asking()
  expect(await use(await linkOf(user))).toBe(200)
  return ((await service.store.users.find(TENANT, user.sub))?.revocationEpoch ?? 0) - user.revocationEpoch
}

/** Whether the password that the account had still signs in once a change of address was stopped. */
const keepsPassword = async (): Promise<boolean> =>
  (await enter(service, (await stopped()).person, '/account')).page.status === 200

/** Whether an authenticator app that was added a moment before stays. */
async function keepsFactors(): Promise<boolean> {
  const { factors } = service.store
  const { person } = await stopped(async ({ sub }) => {
    const createdAt = Math.floor(Date.now() / 1000) + 10 * 24 * 3600
    expect(await factors.totp.add(TENANT, sub, { v: 1, sealed: 'of whoever is in the account', createdAt })).toBe(
      'written',
    )
  })
  return (await factors.of(TENANT, person.sub)).totp !== undefined
}

async function stopped(first: (person: { readonly sub: string }) => Promise<void> = async () => {}) {
  const { person, browser, page } = await changing()
  await send(browser, page, /email$/, { purpose: 'change', email: `new-${person.userName}` })
  await until(async () => lettersTo(person.userName).some((letter) => letter.includes('/email/stop')), 'the letter')
  const [letter = ''] = lettersTo(person.userName).filter((one) => one.includes('/email/stop'))
  await first(person)
  const owner = new Browser(service.issuer)
  await send(owner, await owner.visit(linkIn({ message: letter }, '/email/stop')), /stop$/)
  return { person }
}

async function changing() {
  const address = newAddress()
  const profile = { emails: [{ value: address, primary: true }], emailVerified: true }
  const person = await newPerson(service, { userName: address, profile })
  return { person, ...(await enter(service, person, '/account/email')) }
}

async function isTold(): Promise<boolean> {
  const user = await asking()
  expect(await use(await linkOf(user))).toBe(200)
  // A later letter to the same person.
  await askFor(user.userName)
  await until(async () => lettersTo(user.userName).filter((one) => one.includes('/password/reset')).length > 1, 'both')
  return lettersTo(user.userName).some((letter) => bodyOf(letter).includes('A new password was set'))
}

test.each([
  ['mail_link.send', isSent, true, ['"send": send', '"send": false'], false],
  ['mail_link.ttl_seconds', usedAfterAMinute, 200, ['ttl_seconds := 1200', 'ttl_seconds := 60'], 400],
  [
    'mail_link.least_password_characters',
    used,
    200,
    ['"least_password_characters": least_password_characters', '"least_password_characters": 40'],
    400,
  ],
  ['mail_link.revoke_access', epochsOn, 1, ['"revoke_access": revoke_access', '"revoke_access": false'], 0],
  ['mail_link.end_password', keepsPassword, false, ['"end_password": end_password', '"end_password": false'], true],
  ['mail_link.end_factors', keepsFactors, false, ['"end_factors": end_factors', '"end_factors": "none"'], true],
  ['mail_link.notify', isTold, true, ['"notify": notify', '"notify": false'], false],
] as const)('%s', async (_field, look, before, [from, to], after) => {
  await activate()
  expect(await look()).toEqual(before)
  await activate({ from, to })
  expect(await look()).toEqual(after)
  service.advance(3601)
})
