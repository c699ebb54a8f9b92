/** A person verifies and changes the address of their account, with a real mail server. ASVS 6.3.7, 7.5.1; checklist 42. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPasswordHasher } from '../../src/auth/user/password/hasher.ts'
import { randomId } from '../../src/kernel/ids.ts'
import type { UserRecord } from '../../src/storage/records.ts'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Browser } from '../servers/browser.ts'
import { newAddress, TENANT, userRecord } from '../servers/population.ts'
import { linkIn, mailThrough, type SmtpServer, startSmtpServer } from '../servers/smtp-server.ts'
import { send } from './at-account.ts'

const PASSWORD = 'correct horse battery'
const hasher = createPasswordHasher()
let smtp: SmtpServer
let service: TestService

beforeAll(async () => {
  smtp = await startSmtpServer()
  service = await startAuthService({ service: { mail: mailThrough(smtp) } })
})
afterAll(async () => {
  await service?.close()
  await smtp?.close()
})

async function person() {
  const address = newAddress()
  const user = userRecord(address, { passwordHash: await hasher.hash(PASSWORD) })
  await service.store.users.create(TENANT, user)
  return { user, address, stored: () => service.store.users.find(TENANT, user.sub) }
}

async function enter(user: UserRecord, path = '/account/email') {
  const browser = new Browser(service.issuer)
  const login = await browser.visit(`${service.issuer}${path}`)
  return { browser, page: await browser.submit(login, { username: user.userName, password: PASSWORD }) }
}

const ask = async (browser: Browser, values: Record<string, string>) =>
  send(browser, await browser.visit(`${service.issuer}/account/email`), /email$/, values)

const follow = async (browser: Browser, link: string) => send(browser, await browser.visit(link), /verify$/)

type Browsing = { readonly browser: Browser }

/** Presses the button of that form on that page. */
const press = async ({ browser }: Browsing, path: string, to: RegExp, values: Record<string, string> = {}) =>
  send(browser, await browser.visit(`${service.issuer}${path}`), to, values)

const copyOf = ({ browser }: Browsing): Browser => {
  const copy = new Browser(service.issuer)
  copy.cookies.set('sallyport_session', browser.cookies.get('sallyport_session') ?? '')
  return copy
}

const END_OTHERS = { action: 'end_other_sessions' }

describe('a change of address that a thief asked for ends with what puts them out (checklist 42, 45)', () => {
  test.each<[string, (owner: Browsing) => Promise<unknown>]>([
    ['“this wasn’t me”', (owner) => press(owner, '/account/activity', /report$/)],
    ['the end of all other sessions', (owner) => press(owner, '/account/sessions', /end-others$/)],
    ['the end of their session', (owner) => press(owner, '/account/sessions', /sessions\/[^/]+\/end$/)],
    ['the page of factors', (owner) => press(owner, '/account/factors?done=removed', /factors$/, END_OTHERS)],
  ])('%s', async (_by, putOut) => {
    const { user, address, stored } = await person()
    const [owner, thief] = [await enter(user), await enter(user)]
    await ask(thief.browser, { purpose: 'change', email: `thief-${address}` })
    const letter = await smtp.next(`thief-${address}`, '/email/verify')
    await putOut(owner)
    expect((await thief.browser.visit(`${service.issuer}/account`)).url).toContain('/login?')
    const done = await follow(new Browser(service.issuer), linkIn(letter, '/email/verify'))
    expect([done.status, (await stored())?.profile]).toEqual([400, user.profile])
  })
})

test.each<[string, (owner: Browsing) => Promise<unknown>]>([
  ['the page of sessions', (owner) => press(owner, '/account/sessions', /end-others$/)],
  ['the page of factors', (owner) => press(owner, '/account/factors?done=removed', /factors$/, END_OTHERS)],
])(
  'a copy of the cookie is among the other sessions that end: %s (ASVS 7.4.3; checklist 45)',
  async (_at, endOthers) => {
    const { user } = await person()
    const owner = await enter(user)
    await enter(user)
    const copy = copyOf(owner)
    await endOthers(owner)
    expect((await copy.visit(`${service.issuer}/account`)).url).toContain('/login?')
    expect((await owner.browser.visit(`${service.issuer}/account`)).url).toBe(`${service.issuer}/account`)
  },
)

