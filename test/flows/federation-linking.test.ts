/** Accounts at providers and accounts here: never joined by an address alone, linked and unlinked by who has proven both. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createPasswordHasher } from '../../src/auth/user/password/hasher.ts'
import { randomId } from '../../src/kernel/ids.ts'
import { identityKey, type UserRecord } from '../../src/storage/records.ts'
import { Browser, type Visited } from '../servers/browser.ts'
import { openChromium } from '../servers/chromium.ts'
import { lookAt } from '../servers/look.ts'
import { TENANT, userRecord } from '../servers/population.ts'
import { until } from '../servers/until.ts'
import { codeAt, confirmTotp } from './factors.ts'
import { atProvider, codeAfter, type Federated, onSignInPage, signInAt, startFederated } from './federation.ts'

const PASSWORD = 'a long enough password'

let service: Federated
let mail: string
let passwordHash: string
beforeAll(async () => {
  mail = mkdtempSync(join(tmpdir(), 'federation-mail-'))
  passwordHash = await createPasswordHasher().hash(PASSWORD)
  service = await startFederated({
    service: { mail: { from: { name: '', address: 'accounts@auth.example' }, directory: mail } },
  })
})
afterAll(async () => {
  await service.close()
  rmSync(mail, { recursive: true })
})

let offset = 0
function advance(seconds: number): void {
  service.advance(seconds)
  offset += seconds
}

let count = 0
let address: string
let user: UserRecord
beforeEach(async () => {
  count += 1
  address = `person${count}@example.com`
  user = await createUser({ emailVerified: true })
  service.google.person = { sub: `upstream-${count}-${randomId(4)}`, email: address, email_verified: true }
})

async function createUser(profile: object, more: Partial<UserRecord> = {}): Promise<UserRecord> {
  const made = userRecord(address, {
    passwordHash,
    profile: { emails: [{ value: address, primary: true }], ...profile },
    ...more,
  })
  expect(await service.store.users.create(TENANT, made)).toBe('written')
  return made
}

const identities = (sub: string) => service.store.identities.list(TENANT, sub)
const ownerOf = async (subject: string) =>
  (await service.store.identities.find(TENANT, identityKey(service.google.issuer, subject)))?.sub
const events = (name: string) => service.audits.filter(({ event, sub }) => event === name && sub === user.sub)

/** Types the password on whichever page asks for it. */
async function signInHere(browser: Browser, page: Visited, password = PASSWORD): Promise<Visited> {
  const asked = await browser.submit(page, { username: address })
  return browser.submit(asked, { password })
}

const hrefOf = (page: Visited, start: string): string => {
  const href = new RegExp(`href="(${start}[^"]*)"`).exec(page.text)?.[1]
  if (href === undefined) throw new Error(`no link to ${start} on ${page.url}: ${page.text}`)
  return new URL(href.replaceAll('&amp;', '&'), page.url).href
}

