/**
 * What people prove themselves with, and what is used once, shown to two nodes of one Redis (AUTH, TLS) at once, as processes: of all that
 * come together one goes through. RFC 6238 5.2, WebAuthn Level 3 13.4.3, RFC 6749 10.12, RFC 8628 3.5, ASVS 6.4.2, 6.5.1;
 * checklist 28, 39, 40, 41, 43 and 51. SCALE 1: a hundred at once.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Keys } from '../../src/storage/redis/keys.ts'
import { Authenticator, optionsOn } from '../servers/authenticator.ts'
import { Browser, formAt, type Visited } from '../servers/browser.ts'
import type { Deployment } from '../servers/deployment.ts'
import type { TestClient } from '../servers/population.ts'
import { adminToken, createPerson } from '../servers/provision.ts'
import { codeAt, confirmTotp, type Person, secretOn } from './factors.ts'
import { atProvider, linkTo } from './federation.ts'
import { type FurtherNode, startFurtherNode } from './nodes.ts'
import { begin, discover } from './relying-party.ts'
import { type Answer, post } from './requests.ts'
import {
  askToReset,
  askToVerify,
  cookiesOf,
  DEVICE_GRANT,
  deployWithPeople,
  enter,
  registerDevice,
  sendForm,
  type WithPeople,
} from './with-people.ts'

const AT_ONCE = Math.max(20, Math.round(100 * Number(process.env.SCALE ?? '0.1')))

let around: WithPeople
let deployment: Deployment
let further: FurtherNode
let nodes: readonly [string, string]
let admin: string
let tv: TestClient
let count = 0

beforeAll(async () => {
  around = await deployWithPeople('redis')
  deployment = around.deployment
  further = await startFurtherNode(deployment)
  nodes = [deployment.issuer, further.address]
  admin = await adminToken(deployment.issuer, deployment.population.admin)
  tv = await registerDevice(deployment, admin)
})
afterAll(() => around?.stop())

const nextPerson = () => {
  count += 1
  return createPerson(deployment.issuer, admin, `proof-${count}@example.com`)
}

/** As SCIM has them. */
const findPerson = async ({ sub }: { readonly sub: string }): Promise<Record<string, unknown>> =>
  JSON.parse(
    await (
      await fetch(`${deployment.issuer}/scim/v2/Users/${sub}`, { headers: { authorization: `Bearer ${admin}` } })
    ).text(),
  )

const authorizeUrl = async () =>
  (await begin(await discover(deployment.issuer, deployment.population.web), 'openid')).url

const node = (index: number): string => nodes[index % 2 === 0 ? 0 : 1]
const routeTo = (index: number) => (url: string) => url.replace(deployment.issuer, node(index))
const atOnce = <T>(send: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: AT_ONCE }, (_, index) => send(index)))

/** Its status, and where it leads or the heading of its page. */
async function read(answer: Response): Promise<string> {
  const leadsTo = answer.headers.get('location')?.split('?')[0]
  return `${answer.status} ${leadsTo ?? /<h1[^>]*>([^<]*)</.exec(await answer.clone().text())?.[1]}`
}

/** Those that went through; the others are refused as these. */
async function winners(
  answers: readonly Response[],
  won: (answer: Response) => boolean,
  ...refusals: readonly string[]
): Promise<readonly Response[]> {
  const found = answers.filter(won)
  for (const answer of answers.filter((one) => !found.includes(one))) expect(refusals).toContain(await read(answer))
  return found
}

const isDone = ({ status }: Response): boolean => status === 200
const TOO_MANY = '429 Too many attempts'
/** Too many passwords are hashed already. */
const COME_AGAIN = '503 Not available right now'
const LINK_ENDED = '400 This link works no more'

const startsSession = ({ headers }: Response): boolean =>
  headers.getSetCookie().some((line) => /^(__Host-)?sallyport_session=[^;]/.test(line))

