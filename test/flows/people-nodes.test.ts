/**
 * What people prove themselves with, and what is used once, shown to two nodes of one store at once, as processes: of all that
 * come together one goes through. RFC 6238 5.2, WebAuthn Level 3 13.4.3, RFC 6749 10.12, RFC 8628 3.5, ASVS 6.4.2, 6.5.1;
 * checklist 28, 39, 40, 41, 43 and 51. SCALE 1: a hundred at once.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Authenticator, optionsOn } from '../servers/authenticator.ts'
import { Browser, type Visited } from '../servers/browser.ts'
import type { Deployment } from '../servers/deployment.ts'
import type { TestClient } from '../servers/population.ts'
import { adminToken, createPerson } from '../servers/provision.ts'
import { codeAt, confirmTotp, type Person } from './factors.ts'
import { atProvider, linkTo } from './federation.ts'
import { startFurtherNode } from './nodes.ts'
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
let nodes: readonly [string, string]
let admin: string
let tv: TestClient
let count = 0

beforeAll(async () => {
  around = await deployWithPeople('redis')
  deployment = around.deployment
  nodes = [deployment.issuer, (await startFurtherNode(deployment)).address]
  admin = await adminToken(deployment.issuer, deployment.population.admin)
  tv = await registerDevice(deployment, admin)
}, 60_000)
afterAll(() => around?.stop())

const nextPerson = (): Promise<Person> => {
  count += 1
  return createPerson(deployment.issuer, admin, `proof-${count}@example.com`)
}

const authorizeUrl = async () =>
  (await begin(await discover(deployment.issuer, deployment.population.web), 'openid')).url

const node = (index: number): string => nodes[index % 2 === 0 ? 0 : 1]
const routeTo = (index: number) => (url: string) => url.replace(deployment.issuer, node(index))
const atOnce = <T>(send: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: AT_ONCE }, (_, index) => send(index)))

/**
 * The others are refused as faults of whoever asks; who comes when the sign-in is over begins anew, and of many passwords at
 * once some are told to come again.
 */
function winners(answers: readonly Response[], won: (answer: Response) => boolean): readonly Response[] {
  const found = answers.filter(won)
  for (const { status, headers } of answers.filter((one) => !found.includes(one))) {
    const goesBack = headers.get('location')?.startsWith('/login?') ?? false
    const comesAgain = status === 503 && headers.has('retry-after')
    expect([status, goesBack || comesAgain || (status >= 400 && status < 500)]).toEqual([status, true])
  }
  return found
}

const startsSession = ({ headers }: Response): boolean =>
  headers.getSetCookie().some((line) => /^(__Host-)?sallyport_session=[^;]/.test(line))

/** The form of this page, sent as often by this browser to both nodes in turn: how many sign-ins came of it. */
async function signInsOf(browser: Browser, page: Visited, values: Readonly<Record<string, string>>): Promise<number> {
  const answers = await atOnce((index) => sendForm(browser, page, values, routeTo(index)))
  return winners(answers, startsSession).length
}

test('an answer of a provider signs in once across both nodes, and its code is redeemed once (RFC 6749 10.12; checklist 43, 51)', async () => {
  const { provider } = around
  provider.person = { sub: 'comes-once', email: 'comes-once@example.com', email_verified: true }
  const browser = new Browser(deployment.issuer)
  const page = await browser.visit(await authorizeUrl())
  const { left } = await browser.visit(linkTo(page, 'own'))
  const back = (await atProvider(left)).href
  const headers = { cookie: cookiesOf(browser) }
  const answers = await atOnce((index) => fetch(routeTo(index)(back), { headers, redirect: 'manual' }))
  expect(winners(answers, startsSession)).toHaveLength(1)
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
  const [won, ...others] = winners(answers, ({ status }) => status === 200)
  expect(others).toEqual([])
  const { status, body } = await poll(device)
  expect([status, body.error]).toEqual(
    (await won?.text())?.includes('Your device is connected') ? [200, undefined] : [400, 'access_denied'],
  )
})

test('a link to verify an address, and one to reset a password, are used once across both nodes (ASVS 6.4.2; checklist 39, 51)', async () => {
  const { issuer } = deployment
  const person = await nextPerson()
  const owner = new Browser(issuer)
  await enter(owner, `${issuer}/account/email`, person)
  await askToVerify(owner, issuer)
  const use = async (path: string, values: (index: number) => Readonly<Record<string, string>>) => {
    const browser = new Browser(issuer)
    const page = await browser.visit(await around.linkFor(person.userName, path))
    const answers = await atOnce((index) => sendForm(browser, page, values(index), routeTo(index)))
    expect(winners(answers, ({ status }) => status === 200)).toHaveLength(1)
    return answers.findIndex(({ status }) => status === 200)
  }
  await use('/email/verify', () => ({}))

  await askToReset(issuer, person.userName)
  const passwordOf = (index: number) => `${index} words that nobody else has`
  const won = await use('/password/reset', (index) => ({ new_password: passwordOf(index) }))
  const signsIn = async (password: string) =>
    !(await enter(new Browser(issuer), await authorizeUrl(), { ...person, password })).url.includes('/login')
  expect(await signsIn(passwordOf(won))).toBe(true)
  for (const password of [passwordOf(won + 1), person.password]) expect(await signsIn(password)).toBe(false)
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
  expect(await signInsOf(browser, page, { code: codeAt(secret, Date.now() / 1000 + 30) })).toBe(1)
})

test('a recovery code signs in once across both nodes (ASVS 6.5.1; checklist 40, 51)', async () => {
  const { person, recoveryCodes } = await withApp()
  const browser = new Browser(deployment.issuer)
  const page = await enter(browser, await authorizeUrl(), person)
  const recovery = await browser.visit(page.url.replace('/mfa/totp', '/mfa/recovery'))
  expect(await signInsOf(browser, recovery, { code: recoveryCodes[0] ?? '' })).toBe(1)
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
  expect(await signInsOf(browser, page, { credential: authenticator.get(optionsOn(page.text)) })).toBe(1)
})