describe('the address of an account that is here', () => {
  test.each([
    ['its user name', {}],
    ['its verified address alone', { userName: `ada-${randomId(6)}` }],
  ])('lets nobody in before that account was signed in to: %s (checklist 43)', async (_, named) => {
    address = `case-${randomId(6)}@example.com`.toLowerCase()
    user = await createUser({ emailVerified: true }, named)
    service.google.person = { sub: randomId(), email: address.toUpperCase(), email_verified: true }
    const at = await onSignInPage(service)
    const told = await signInAt(at, 'google')
    expect([told.status, told.text]).toEqual([200, expect.stringContaining('You have an account already')])
    expect(at.browser.cookies.has('sallyport_session')).toBe(false)
    expect(await ownerOf(service.google.person.sub)).toBeUndefined()

    const wrong = await signInHere(at.browser, await at.browser.visit(hrefOf(told, '/login')), 'not the password')
    expect(wrong.status).toBe(401)
    expect(await ownerOf(service.google.person.sub)).toBeUndefined()

    const proved = await signInHere(at.browser, await at.browser.visit(hrefOf(told, '/login')))
    expect(proved.text).toContain('Connect Google?')
    expect(await ownerOf(service.google.person.sub)).toBeUndefined()
    const on = await at.browser.submit(proved, { answer: 'link' })
    await codeAfter(at.browser, on)
    expect(await ownerOf(service.google.person.sub)).toBe(user.sub)
    expect(events('identity_linked')).toHaveLength(1)

    // From then on it enters, with no question.
    const next = await onSignInPage(service)
    await codeAfter(next.browser, await signInAt(next, 'google'))
    expect(service.audits.at(-1)).toBeDefined()
    const session = service.audits.filter(({ event }) => event === 'sign_in').at(-1)
    expect(session?.sub).toBe(user.sub)
  })

  test('leads nowhere while nobody has proven it here: to no account, and to no new one (checklist 43)', async () => {
    address = `case-${randomId(6)}@example.com`.toLowerCase()
    user = await createUser({})
    service.google.person = { sub: randomId(), email: address, email_verified: true }
    const at = await onSignInPage(service)
    const told = await signInAt(at, 'google')
    expect([told.status, told.text]).toEqual([403, expect.stringMatching(/Confirm your .*e-mail.* address first/)])
    expect(service.audits.at(-1)).toMatchObject({ event: 'federation_failed', detail: 'account_unverified' })
    expect(await ownerOf(service.google.person.sub)).toBeUndefined()
    expect(await service.store.users.findByVerifiedEmail(TENANT, address)).toBeUndefined()
    await service.store.users.replace(
      TENANT,
      { ...user, profile: { ...user.profile, emailVerified: true }, version: 2 },
      1,
    )
    const again = await signInAt(await onSignInPage(service), 'google')
    expect(again.text).toContain('You have an account already')
  })

  test('links nothing where it is proven here no more once the person has signed in (checklist 43)', async () => {
    const at = await onSignInPage(service)
    const told = await signInAt(at, 'google')
    const proved = await signInHere(at.browser, await at.browser.visit(hrefOf(told, '/login')))
    const profile = { ...user.profile, emailVerified: false }
    await service.store.users.replace(TENANT, { ...user, profile, version: 2 }, 1)
    expect((await at.browser.submit(proved, { answer: 'link' })).status).toBe(403)
    expect(await ownerOf(service.google.person.sub)).toBeUndefined()
  })

  test('who declines is signed in as ever, and nothing is linked', async () => {
    const at = await onSignInPage(service)
    const told = await signInAt(at, 'google')
    const proved = await signInHere(at.browser, await at.browser.visit(hrefOf(told, '/login')))
    await codeAfter(at.browser, await at.browser.submit(proved, { answer: 'skip' }))
    expect(await ownerOf(service.google.person.sub)).toBeUndefined()
    expect(events('identity_linked')).toEqual([])
  })

  test('another person cannot take the link over: not signed in as themselves, not in another browser, not twice (checklist 43)', async () => {
    const at = await onSignInPage(service)
    const told = await signInAt(at, 'google')
    const proved = await signInHere(at.browser, await at.browser.visit(hrefOf(told, '/login')))
    const thief = new Browser(service.issuer)
    expect((await thief.visit(proved.url)).status).toBe(400)
    // Signed in here as somebody else.
    const other = await onSignInPage(service)
    const { user: alice } = service.population
    await other.browser.submit(other.page, { username: alice.userName, password: alice.password })
    expect((await other.browser.visit(proved.url)).status).toBe(400)
    const sent = await Promise.all([0, 1, 2].map(() => at.browser.submit(proved, { answer: 'link' })))
    expect(sent.filter(({ status }) => status === 400)).toHaveLength(2)
    expect(await ownerOf(service.google.person.sub)).toBe(user.sub)
    expect(events('identity_linked')).toHaveLength(1)
  })

  test('a form that is not our own links nothing (checklist 12)', async () => {
    const at = await onSignInPage(service)
    const told = await signInAt(at, 'google')
    const proved = await signInHere(at.browser, await at.browser.visit(hrefOf(told, '/login')))
    const forged = await at.browser.visit(proved.url, {
      method: 'POST',
      body: new URLSearchParams({ answer: 'link', form_token: 'x' }),
      headers: { 'sec-fetch-site': 'cross-site' },
    })
    expect(forged.status).toBe(403)
    expect(await ownerOf(service.google.person.sub)).toBeUndefined()
  })
})

