/**
 * A person changes their password and their address, on the real service with a real mail server. Checklist 35, 36, 42; OWASP
 * ASVS 6.2.3, 6.3.7, 7.4.3; OIDC Core 5.7.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sendMailLink } from '../../src/auth/user/mail-link.ts'
import { createPasswordHasher, hashGate } from '../../src/auth/user/password/hasher.ts'
import type { HttpRequest } from '../../src/http/message.ts'
import { randomId } from '../../src/kernel/ids.ts'
import type { Mailer } from '../../src/mail/mailer.ts'
import { noMail } from '../../src/mail/mailer.ts'
import { openMail } from '../../src/mail/open.ts'
import type { UserRecord } from '../../src/storage/records.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { newAddress, TENANT, userRecord } from '../servers/population.ts'
import { linkIn, mailThrough, type SmtpServer, startSmtpServer } from '../servers/smtp-server.ts'
import { send } from './at-account.ts'
import { begin, discover } from './relying-party.ts'
import { answerOf, tokensFor } from './requests.ts'
import { sendNewPassword } from './reset-form.ts'

const OLD = 'correct horse battery'
const NEW = 'several words of mine'

let smtp: SmtpServer
let service: TestService
const real = createPasswordHasher()

beforeAll(async () => {
  smtp = await startSmtpServer()
  service = await startAuthService({ service: { mail: mailThrough(smtp) } })
})
afterAll(async () => {
  await service?.close()
  await smtp?.close()
})
/** By which the service's clock is ahead. */
let aheadMs = 0
// Each test has an hour of its own: letters are counted by it.
beforeEach(() => {
  service.advance(3601)
  aheadMs += 3601 * 1000
})

async function person(parts: Partial<UserRecord> = {}): Promise<UserRecord> {
  const user = userRecord(newAddress(), { passwordHash: await real.hash(OLD), ...parts })
  expect(await service.store.users.create(TENANT, user)).toBe('written')
  return user
}

const stored = ({ sub }: UserRecord) => service.store.users.find(TENANT, sub)

async function signedIn(user: UserRecord, password = OLD): Promise<Browser> {
  const browser = new Browser(service.issuer)
  const { url } = await begin(await discover(service.issuer, service.population.own), 'openid')
  await browser.authorize(url, { userName: user.userName, password })
  return browser
}

const change = async (browser: Browser, values: Readonly<Record<string, string>>) =>
  send(browser, await browser.visit(`${service.issuer}/account/password`), /^\/account\/password$/, values)

const isSignedIn = async (browser: Browser): Promise<boolean> =>
  !(await browser.visit(`${service.issuer}/account`)).url.includes('/login')