/** The form of this page, sent as often by this browser to both nodes in turn. */
const sendAtOnce = (browser: Browser, page: Visited, values: Readonly<Record<string, string>>) =>
  atOnce((index) => sendForm(browser, page, values, routeTo(index)))

test('an answer of a provider signs in once across both nodes, and its code is redeemed once (RFC 6749 10.12; checklist 43, 51)', async () => {
  const { provider } = around
  provider.person = { sub: 'comes-once', email: 'comes-once@example.com', email_verified: true }
  const browser = new Browser(deployment.issuer)
  const page = await browser.visit(await authorizeUrl())
  const { left } = await browser.visit(linkTo(page, 'own'))
  const back = (await atProvider(left)).href
  const headers = { cookie: cookiesOf(browser) }
  const answers = await atOnce((index) => fetch(routeTo(index)(back), { headers, redirect: 'manual' }))
  expect(await winners(answers, startsSession, '400 That did not work')).toHaveLength(1)
  expect(provider.asked.filter((line) => line === 'POST /token')).toHaveLength(1)
})

const askForDevice = async (): Promise<Answer['body']> =>
  (await post(deployment, '/oauth/device_authorization', tv, { scope: 'openid profile' })).body
const poll = (device: Answer['body'], index = 0) =>
  post({ issuer: node(index) }, '/oauth/token', tv, {
    grant_type: DEVICE_GRANT,
    device_code: String(device.device_code),
  })
const confirmPage = (browser: Browser, device: Answer['body'], person: Person) =>
  enter(browser, String(device.verification_uri_complete), person)

test('a device code is redeemed once across both nodes, however many poll with it (RFC 8628 3.5; checklist 28, 51)', async () => {
  const device = await askForDevice()
  const browser = new Browser(deployment.issuer)
  await browser.submit(await confirmPage(browser, device, await nextPerson()), { answer: 'allow' })
  const answers = await atOnce((index) => poll(device, index))
  const [won, ...others] = answers.toSorted((one, two) => one.status - two.status)
  expect(won?.status).toBe(200)
  expect(new Set(others.map(({ status, body }) => `${status} ${body.error}`))).toEqual(new Set(['400 invalid_grant']))
})

// After it no code is found here: those that are answered already count as guesses of this network.
test('a user code is answered once across both nodes: it is allowed or denied, never both (RFC 8628 3.3; checklist 28, 51)', async () => {
  const device = await askForDevice()
  const browser = new Browser(deployment.issuer)
  const page = await confirmPage(browser, device, await nextPerson())
  const answers = await atOnce((index) =>
    sendForm(browser, page, { answer: index % 4 < 2 ? 'allow' : 'deny' }, routeTo(index)),
  )
  const [won, ...others] = await winners(answers, isDone, '400 Connect a device', TOO_MANY)
  expect(others).toEqual([])
  const { status, body } = await poll(device)
  expect([status, body.error]).toEqual(
    (await won?.text())?.includes('Your device is connected') ? [200, undefined] : [400, 'access_denied'],
  )
})

/** The newest link that was sent there, used as often at once: which of them it was. */
async function useLink(
  address: string,
  path: string,
  values: (index: number) => Readonly<Record<string, string>> = () => ({}),
  won = isDone,
): Promise<number> {
  const browser = new Browser(deployment.issuer)
  const page = await browser.visit(await around.linkFor(address, path))
  const answers = await atOnce((index) => sendForm(browser, page, values(index), routeTo(index)))
  expect(await winners(answers, won, LINK_ENDED, COME_AGAIN)).toHaveLength(1)
  return answers.findIndex(won)
}