describe('at the person’s own page', () => {
  const PAGE = () => `${service.issuer}/account/identities`

  async function signedIn(): Promise<Browser> {
    const browser = new Browser(service.issuer)
    const page = await browser.visit(PAGE())
    expect(page.url).toContain('/login')
    const there = await signInHere(browser, page)
    expect(there.url).toBe(PAGE())
    return browser
  }
  /** Where the page has no such form: none. */
  const formTokenOn = ({ text }: Visited, action: string): string => {
    const form = text.split('<form').find((part) => part.includes(`action="/account/identities/${action}"`)) ?? ''
    return /name="form_token" value="([^"]+)"/.exec(form)?.[1] ?? ''
  }
  const post = async (browser: Browser, action: 'link' | 'unlink', fields: Readonly<Record<string, string>>) => {
    const page = await browser.visit(PAGE())
    const body = new URLSearchParams({ form_token: formTokenOn(page, action), ...fields })
    const headers = { 'sec-fetch-site': 'same-origin' }
    return browser.visit(`${PAGE()}/${action}`, { method: 'POST', body, headers })
  }
  const linkGoogle = async (browser: Browser): Promise<Visited> => {
    const sent = await post(browser, 'link', { provider: 'google' })
    return browser.visit((await atProvider(sent.left)).href)
  }

  test('an account at a provider is linked, whatever its address, and unlinked again; the person is told (checklist 42, 43)', async () => {
    service.google.person = { sub: randomId(), email: 'quite@another.example', email_verified: false, name: 'Zoë D.' }
    const browser = await signedIn()
    const linked = await linkGoogle(browser)
    expect(linked.url).toBe(PAGE())
    expect(linked.text).toContain('Zoë D.')
    const [identity] = await identities(user.sub)
    expect(identity).toMatchObject({ provider: 'google', subject: service.google.person.sub })
    expect(events('identity_linked')).toHaveLength(1)

    const enters = await onSignInPage(service)
    await codeAfter(enters.browser, await signInAt(enters, 'google'))

    await post(browser, 'unlink', { identity: identity?.key ?? '' })
    expect(await identities(user.sub)).toEqual([])
    expect(events('identity_unlinked')).toHaveLength(1)
    const letters = () => readdirSync(mail).map((file) => readFileSync(join(mail, file), 'utf8'))
    const toThem = () => letters().filter((letter) => letter.includes(`To: ${address}`) && letter.includes('Google'))
    await until(async () => toThem().length === 2, 'two letters')
  })

  test('linking and unlinking want a fresh sign-in of the same person (checklist 42)', async () => {
    const browser = await signedIn()
    await linkGoogle(browser)
    const [identity] = await identities(user.sub)
    advance(301)
    for (const [action, fields] of [
      ['link', { provider: 'other' }],
      ['unlink', { identity: identity?.key ?? '' }],
    ] as const) {
      const page = await post(browser, action, fields)
      expect([page.left, page.url]).toEqual([undefined, expect.stringContaining('/login')])
    }
    expect(await identities(user.sub)).toHaveLength(1)
    const anew = await signInHere(browser, await post(browser, 'unlink', { identity: identity?.key ?? '' }))
    expect(anew.url).toBe(PAGE())
    await post(browser, 'unlink', { identity: identity?.key ?? '' })
    expect(await identities(user.sub)).toEqual([])
  })

  test('linking and unlinking want the second factor that the account has, as a change of factors does (checklist 42)', async () => {
    const browser = await signedIn()
    await linkGoogle(browser)
    const [identity] = await identities(user.sub)
    const now = Date.now() / 1000 + offset
    const enrolment = await browser.visit(`${service.issuer}/mfa/enrol/totp`)
    const { secret } = await confirmTotp(browser, enrolment, now)
    for (const [action, fields] of [
      ['link', { provider: 'other' }],
      ['unlink', { identity: identity?.key ?? '' }],
    ] as const) {
      const page = await post(browser, action, fields)
      expect([page.left, new URL(page.url).pathname]).toEqual([undefined, '/mfa/totp'])
    }
    expect(await identities(user.sub)).toHaveLength(1)
    const asked = await post(browser, 'unlink', { identity: identity?.key ?? '' })
    expect((await browser.submit(asked, { code: codeAt(secret, now + 30) })).url).toBe(PAGE())
    await post(browser, 'unlink', { identity: identity?.key ?? '' })
    expect(await identities(user.sub)).toEqual([])
  })

  test('one that is another person’s is refused, and stays theirs (checklist 43)', async () => {
    const first = await signedIn()
    await linkGoogle(first)
    const owner = user.sub
    const taken = service.google.person
    address = `second-${randomId(5)}@example.com`.toLowerCase()
    user = await createUser({})
    const second = await signedIn()
    service.google.person = taken
    const refused = await linkGoogle(second)
    expect(refused.status).toBe(403)
    expect(await ownerOf(taken.sub)).toBe(owner)
    expect(await identities(user.sub)).toEqual([])
  })

  test('nobody unlinks another person’s, or without our own form (checklist 12)', async () => {
    const first = await signedIn()
    await linkGoogle(first)
    const [identity] = await identities(user.sub)
    const owner = user.sub
    address = `third-${randomId(5)}@example.com`.toLowerCase()
    user = await createUser({})
    const second = await signedIn()
    await post(second, 'unlink', { identity: identity?.key ?? '' })
    const forged = await first.visit(`${PAGE()}/unlink`, {
      method: 'POST',
      body: new URLSearchParams({ identity: identity?.key ?? '', form_token: 'x' }),
    })
    expect(forged.status).toBe(403)
    expect(await identities(owner)).toHaveLength(1)
  })

  test('the last way in cannot be taken away, and one of two can', async () => {
    // Came by Google, and has no password.
    service.google.person = {
      sub: randomId(),
      email: `only-${randomId(5)}@example.com`.toLowerCase(),
      email_verified: true,
    }
    const at = await onSignInPage(service)
    await codeAfter(at.browser, await signInAt(at, 'google'))
    const sub = (await ownerOf(service.google.person.sub)) ?? ''
    const [identity] = await identities(sub)
    const kept = await post(at.browser, 'unlink', { identity: identity?.key ?? '' })
    expect([kept.status, kept.text]).toEqual([403, expect.stringContaining('last way')])
    expect(await identities(sub)).toHaveLength(1)

    service.other.person = { sub: randomId() }
    const sent = await post(at.browser, 'link', { provider: 'other' })
    await at.browser.visit((await atProvider(sent.left)).href)
    expect(await identities(sub)).toHaveLength(2)
    await post(at.browser, 'unlink', { identity: identity?.key ?? '' })
    expect((await identities(sub)).map(({ provider }) => provider)).toEqual(['other'])
  })

  test('a state of linking opens no sign-in, and is of no use to another session (checklist 43)', async () => {
    const browser = await signedIn()
    const sent = await post(browser, 'link', { provider: 'google' })
    const answer = await atProvider(sent.left)
    address = `fourth-${randomId(5)}@example.com`.toLowerCase()
    user = await createUser({})
    const attacker = await signedIn()
    expect((await attacker.visit(answer.href)).status).toBe(400)
    expect(await identities(user.sub)).toEqual([])
    const stranger = await onSignInPage(service)
    expect((await stranger.browser.visit(answer.href)).status).toBe(400)
    expect(stranger.browser.cookies.has('sallyport_session')).toBe(false)
  })

  test('an unlinked account ends with its person (checklist 45)', async () => {
    const browser = await signedIn()
    await linkGoogle(browser)
    await service.store.users.delete(TENANT, user.sub)
    expect(await ownerOf(service.google.person.sub)).toBeUndefined()
  })
})