describe('the password page', () => {
  test('changes it, ends every other session, keeps this one, and tells the person (checklist 42; ASVS 7.4.3)', async () => {
    const user = await person()
    const [here, there] = [await signedIn(user), await signedIn(user)]
    const done = await change(here, { password: OLD, new_password: NEW, end_others: 'yes' })
    expect([done.status, done.url, done.text]).toEqual([
      200,
      `${service.issuer}/account/password?done=changed`,
      expect.stringContaining('Your password was changed'),
    ])
    expect(await real.verify(NEW, (await stored(user))?.passwordHash)).toBe(true)
    expect([await isSignedIn(here), await isSignedIn(there)]).toEqual([true, false])
    expect((await smtp.next(user.userName, 'The password of your account was changed')).to).toEqual([user.userName])
    expect(service.audits).toContainEqual(expect.objectContaining({ event: 'password_changed', sub: user.sub }))
  })

  test('leaves other sessions where the person wants it', async () => {
    const user = await person()
    const [here, there] = [await signedIn(user), await signedIn(user)]
    expect((await change(here, { password: OLD, new_password: NEW })).status).toBe(200)
    expect(await isSignedIn(there)).toBe(true)
  })

  test('wants the password of before, and lets nobody guess it (ASVS 6.2.3; checklist 38)', async () => {
    const user = await person()
    const here = await signedIn(user)
    for (let round = 0; round < 10; round++) {
      const refused = await change(here, { password: `wrong ${round}`, new_password: NEW })
      expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('current password is wrong')])
    }
    expect((await change(here, { password: OLD, new_password: NEW })).status).toBe(429)
    expect((await stored(user))?.passwordHash).toBe(user.passwordHash)
  })

  test('what is guessed in one session is not taken from the attempts of another (checklist 38)', async () => {
    const user = await person()
    const [thief, owner] = [await signedIn(user), await signedIn(user)]
    for (let round = 0; round < 11; round++) await change(thief, { password: `wrong ${round}`, new_password: NEW })
    expect((await change(thief, { password: OLD, new_password: NEW })).status).toBe(429)
    expect((await change(owner, { password: OLD, new_password: NEW })).status).toBe(200)
  })

  test('takes another one than the current, however its letters are written', async () => {
    const name = 'ein gr\u00fcner Schl\u00fcssel'
    const user = await person({ passwordHash: await real.hash(name) })
    const here = await signedIn(user, name)
    const refused = await change(here, { password: name, new_password: name.normalize('NFD') })
    expect([refused.status, refused.text]).toEqual([
      400,
      expect.stringContaining('Choose another than the one you have.'),
    ])
    expect((await stored(user))?.passwordHash).toBe(user.passwordHash)
    expect((await change(here, { password: name, new_password: NEW })).status).toBe(200)
  })

  test('holds to the same rules as everywhere (checklist 35)', async () => {
    const user = await person()
    const here = await signedIn(user)
    for (const [password, why] of [
      ['short', '8 characters or more'],
      ['Football1!', 'first that are guessed'],
      [user.userName, 'your name or address'],
    ] as const) {
      const refused = await change(here, { password: OLD, new_password: password })
      expect([refused.status, refused.text]).toEqual([400, expect.stringContaining(why)])
    }
    expect((await stored(user))?.passwordHash).toBe(user.passwordHash)
  })

  test('wants a fresh sign-in first (checklist 42; ASVS 7.5.1)', async () => {
    const user = await person()
    const here = await signedIn(user)
    service.advance(11 * 60)
    expect((await here.visit(`${service.issuer}/account/password`)).url).toContain('/login')
    expect((await new Browser(service.issuer).visit(`${service.issuer}/account/password`)).url).toContain('/login')
  })

  test('a link that was sent before it works no more', async () => {
    const user = await person({ profile: { emails: [{ value: 'linked@example.com' }], emailVerified: true } })
    const forgot = new Browser(service.issuer)
    await forgot.submit(await forgot.visit(`${service.issuer}/password/forgot`), { username: user.userName })
    const link = linkIn(await smtp.next('linked@example.com', '/password/reset'), '/password/reset')
    await change(await signedIn(user), { password: OLD, new_password: NEW })
    expect((await forgot.visit(link)).status).toBe(400)
    expect((await sendNewPassword(forgot, link, 'yet another of mine')).status).toBe(400)
  })
})

