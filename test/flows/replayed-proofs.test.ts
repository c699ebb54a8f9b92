/**
 * What a person proves themselves with is good once; whoever shows it again raises a signal of an attack, which `threat` judges:
 * RFC 6238 5.2, WebAuthn Level 3 13.4.3 and 6.1.1, ASVS 6.5.1. docs/threats.md; checklist 40 and 41.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAuthService, type TestService } from '../servers/auth-service.ts'
import { Authenticator, optionsOn } from '../servers/authenticator.ts'
import type { Browser } from '../servers/browser.ts'
import { TENANT } from '../servers/population.ts'
import { bodyOf, mailThrough, type SmtpServer, startSmtpServer } from '../servers/smtp-server.ts'
import { aBrowser, authorizeUrl, codeAt, confirmTotp, openOwnPage, type Person, signInByPassword } from './factors.ts'
import { createPersonWithoutFactors } from './use-factors.ts'

let service: TestService
let smtp: SmtpServer
beforeAll(async () => {
  smtp = await startSmtpServer()
  service = await startAuthService({ service: { mail: mailThrough(smtp) } })
})
afterAll(async () => {
  await service?.close()
  await smtp?.close()
})

/** Somebody whom letters reach. */
async function createPerson(): Promise<Person> {
  const person = await createPersonWithoutFactors(service)
  const user = await service.store.users.findByUserName(TENANT, person.userName)
  if (user === undefined) throw new Error('no user')
  const profile = { ...user.profile, emails: [{ value: person.userName, primary: true }] }
  expect(await service.store.users.replace(TENANT, { ...user, profile, version: user.version + 1 }, user.version)).toBe(
    'written',
  )
  return person
}

/** What the letter about it says. */
const letterTo = async ({ userName }: Person): Promise<string> =>
  bodyOf((await smtp.next(userName, 'that works only once came a second time')).message)

/** What was answered since the last look, and of which kinds `threat` was asked. */
async function answered(): Promise<{ readonly kinds: unknown[]; readonly answers: unknown[] }> {
  await service.service.threats.settled()
  const kinds = service
    .decisions()
    .filter(({ path }) => path === 'authz/threat/decision')
    .map(({ input }) => Object(input))
    .filter(({ signal }) => signal === 'replay')
  const answers = service.audits.filter(({ event }) => event === 'threat_answered').map(({ detail }) => detail)
  service.audits.length = 0
  return { kinds: kinds.map(({ kind }) => kind), answers: answers.filter((one) => one?.startsWith('replay:')) }
}

let moved = 0
const now = () => Date.now() / 1000 + moved

async function withApp(): Promise<{
  readonly person: Person
  readonly secret: string
  readonly codes: readonly string[]
}> {
  const person = await createPerson()
  const browser = aBrowser(service)
  const enrolled = await confirmTotp(browser, await openOwnPage(service, browser, '/mfa/enrol/totp', person), now())
  service.advance(60)
  moved += 60
  return { person, secret: enrolled.secret, codes: enrolled.recoveryCodes }
}

/** As far as the code, in a browser of its own. */
async function show(person: Person, step: 'totp' | 'recovery', code: string): Promise<Browser> {
  const browser = aBrowser(service)
  const asked = await signInByPassword(service, browser, {}, person)
  await browser.submit(await browser.visit(asked.url.replace('/mfa/totp', `/mfa/${step}`)), { code })
  return browser
}
const isSignedIn = (browser: Browser) => browser.cookies.has('sallyport_session')

test.each([
  ['totp', 'totp_code'],
  ['recovery', 'recovery_code'],
] as const)(
  'a code that comes again (%s) is refused, and its owner is told from the second time on',
  async (step, kind) => {
    const { person, secret, codes } = await withApp()
    const code = step === 'totp' ? codeAt(secret, now()) : (codes[0] ?? '')
    await answered()
    expect(isSignedIn(await show(person, step, code))).toBe(true)
    expect((await answered()).answers).toEqual([])
    expect(isSignedIn(await show(person, step, code))).toBe(false)
    expect((await answered()).answers).toEqual(['replay:none'])
    expect(isSignedIn(await show(person, step, code))).toBe(false)
    const { kinds, answers } = await answered()
    expect([kinds.at(-1), answers]).toEqual([kind, ['replay:notify']])
    // No application had to do with it, and nothing was ended.
    expect(await letterTo(person)).not.toMatch(/application|ended|was signed out/)
  },
)

test('an answer of a passkey that comes again is a signal; a counter that did not grow ends the sessions at once', async () => {
  const person = await createPerson()
  const first = aBrowser(service)
  const authenticator = new Authenticator(service.issuer)
  const asked = await openOwnPage(service, first, '/mfa/enrol/passkey', person)
  await first.submit(asked, { credential: authenticator.create(optionsOn(asked.text), { counter: 5 }), name: 'Key' })

  const signIn = async (browser: Browser, counter: number) => {
    const login = await browser.visit(authorizeUrl(service, { prompt: 'login' }))
    const page = await browser.visit(login.url.replace('/login?', '/mfa/passkey?'))
    const credential = authenticator.get(optionsOn(page.text), { counter })
    return { credential, done: await browser.submit(page, { credential }) }
  }
  const owner = aBrowser(service)
  const { credential } = await signIn(owner, 6)
  expect(isSignedIn(owner)).toBe(true)
  await answered()
  const login = await owner.visit(authorizeUrl(service, { prompt: 'login' }))
  const page = await owner.visit(login.url.replace('/login?', '/mfa/passkey?'))
  expect((await owner.submit(page, { credential })).status).toBe(401)
  const again = await answered()
  expect([again.kinds.at(-1), again.answers]).toEqual(['passkey_challenge', ['replay:none']])

  const copy = aBrowser(service)
  await signIn(copy, 6)
  expect(isSignedIn(copy)).toBe(false)
  const copied = await answered()
  expect([copied.kinds.at(-1), copied.answers.toSorted()]).toEqual([
    'passkey_counter',
    ['replay:notify', 'replay:step_up'],
  ])
  expect((await owner.visit(authorizeUrl(service))).url).toContain('/login')
  expect(await letterTo(person)).toContain('everybody was signed out')
})
