/**
 * A forgotten password, from the page to the mailbox and back, on the real service, a real mail server and a real browser.
 * OWASP ASVS 6.3.8, 6.4; checklist 37 and 39.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createPasswordHasher } from '../../src/auth/user/password/hasher.ts'
import { digestOf, randomId } from '../../src/kernel/ids.ts'
import type { UserRecord } from '../../src/storage/records.ts'
import { openSqliteStore } from '../../src/storage/sqlite/open.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { openChromium, openSite } from '../servers/chromium.ts'
import { lookAt } from '../servers/look.ts'
import { clientRecord, newAddress, TENANT, userRecord } from '../servers/population.ts'
import { bodyOf, linkIn, mailThrough, type SmtpServer, startSmtpServer } from '../servers/smtp-server.ts'
import { BEHIND_PROXY } from './attackers.ts'
import { countedHasher, countedStore } from './counted-work.ts'
import { begin, discover } from './relying-party.ts'
import { post, tokensFor } from './requests.ts'
import { sendNewPassword } from './reset-form.ts'
import { startWithWebhook, type WithWebhook } from './with-webhook.ts'

const NEW = 'several words of mine'

let smtp: SmtpServer
let around: WithWebhook
let service: TestService
/** Calls of the store and of the hasher, in order. */
const calls: string[] = []
const real = createPasswordHasher()

beforeAll(async () => {
  smtp = await startSmtpServer()
  around = await startWithWebhook({
    store: async (path, clock) => countedStore(await openSqliteStore({ path, clock }), calls),
    service: { ...BEHIND_PROXY, passwords: countedHasher(real, calls), mail: mailThrough(smtp) },
  })
  service = around.service
})
afterAll(async () => {
  await around?.stop()
  await smtp?.close()
})
// Each test has an hour of its own: letters are counted by it.
beforeEach(() => service.advance(3601))

/** Somebody with a proven address. */
async function person(parts: Partial<UserRecord> = {}): Promise<UserRecord> {
  const name = newAddress()
  const user = userRecord(name, {
    passwordHash: await real.hash('correct horse battery'),
    profile: { emails: [{ value: name, primary: true }], emailVerified: true },
    ...parts,
  })
  expect(await service.store.users.create(TENANT, user)).toBe('written')
  return user
}

const stored = async ({ sub }: UserRecord) => service.store.users.find(TENANT, sub)

/** A browser in a network of its own: nothing is counted against this machine. */
function abroad(): Browser {
  const browser = new Browser(service.issuer)
  browser.headers['x-forwarded-for'] = '192.0.2.80'
  return browser
}

async function ask(userName: string, browser = abroad()) {
  const page = await browser.visit(`${service.issuer}/password/forgot`)
  return browser.submit(page, { username: userName })
}

async function linkFor(user: UserRecord): Promise<string> {
  await ask(user.userName)
  return linkIn(await smtp.next(user.userName, '/password/reset'), '/password/reset')
}

/** The page of a link that works no more has no form, and one that was open before does as little. */
async function use(link: string, password = NEW, browser = new Browser(service.issuer)) {
  const page = await browser.visit(link)
  if (page.status === 200) return browser.submit(page, { new_password: password })
  expect([page.status, page.text.includes('<form')]).toEqual([400, false])
  return sendNewPassword(browser, link, password)
}

async function signsIn(user: UserRecord, password: string): Promise<boolean> {
  const browser = new Browser(service.issuer)
  const { url } = await begin(await discover(service.issuer, service.population.own), 'openid')
  const page = await browser.visit(url)
  const after = await browser.submit(page, { username: user.userName, password })
  return after.left?.searchParams.has('code') === true
}