test('a link to verify an address, and one to reset a password, are used once across both nodes (ASVS 6.4.2; checklist 39, 51)', async () => {
  const { issuer } = deployment
  const person = await nextPerson()
  const owner = new Browser(issuer)
  await enter(owner, `${issuer}/account/email`, person)
  await askToVerify(owner, issuer)
  await useLink(person.userName, '/email/verify')

  await askToReset(issuer, person.userName)
  const passwordOf = (index: number) => `${index} words that nobody else has`
  const won = await useLink(person.userName, '/password/reset', (index) => ({ new_password: passwordOf(index) }))
  const signsIn = async (password: string) =>
    !(await enter(new Browser(issuer), await authorizeUrl(), { ...person, password })).url.includes('/login')
  expect(await signsIn(passwordOf(won))).toBe(true)
  for (const password of [passwordOf(won + 1), person.password]) expect(await signsIn(password)).toBe(false)
})

test('a link to another address, and the one that takes the change back, are used once across both nodes (ASVS 6.3.7; checklist 42, 51)', async () => {
  const { issuer } = deployment
  const person = await nextPerson()
  const owner = new Browser(issuer)
  await enter(owner, `${issuer}/account/email`, person)
  const { action, fields } = formAt(await owner.visit(`${issuer}/account/email`), /email$/)
  fields.set('purpose', 'change')
  fields.set('email', `other-${person.userName}`)
  await owner.visit(action, { method: 'POST', body: fields })
  await useLink(`other-${person.userName}`, '/email/verify')
  // Whoever takes it back is led to a new sign-in.
  await useLink(person.userName, '/email/stop', undefined, ({ status }) => status === 303)
  const { emails } = await findPerson(person)
  expect(emails).toEqual([{ value: person.userName, primary: true }])
})

/** Whoever has a factor meanwhile proves it before another is added. */
const REFUSED = ['400 This request cannot go on', '400 Add a passkey', '303 /login']
const factorsAdded = ({ sub }: { readonly sub: string }) =>
  [...deployment.audits(), ...further.audits()].filter((audit) => audit.event === 'factor_added' && audit.sub === sub)
    .length

test('an authenticator app, and a passkey, are added once by what was shown once, across both nodes (WebAuthn Level 3 13.4.3; checklist 40, 41, 51)', async () => {
  const person = await nextPerson()
  const browser = new Browser(deployment.issuer)
  const app = await enter(browser, `${deployment.issuer}/mfa/enrol/totp`, person)
  const code = codeAt(secretOn(app), Date.now() / 1000)
  const confirmed = await winners(await sendAtOnce(browser, app, { code }), isDone, ...REFUSED)
  expect(confirmed).toHaveLength(1)
  expect(factorsAdded(person)).toBe(1)

  const other = await nextPerson()
  const theirs = new Browser(deployment.issuer)
  const key = await enter(theirs, `${deployment.issuer}/mfa/enrol/passkey`, other)
  const credential = new Authenticator(deployment.issuer).create(optionsOn(key.text))
  const added = await winners(await sendAtOnce(theirs, key, { credential, name: 'Key' }), isDone, ...REFUSED)
  expect(added).toHaveLength(1)
  expect(factorsAdded(other)).toBe(1)
})