test('in Chromium: sign-in at the provider, the account proven and connected, seen and disconnected (checklist 43)', async () => {
  const { context, page, complaints, close } = await openChromium({ ignoreHTTPSErrors: true })
  try {
    const { url } = await onSignInPage(service)
    await page.goto(url)
    await lookAt(page, 'federation-sign-in')
    await page.getByRole('link', { name: 'Continue with Google' }).click()
    await page.getByRole('heading', { name: 'You have an account already' }).waitFor()
    await lookAt(page, 'federation-account-exists')
    await page.getByRole('link', { name: 'Sign in to your account' }).click()
    await page.getByLabel('User name').fill(address)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByLabel('Password').fill(PASSWORD)
    await page.locator('button.primary').click()
    await page.getByRole('heading', { name: 'Connect Google?' }).waitFor()
    await lookAt(page, 'federation-connect')
    const response = page.waitForURL(/\/consent|127\.0\.0\.1:9/).catch(() => undefined)
    await page.getByRole('button', { name: 'Connect' }).click()
    await response
    await until(async () => (await ownerOf(service.google.person.sub)) === user.sub, 'the account is connected')

    await page.goto(`${service.issuer}/account/identities`)
    await page.getByRole('heading', { name: 'Google' }).waitFor()
    service.other.person = { sub: randomId(), name: 'Somebody' }
    await page.getByRole('button', { name: 'Connect Single sign-on' }).click()
    await page.getByText('Somebody').waitFor()
    expect(await identities(user.sub)).toHaveLength(2)
    await lookAt(page, 'federation-linked-accounts')
    await page.goto(`${service.issuer}/federation/callback/google?state=x`)
    await lookAt(page, 'federation-failed')
    await page.goBack()
    await page.getByRole('button', { name: /Disconnect Google/ }).click()
    await until(async () => (await identities(user.sub)).length === 1, 'Google is disconnected')
    expect(complaints.filter((line) => /Content Security Policy/.test(line))).toEqual([])
    expect((await context.cookies()).some(({ name }) => name === 'sallyport_session')).toBe(true)
  } finally {
    await close()
  }
})