describe('the link', () => {
  test('sets a new password once, signs nobody in, ends what was given before, and the person is told (checklist 39)', async () => {
    const user = await person()
    const own = { issuer: service.issuer, population: { user: { ...user, password: 'correct horse battery' } } }
    const tokens = await tokensFor(own, service.population.web, 'openid offline_access')
    const link = await linkFor(user)
    expect(new URL(link).searchParams.get('link')).toMatch(/^[A-Za-z0-9_-]{43}$/)

    const browser = new Browser(service.issuer)
    const done = await use(link, NEW, browser)
    expect([done.status, done.text]).toEqual([200, expect.stringContaining('Your password was changed')])
    expect([...browser.cookies.keys()].toSorted()).toEqual(['sallyport_browser', 'sallyport_devices'])

    const refresh = { grant_type: 'refresh_token', refresh_token: String(tokens.refresh_token) }
    expect((await post(service, '/oauth/token', service.population.web, refresh)).body.error).toBe('invalid_grant')
    const { total } = await service.store.sessions.list(TENANT, { sub: user.sub }, 0, 10)
    expect(total).toBe(0)
    expect(await signsIn(user, 'correct horse battery')).toBe(false)
    expect(await signsIn(user, NEW)).toBe(true)
    const notice = bodyOf((await smtp.next(user.userName, 'A new password was set')).message)
    expect(notice).toContain('A new password was set')
    expect(notice).not.toContain('/password/reset')
    expect(service.audits.filter(({ sub }) => sub === user.sub).map(({ event }) => event)).toEqual(
      expect.arrayContaining(['password_reset_asked', 'password_reset', 'session_ended']),
    )
  })

  test('GET spends nothing, however often a scanner of mail comes by, and leaks the link to nobody', async () => {
    const user = await person()
    const link = await linkFor(user)
    for (const method of ['GET', 'HEAD', 'GET']) {
      const { status, headers } = await new Browser(service.issuer).visit(link, { method })
      expect([status, headers.get('referrer-policy'), headers.get('cache-control')]).toEqual([
        200,
        'no-referrer',
        'no-store',
      ])
    }
    expect((await use(link)).status).toBe(200)
  })

  test('a second use is refused, and of 20 at once one wins (checklist 51)', async () => {
    const user = await person()
    const link = await linkFor(user)
    const tries = await Promise.all(Array.from({ length: 20 }, (_, index) => use(link, `${NEW} ${index}`)))
    const won = tries.flatMap(({ status }, index) => (status === 200 ? [index] : []))
    expect(won).toHaveLength(1)
    for (const { status, text } of tries.filter((one) => one.status !== 200))
      expect([status, text]).toEqual([expect.toBeOneOf([400, 503]), expect.any(String)])
    expect(await real.verify(`${NEW} ${won[0]}`, (await stored(user))?.passwordHash)).toBe(true)
    const again = await use(link, 'yet another of mine')
    expect([again.status, again.text]).toEqual([400, expect.stringContaining('works no more')])
    await service.service.threats.settled()
    const [asked] = service.decisions().filter(({ input }) => Object(input).kind === 'reset_link')
    expect(asked).toMatchObject({ path: 'authz/threat/decision', input: { signal: 'replay' } })
    expect(await real.verify(`${NEW} ${won[0]}`, (await stored(user))?.passwordHash)).toBe(true)
  })

  test('ends with its time', async () => {
    const user = await person()
    const link = await linkFor(user)
    service.advance(20 * 60)
    expect((await use(link)).status).toBe(400)
    expect((await stored(user))?.passwordHash).toBe(user.passwordHash)
  })

  test.each<[string, (user: UserRecord) => Partial<UserRecord> | undefined]>([
    ['is disabled', () => ({ active: false })],
    ['is deleted', () => undefined],
    ['had its sessions revoked', ({ revocationEpoch }) => ({ revocationEpoch: revocationEpoch + 1 })],
    ['has another password', () => ({ passwordHash: '$argon2id$another' })],
    ['has another address', ({ profile }) => ({ profile: { ...profile, emails: [{ value: 'new@example.com' }] } })],
    ['has an address that is proven no more', ({ profile }) => ({ profile: { ...profile, emailVerified: false } })],
  ])('ends where the account %s', async (_what, change) => {
    const user = await person()
    const link = await linkFor(user)
    const changed = change(user)
    if (changed === undefined) await service.store.users.delete(TENANT, user.sub)
    else await service.store.users.replace(TENANT, { ...user, ...changed }, user.version)
    const before = await stored(user)
    expect((await use(link)).status).toBe(400)
    expect(await stored(user)).toEqual(before)
  })

  test('an older link ends with the newer one that was used', async () => {
    const user = await person()
    const [first, second] = [await linkFor(user), await linkFor(user)]
    expect((await use(second)).status).toBe(200)
    expect((await use(first)).status).toBe(400)
  })

  test('a password that may not be set spends nothing and says why; any other may be pasted whole (checklist 35)', async () => {
    const user = await person()
    const link = await linkFor(user)
    for (const [password, why] of [
      ['', 'Enter a new password'],
      ['seven c', '8 characters or more'],
      ['password', 'first that are guessed'],
      [user.userName, 'your name or address'],
      ['x'.repeat(1025), 'at most 1024 bytes'],
    ] as const) {
      const refused = await use(link, password)
      expect([refused.status, refused.text]).toEqual([400, expect.stringContaining(why)])
      expect(refused.text).not.toContain('value="seven c"')
    }
    const long = ` ${'Größe 🙂 '.repeat(20)}`
    expect((await use(link, long)).status).toBe(200)
    expect(await real.verify(long.normalize('NFD'), (await stored(user))?.passwordHash)).toBe(true)
    expect(await real.verify(long.trim(), (await stored(user))?.passwordHash)).toBe(false)
  })

  test('whoever may do much needs a longer password, by policy (ASVS 6.2.1)', async () => {
    const user = await person({ roles: ['platform_admin'] })
    const link = await linkFor(user)
    const refused = await use(link, 'fourteen of it')
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('15 characters or more')])
    expect((await use(link, 'fifteen of it!!')).status).toBe(200)
  })

  test('is refused from a form of another page or browser (checklist 12)', async () => {
    const user = await person()
    const link = await linkFor(user)
    const [mine, other] = [new Browser(service.issuer), new Browser(service.issuer)]
    const page = await mine.visit(link)
    await other.visit(`${service.issuer}/password/forgot`)
    expect((await other.submit(page, { new_password: NEW })).status).toBe(403)
    expect((await mine.submit(page, { new_password: NEW })).status).toBe(200)
  })
})