test('a remembered browser stays one device however often it signs in at once, and is forgotten on both nodes (checklist 45, 51)', async () => {
  const { issuer } = deployment
  const person = await nextPerson()
  const browser = new Browser(issuer)
  const app = await enter(browser, `${issuer}/mfa/enrol/totp`, person)
  const { secret } = await confirmTotp(browser, app, Date.now() / 1000)
  browser.cookies.delete('sallyport_session')
  const asked = await enter(browser, await authorizeUrl(), person)
  await browser.submit(asked, { code: codeAt(secret, Date.now() / 1000 + 30), remember: 'yes' })
  const remembered = browser.cookies.get('sallyport_devices') ?? ''
  browser.cookies.delete('sallyport_session')

  const signsIn = async (index: number) => {
    const one = new Browser(issuer)
    one.move(routeTo(index))
    one.cookies.set('sallyport_devices', remembered)
    const { url } = await enter(one, await authorizeUrl(), person)
    return { goesTo: new URL(url).pathname, browser: one }
  }
  const signedIn = await Promise.all([0, 1, 2, 3].map(signsIn))
  expect(signedIn.map(({ goesTo }) => goesTo)).toEqual(Array(4).fill('/consent'))
  for (const one of signedIn) expect(one.browser.cookies.get('sallyport_devices')).toBe(remembered)

  const at = await signedIn[1]?.browser.visit(`${issuer}/account/sessions`)
  if (at === undefined) throw new Error('nobody signed in')
  const { action, fields } = formAt(at, /forget$/)
  expect(at.text.match(/action="[^"]*\/forget"/g)).toHaveLength(1)
  const done = await signedIn[1]?.browser.visit(action, { method: 'POST', body: fields })
  expect(done?.status).toBe(200)
  expect((await Promise.all([0, 1].map(signsIn))).map(({ goesTo }) => goesTo)).toEqual(['/mfa/totp', '/mfa/totp'])
})

// Last: so many that fail make the network one that whoever comes from proves more.
async function withApp() {
  const person = await nextPerson()
  const browser = new Browser(deployment.issuer)
  const asked = await enter(browser, `${deployment.issuer}/mfa/enrol/totp`, person)
  return { person, ...(await confirmTotp(browser, asked, Date.now() / 1000)) }
}

test('a code of an authenticator app signs in once across both nodes (RFC 6238 5.2; checklist 40, 51)', async () => {
  const { person, secret } = await withApp()
  const browser = new Browser(deployment.issuer)
  const page = await enter(browser, await authorizeUrl(), person)
  expect(page.url).toContain('/mfa/totp')
  // The step that confirmed the app is spent; the next one counts already.
  const answers = await sendAtOnce(browser, page, { code: codeAt(secret, Date.now() / 1000 + 30) })
  expect(await winners(answers, startsSession, '401 Enter the code', TOO_MANY)).toHaveLength(1)
})

test('a recovery code signs in once across both nodes (ASVS 6.5.1; checklist 40, 51)', async () => {
  const { person, recoveryCodes } = await withApp()
  const browser = new Browser(deployment.issuer)
  const page = await enter(browser, await authorizeUrl(), person)
  const recovery = await browser.visit(page.url.replace('/mfa/totp', '/mfa/recovery'))
  const answers = await sendAtOnce(browser, recovery, { code: recoveryCodes[0] ?? '' })
  expect(await winners(answers, startsSession, '401 Enter a recovery code', TOO_MANY)).toHaveLength(1)
})

test('an answer to the challenge of a passkey signs in once across both nodes (WebAuthn Level 3 13.4.3; checklist 41, 51)', async () => {
  const person = await nextPerson()
  const first = new Browser(deployment.issuer)
  const asked = await enter(first, `${deployment.issuer}/mfa/enrol/passkey`, person)
  const authenticator = new Authenticator(deployment.issuer)
  await first.submit(asked, { credential: authenticator.create(optionsOn(asked.text)), name: 'Key' })

  const browser = new Browser(deployment.issuer)
  const login = await browser.visit(await authorizeUrl())
  const page = await browser.visit(login.url.replace('/login?', '/mfa/passkey?'))
  const answers = await sendAtOnce(browser, page, { credential: authenticator.get(optionsOn(page.text)) })
  expect(await winners(answers, startsSession, '401 Use your passkey')).toHaveLength(1)
})

test('a node that starts brings people whom an earlier program wrote into the index of verified addresses, before it serves', async () => {
  const { redis } = deployment
  if (redis === undefined) throw new Error('no Redis')
  const { sub } = await nextPerson()
  const keys = new Keys('sallyport:')
  const [user, mark] = [keys.user('default', sub), keys.userEmailsDone('default')]
  expect(await redis.command('GET', mark)).toBe('1')
  await redis.command('HDEL', user, 'email')
  await redis.command('DEL', mark)
  await startFurtherNode(deployment)
  expect([await redis.command('HEXISTS', user, 'email'), await redis.command('GET', mark)]).toEqual(['1', '1'])
})