describe('another address', () => {
  test('becomes the account’s once the letter to it was followed; the one before is told (checklist 42)', async () => {
    const { user, address, stored } = await person()
    const { browser } = await enter(user)
    const next = `new-${address}`
    const sent = await ask(browser, { purpose: 'change', email: ` ${next} ` })
    expect([sent.status, sent.text]).toEqual([200, expect.stringContaining(`<bdi>${next}</bdi>`)])
    expect((await stored())?.profile).toEqual(user.profile)
    const letter = await smtp.next(next, '/email/verify')
    expect(await smtp.next(address, 'change its e-mail')).toBeDefined()
    expect((await follow(browser, linkIn(letter, '/email/verify'))).status).toBe(200)
    expect((await stored())?.profile).toMatchObject({ emails: [{ value: next }], emailVerified: true })
    expect((await browser.visit(`${service.issuer}/account`)).text).toContain(`${next}</bdi> (verified)`)
  })

  test('is asked for by who has signed in lately: an older session signs in anew first (ASVS 7.5.1; checklist 42)', async () => {
    const { user, address } = await person()
    const { browser, page } = await enter(user)
    service.advance(601)
    const late = await send(browser, page, /email$/, { purpose: 'change', email: `thief-${address}` })
    expect(new URL(late.url).pathname).toBe('/login/password')
    expect(late.text).toContain(user.userName)
    expect(service.audits.at(-1)).toMatchObject({ event: 'step_up_required', sub: user.sub, detail: 'change_email' })
    const again = await browser.submit(late, { username: user.userName, password: PASSWORD })
    expect(new URL(again.url).pathname).toBe('/account/email')
    expect((await browser.visit(`${service.issuer}/account/profile`)).status).toBe(200)
    expect(service.audits.some(({ event, sub }) => event === 'email_link_asked' && sub === user.sub)).toBe(false)
  })

  test.each(['', 'ada', 'ada@localhost', 'a@example.com\r\nBcc: b@example.com'])(
    'what is no address is told at its field: %j (WCAG 3.3.1)',
    async (typed) => {
      const { user, stored } = await person()
      const { browser } = await enter(user)
      const answer = await ask(browser, { purpose: 'change', email: typed })
      expect(answer.status).toBe(400)
      expect(answer.text).toMatch(/id="email"[^>]*aria-invalid="true" aria-describedby="email-fault/)
      expect((await stored())?.profile).toEqual(user.profile)
    },
  )
})

describe('an address that another account has proven (checklist 43)', () => {
  test('is told only to who reads it, and changes nothing', async () => {
    const [owner, other] = [await person(), await person()]
    const profile = { emails: [{ value: owner.address, primary: true }], emailVerified: true }
    await service.store.users.replace(TENANT, { ...owner.user, profile, version: 2 }, 1)
    const { browser } = await enter(other.user)
    const typed = owner.address.toUpperCase().replace('EXAMPLE.COM', 'example.com')
    const asked = await ask(browser, { purpose: 'change', email: typed })
    const free = await ask(browser, { purpose: 'change', email: `free-${owner.address}` })
    const plain = ({ text }: { readonly text: string }) =>
      text.replaceAll(/(nonce|value)="[^"]*"/g, '').replaceAll(/(free-)?[\w-]+@example\.com/gi, 'ADDRESS')
    expect([asked.status, plain(asked)]).toEqual([free.status, plain(free)])
    const link = linkIn(await smtp.next(typed, '/email/verify'), '/email/verify')
    const told = await follow(browser, link)
    expect([told.status, told.text]).toEqual([409, expect.stringContaining('This address belongs to another account')])
    expect((await other.stored())?.profile).toEqual(other.user.profile)
    expect((await service.store.users.findByVerifiedEmail(TENANT, owner.address))?.sub).toBe(owner.user.sub)
  })

  test('of two accounts that prove one at once one has it', async () => {
    const address = `shared-${randomId(6).toLowerCase()}@example.com`
    const people = [await person(), await person()]
    const links = []
    for (const { user } of people) {
      const { browser } = await enter(user)
      await ask(browser, { purpose: 'change', email: address })
      links.push(linkIn(await smtp.next(address, '/email/verify'), '/email/verify'))
    }
    const answers = await Promise.all(links.map((link) => follow(new Browser(service.issuer), link)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409])
    const verified = await Promise.all(
      people.map(async ({ stored }) => (await stored())?.profile.emailVerified === true),
    )
    expect(verified.filter(Boolean)).toHaveLength(1)
  })
})

test('who has another user name signs in by the address once it is verified (OIDC Core 5.7)', async () => {
  const address = newAddress()
  const user = userRecord(randomId(6), {
    passwordHash: await hasher.hash(PASSWORD),
    profile: { emails: [{ value: address, primary: true }] },
  })
  await service.store.users.create(TENANT, user)
  const enterAs = async (username: string) => {
    const browser = new Browser(service.issuer)
    const page = await browser.visit(`${service.issuer}/account`)
    return browser.submit(page, { username, password: PASSWORD })
  }
  expect((await enterAs(address)).status).toBe(401)
  await service.store.users.replace(
    TENANT,
    { ...user, profile: { ...user.profile, emailVerified: true }, version: 2 },
    1,
  )
  expect((await enterAs(address.toUpperCase())).url).toBe(`${service.issuer}/account`)
  expect((await enterAs(user.userName)).url).toBe(`${service.issuer}/account`)
})

test('the address of the account is verified by a letter to it (OIDC Core 5.7)', async () => {
  const { user, address, stored } = await person()
  const { browser, page } = await enter(user)
  expect(page.text).toContain('It is not verified yet.')
  expect((await ask(browser, { purpose: 'verify' })).text).toContain('A letter is on its way')
  const letter = await smtp.next(address, '/email/verify')
  expect((await follow(browser, linkIn(letter, '/email/verify'))).status).toBe(200)
  expect((await stored())?.profile).toMatchObject({ emails: [{ value: address }], emailVerified: true })
  expect((await browser.visit(`${service.issuer}/account/email`)).text).not.toContain('not verified')
})

test('whose address a directory keeps has no form for it', async () => {
  const { user } = await person()
  const { browser } = await enter(user, '/account')
  await service.store.users.replace(TENANT, { ...user, roles: ['auditor'], version: 2 }, 1)
  expect((await browser.visit(`${service.issuer}/account/email`)).status).toBe(403)
  expect((await browser.visit(`${service.issuer}/account/profile`)).text).not.toContain('/account/email')
})