describe('asking for it', () => {
  test('reads the same and is the same work for every name, letter or not, mail and webhook included (ASVS 6.3.8; checklist 37)', async () => {
    const known = await person()
    const others = [
      await person({ active: false }),
      await person({ profile: { emails: [{ value: 'unproven@example.com' }] } }),
      await person({ profile: {} }),
    ]
    const { passwordHash: _none, ...without } = await person()
    await service.store.users.replace(TENANT, { ...without, version: 2 }, 1)
    const another = await person({ userName: randomId(8) })
    const [{ value: address = '' } = {}] = another.profile.emails as readonly { value?: string }[]
    const ofOthers = others.map(({ userName }) => userName)
    const names = [known.userName, address, ...ofOthers, without.userName, 'unproven@example.com', 'nobody@example.com']
    const seen = []
    const toldBefore = await around.told('password_reset_asked')
    for (const name of names) {
      const browser = new Browser(service.issuer)
      const page = await browser.visit(`${service.issuer}/password/forgot`)
      calls.length = 0
      const { status, text, headers } = await browser.submit(page, { username: name })
      if (seen.length < 2) await smtp.next(name)
      expect(await around.told('password_reset_asked')).toBe(toldBefore + seen.length + 1)
      const shown = text.replaceAll(/nonce="[^"]*"/g, '')
      seen.push({ status, shown, names: [...headers.keys()], calls: calls.toSorted() })
    }
    for (const one of seen) expect(one).toEqual(seen[0])
    expect(seen[0]).toMatchObject({ status: 200, shown: expect.stringContaining('Look into your mailbox') })
    expect(seen[0]?.calls).toEqual(
      expect.arrayContaining(['users.findBySignInName', 'limits.hit', 'limits.hit', 'oneUse.put']),
    )
    expect(seen[0]?.calls.filter((call) => call === 'outbox.add')).toHaveLength(1)
    const reached = smtp.received.flatMap(({ to }) => to)
    expect(reached).toContain(address)
    for (const name of names.slice(2)) expect(reached).not.toContain(name)
  })

  test('a wrong password and an unknown name are the same work at the sign-in too: hashes, store, webhook (checklist 37)', async () => {
    const known = await person()
    const disabled = await person({ active: false })
    const seen = []
    const toldBefore = await around.told('sign_in_failed')
    for (const name of [known.userName, disabled.userName, 'nobody-at-all@example.com']) {
      const browser = new Browser(service.issuer)
      const { url } = await begin(await discover(service.issuer, service.population.own), 'openid')
      const page = await browser.visit(url)
      calls.length = 0
      const { status, text } = await browser.submit(page, { username: name, password: 'a wrong one' })
      expect(await around.told('sign_in_failed')).toBe(toldBefore + seen.length + 1)
      const shown = text
        .replaceAll(/nonce="[^"]*"/g, '')
        .replaceAll(/(form_token" value|interaction)=("?)[\w-]+/g, '$1=')
        .replaceAll(name, 'NAME')
      seen.push({ status, shown, calls: calls.toSorted() })
    }
    for (const one of seen) expect(one).toEqual(seen[0])
    expect(seen[0]?.calls.filter((call) => call === 'verify')).toHaveLength(1)
    expect(seen[0]?.calls.filter((call) => call === 'outbox.add')).toHaveLength(1)
  })

  test('is limited for the account and for the address, whether it exists or not, and counts on for the hour', async () => {
    const user = await person()
    for (const name of [user.userName, 'nobody-here@example.com']) {
      for (let round = 0; round < 5; round++) expect((await ask(name)).status).toBe(200)
      const refused = await ask(name.toUpperCase())
      expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, 900])
    }
    for (let round = 0; round < 18; round++) expect((await ask(`nobody-${round}`)).status).toBe(200)
    expect((await ask('nobody-more')).status).toBe(429)
    service.advance(3601)
    expect((await ask('nobody-more')).status).toBe(200)
  })

  test('strangers who ask use up nothing of the owner’s browser, and end no link that the owner has (checklist 38)', async () => {
    const user = await person()
    const from = async (browser: Browser, address: string) => {
      browser.headers['x-forwarded-for'] = address
      const page = await browser.visit(`${service.issuer}/password/forgot`)
      return (await browser.submit(page, { username: user.userName })).status
    }
    const owner = new Browser(service.issuer)
    owner.headers['x-forwarded-for'] = '192.0.2.1'
    const { url } = await begin(await discover(service.issuer, service.population.own), 'openid')
    await owner.submit(await owner.visit(url), { username: user.userName, password: 'correct horse battery' })
    expect(await from(owner, '192.0.2.1')).toBe(200)
    const link = linkIn(await smtp.next(user.userName, '/password/reset'), '/password/reset')

    const statuses: number[] = []
    for (const network of [1, 2, 3, 4, 5])
      for (let round = 0; round < 6; round++)
        statuses.push(await from(new Browser(service.issuer), `198.51.${network}.7`))
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(10)
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(20)
    expect(await from(owner, '198.51.100.7')).toBe(200)
    expect((await use(link, NEW)).status).toBe(200)
  })

  test('a name is needed, and the form is our own', async () => {
    expect((await ask('')).status).toBe(400)
    expect((await ask('x'.repeat(257))).status).toBe(400)
    const form = new URLSearchParams({ username: 'x' })
    expect((await fetch(`${service.issuer}/password/forgot`, { method: 'POST', body: form })).status).toBe(403)
  })
})