describe('an address', () => {
  let mail: Mailer = noMail
  beforeAll(async () => {
    mail = await openMail(mailThrough(smtp), { clock: { nowMs: () => Date.now() }, onOutcome: () => undefined })
  })
  afterAll(() => mail.close())

  const request = () => {
    const seconds = Math.floor(Date.now() / 1000)
    const origin = { address: '127.0.0.1', time: { epoch_seconds: seconds, minute_of_day: 720, weekday: 2 } }
    return { id: randomId(), tenant: TENANT, origin } as unknown as HttpRequest
  }

  async function linkFor(user: UserRecord, to?: string): Promise<string> {
    const { issuer, store, node } = service
    const parts = { issuer, store, decide: node.decide, mail, spares: () => false }
    const deps = { ...parts, audit: async () => undefined, clock: { nowMs: Date.now } }
    // Those of the service's own clock, which is ahead, would have ended.
    const ahead = { ...deps, clock: { nowMs: () => Date.now() + aheadMs + 24 * 3600 * 1000 } }
    const purpose = to === undefined ? 'email_verify' : 'email_change'
    await sendMailLink(ahead, request(), { purpose, userName: user.userName, user, ...(to !== undefined && { to }) })
    return linkIn(await smtp.next(to ?? user.userName, '/email/verify'), '/email/verify')
  }

  async function use(link: string) {
    const browser = new Browser(service.issuer)
    return browser.submit(await browser.visit(link), {})
  }

  async function claimsOf(user: UserRecord) {
    const own = { issuer: service.issuer, population: { user: { ...user, password: OLD } } }
    const tokens = await tokensFor(own, service.population.web, 'openid email')
    const headers = { authorization: `Bearer ${tokens.access_token}` }
    const { email, email_verified } = (await answerOf(await fetch(`${service.issuer}/oauth/userinfo`, { headers })))
      .body
    return { email, email_verified }
  }

  test('is verified once its link was used, and not before (OIDC Core 5.7; checklist 43)', async () => {
    const user = await person()
    expect(await claimsOf(user)).toEqual({ email: user.userName, email_verified: false })
    const link = await linkFor(user)
    await new Browser(service.issuer).visit(link)
    expect((await claimsOf(user)).email_verified).toBe(false)
    expect((await use(link)).status).toBe(200)
    expect(await claimsOf(user)).toEqual({ email: user.userName, email_verified: true })
    expect((await use(link)).status).toBe(400)
  })

  test('changes once the new one was proven; the old and the new one are told (ASVS 6.3.7; checklist 42)', async () => {
    const user = await person()
    const others = [{ value: 'work@example.com', type: 'work' }]
    const emails = [{ value: user.userName, primary: true, type: 'home' }, ...others]
    await service.store.users.replace(TENANT, { ...user, profile: { emails } }, 1)
    const link = await linkFor(user, 'new@example.com')
    expect((await stored(user))?.profile.emails).toEqual(emails)
    const tries = await Promise.all(Array.from({ length: 10 }, () => use(link)))
    expect(tries.filter(({ status }) => status === 200)).toHaveLength(1)
    expect((await stored(user))?.profile).toEqual({
      emails: [{ value: 'new@example.com', primary: true, type: 'home' }, ...others],
      emailVerified: true,
    })
    for (const to of [user.userName, 'new@example.com'])
      expect((await smtp.next(to, 'e-mail address of your account was changed')).to).toEqual([to])
  })

  test.each<[string, (user: UserRecord) => Partial<UserRecord>]>([
    ['disabled', () => ({ active: false })],
    ['revoked', ({ revocationEpoch }) => ({ revocationEpoch: revocationEpoch + 1 })],
    ['given another password', () => ({ passwordHash: '$argon2id$another' })],
    ['given another address', () => ({ profile: { emails: [{ value: 'other@example.com' }] } })],
  ])('is not verified for an account that was %s meanwhile', async (_what, change) => {
    const user = await person()
    const link = await linkFor(user)
    await service.store.users.replace(TENANT, { ...user, ...change(user) }, 1)
    const before = await stored(user)
    expect((await use(link)).status).toBe(400)
    expect(await stored(user)).toEqual(before)
  })
})

test('a password is hashed anew at the sign-in where hashes cost more now; nothing ends by it (checklist 36)', async () => {
  const dearer = createPasswordHasher(hashGate(), { memoryKib: 20_000, passes: 2, parallelism: 1 })
  const later = await startAuthService({ service: { passwords: dearer } })
  try {
    const { user, own } = later.population
    const { url } = await begin(await discover(later.issuer, own), 'openid')
    const before = await later.store.users.find(TENANT, user.sub)
    expect(before?.passwordHash).toContain('m=19456,')
    expect((await new Browser(later.issuer).authorize(url, user)).searchParams.has('code')).toBe(true)
    const after = await later.store.users.find(TENANT, user.sub)
    expect(after).toEqual({ ...before, passwordHash: expect.stringContaining('m=20000,'), version: 2 })
    expect((await new Browser(later.issuer).authorize(url, user)).searchParams.has('code')).toBe(true)
    expect(await later.store.users.find(TENANT, user.sub)).toEqual(after)
  } finally {
    await later.close()
  }
})

test('a flood of passwords is refused beyond the gate, and everything else is answered meanwhile (checklist 36)', async () => {
  const flooded = await startAuthService({
    service: { passwords: createPasswordHasher(hashGate({ concurrent: 1, waiting: 4 })) },
  })
  try {
    const { issuer, population } = flooded
    const rp = await discover(issuer, population.own)
    const pages = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const browser = new Browser(issuer)
        return { browser, index, page: await browser.visit((await begin(rp, 'openid')).url) }
      }),
    )
    let isOver = false
    const flood = Promise.all(
      pages.map(({ browser, index, page }) => browser.submit(page, { username: `nobody-${index}`, password: 'x' })),
    ).finally(() => {
      isOver = true
    })
    let answeredMeanwhile = 0
    while (!isOver) {
      const { status } = await fetch(`${issuer}/health`)
      expect(status).toBe(200)
      if (!isOver) answeredMeanwhile += 1
    }
    const statuses = (await flood).map(({ status }) => status)
    expect(answeredMeanwhile).toBeGreaterThan(0)
    expect(statuses).toContain(503)
    expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(5)
    expect(statuses.filter((status) => status !== 503 && status !== 401)).toEqual([])
    const { url } = await begin(rp, 'openid')
    expect((await new Browser(issuer).authorize(url, population.user)).searchParams.has('code')).toBe(true)
  } finally {
    await flooded.close()
  }
})