test('where no letters are sent the page says so, and the sign-in offers no link', async () => {
  const silent = await startAuthService({ service: { mail: undefined } })
  try {
    const page = await new Browser(silent.issuer).visit(`${silent.issuer}/password/forgot`)
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('sends no letters')])
  } finally {
    await silent.close()
  }
})

test('in a browser: forgot, mail, new password, sign-in (Chromium)', { timeout: 180_000 }, async () => {
  const user = await person()
  const site = await openSite()
  const chromium = await openChromium({ javaScriptEnabled: false })
  const looker = await openChromium()
  try {
    const shop = clientRecord('reset-shop', 'a secret of the shop', {
      firstParty: true,
      redirectUris: [`${site.origin}/callback`],
      grantTypes: ['authorization_code'],
      scopes: ['openid'],
      secretDigests: [digestOf('a secret of the shop')],
    })
    await service.store.clients.create(TENANT, shop)
    const rp = await discover(service.issuer, { id: 'reset-shop', secret: 'a secret of the shop' })
    const begun = await begin(rp, 'openid', { redirect_uri: `${site.origin}/callback` })
    const { page } = chromium
    await page.goto(begun.url)
    await page.getByLabel('User name').fill(user.userName)
    await page.getByLabel('User name').press('Enter')
    await page.getByRole('link', { name: 'Forgot your password?' }).click()
    // What is looked at needs JavaScript for it, and this browser has none.
    await page.getByRole('button', { name: 'Send the link' }).waitFor()
    await looker.page.goto(page.url())
    await lookAt(looker.page, 'password-forgotten')
    await page.getByLabel('User name').fill(user.userName)
    await page.getByRole('button', { name: 'Send the link' }).click()
    await page.getByRole('heading', { name: 'Look into your mailbox' }).waitFor()

    const link = linkIn(await smtp.next(user.userName, '/password/reset'), '/password/reset')
    await looker.page.goto(link)
    await lookAt(looker.page, 'password-new')
    await page.goto(link)
    await page.getByLabel('New password').fill('dragon123')
    await page.getByRole('button', { name: 'Set the password' }).click()
    await page.getByText('first that are guessed').waitFor()
    await page.getByLabel('New password').fill(NEW)
    await page.getByRole('button', { name: 'Set the password' }).click()
    await page.getByRole('heading', { name: 'Your password was changed' }).waitFor()

    await page.goto((await begin(rp, 'openid', { redirect_uri: `${site.origin}/callback` })).url)
    await page.getByLabel('User name').fill(user.userName)
    await page.getByLabel('User name').press('Enter')
    await page.getByLabel('Password').fill(NEW)
    await page.getByLabel('Password').press('Enter')
    await expect
      .poll(() => site.visits.some(({ searchParams }) => searchParams.has('code')), { timeout: 60_000 })
      .toBe(true)
    // Of the password that was refused.
    expect(chromium.complaints).toEqual([expect.stringContaining('status of 400')])
  } finally {
    await chromium.close()
    await looker.close()
    await site.close()
  }
})
