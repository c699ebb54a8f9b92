/**
 * A node is killed in the middle of what people do at it: between the steps of a sign-in, while they are at an identity provider,
 * at a device's page, at a link. On one Redis (AUTH, TLS) the other node goes on where they were, and nothing that was used once
 * at the dead one is good again. As processes. RFC 6238 5.2, RFC 8628 3.3; checklist 28, 39, 40, 41, 43 and 51.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Authenticator, optionsOn } from '../servers/authenticator.ts'
import { Browser, type Visited } from '../servers/browser.ts'
import type { Deployment } from '../servers/deployment.ts'
import type { TestClient } from '../servers/population.ts'
import { adminToken, createPerson } from '../servers/provision.ts'
import { codeAt, confirmTotp, type Person, secretOn } from './factors.ts'
import { atProvider, linkTo } from './federation.ts'
import { startFurtherNode } from './nodes.ts'
import { begin, discover } from './relying-party.ts'
import { type Answer, post } from './requests.ts'
import { askToReset, DEVICE_GRANT, deployWithPeople, enter, registerDevice, type WithPeople } from './with-people.ts'

interface At {
  readonly browser: Browser
  readonly page: Visited
}

interface WithApp {
  readonly person: Person
  readonly secret: string
  readonly recoveryCodes: readonly string[]
}

/** What was begun at the node that died. */
interface Begun {
  readonly password: At
  readonly app: At & WithApp
  /** At the page for a code; one of theirs was used at the dead node. */
  readonly recovery: At & WithApp
  readonly passkey: At & { readonly credential: string }
  readonly enrolment: At
  readonly trip: { readonly browser: Browser; readonly left: URL | undefined }
  readonly device: At & { readonly asked: Answer['body'] }
  readonly reset: At & { readonly person: Person }
}

let around: WithPeople
let deployment: Deployment
let other: string
let rp: Awaited<ReturnType<typeof discover>>
let tv: TestClient
let admin: string
let begun: Begun
let count = 0

const newPerson = () => createPerson(deployment.issuer, admin, `left-${++count}@example.com`)
const authorizeUrl = async () => (await begin(rp, 'openid')).url
const aBrowser = () => new Browser(deployment.issuer)

beforeAll(async () => {
  around = await deployWithPeople('redis', { redis: { appendOnly: true } })
  deployment = around.deployment
  other = (await startFurtherNode(deployment)).address
  admin = await adminToken(deployment.issuer, deployment.population.admin)
  tv = await registerDevice(deployment, admin)
  rp = await discover(deployment.issuer, deployment.population.web)
  begun = {
    password: await atPassword(),
    app: await atApp(await withApp()),
    recovery: await atRecovery(await withApp()),
    passkey: await atPasskey(),
    enrolment: await atEnrolment(),
    trip: await atOtherSite(),
    device: await atDevice(),
    reset: await atReset(),
  }
  await deployment.auth.stop('SIGKILL')
})
afterAll(() => around?.stop())

/** The browser comes back to the same issuer, as through a load balancer. */
function move<T extends { readonly browser: Browser }>(at: T): T {
  at.browser.move((url) => url.replace(deployment.issuer, other))
  return at
}

async function atPassword(): Promise<At> {
  const [browser, person] = [aBrowser(), await newPerson()]
  const login = await browser.visit(await authorizeUrl())
  const page = await browser.submit(login, { username: person.userName })
  expect(page.url).toContain('/login/password')
  return { browser, page }
}

async function withApp(): Promise<WithApp> {
  const [browser, person] = [aBrowser(), await newPerson()]
  const shown = await enter(browser, `${deployment.issuer}/mfa/enrol/totp`, person)
  const { secret, recoveryCodes } = await confirmTotp(browser, shown, Date.now() / 1000)
  return { person, secret, recoveryCodes }
}

async function atApp(app: WithApp): Promise<Begun['app']> {
  const browser = aBrowser()
  const page = await enter(browser, await authorizeUrl(), app.person)
  expect(page.url).toContain('/mfa/totp')
  return { browser, page, ...app }
}

async function atRecovery(app: WithApp): Promise<Begun['recovery']> {
  const first = await atApp(app)
  const toRecovery = ({ browser, page }: At) => browser.visit(page.url.replace('/mfa/totp', '/mfa/recovery'))
  isIn(await first.browser.submit(await toRecovery(first), { code: app.recoveryCodes[0] ?? '' }))
  const second = await atApp(app)
  return { ...second, page: await toRecovery(second) }
}

async function atPasskey(): Promise<Begun['passkey']> {
  const first = aBrowser()
  const asked = await enter(first, `${deployment.issuer}/mfa/enrol/passkey`, await newPerson())
  const authenticator = new Authenticator(deployment.issuer)
  await first.submit(asked, { credential: authenticator.create(optionsOn(asked.text)), name: 'Key' })
  const browser = aBrowser()
  const login = await browser.visit(await authorizeUrl())
  const page = await browser.visit(login.url.replace('/login?', '/mfa/passkey?'))
  return { browser, page, credential: authenticator.get(optionsOn(page.text)) }
}

async function atEnrolment(): Promise<At> {
  const browser = aBrowser()
  return { browser, page: await enter(browser, `${deployment.issuer}/mfa/enrol/totp`, await newPerson()) }
}

async function atOtherSite(): Promise<Begun['trip']> {
  around.provider.person = { sub: 'left-behind', email: 'left-behind@example.com', email_verified: true }
  const browser = aBrowser()
  const { left } = await browser.visit(linkTo(await browser.visit(await authorizeUrl()), 'own'))
  return { browser, left }
}

async function atDevice(): Promise<Begun['device']> {
  const { body: asked } = await post(deployment, '/oauth/device_authorization', tv, { scope: 'openid profile' })
  const browser = aBrowser()
  const page = await enter(browser, String(asked.verification_uri_complete), await newPerson())
  return { browser, page, asked }
}

async function atReset(): Promise<Begun['reset']> {
  const [browser, person] = [aBrowser(), await newPerson()]
  await askToReset(deployment.issuer, person.userName)
  const page = await browser.visit(await around.linkFor(person.userName, '/password/reset'))
  return { browser, page, person }
}

const reached = ({ url, left }: Visited): string => left?.pathname ?? new URL(url).pathname
/** Signed in: this client's consent is asked for then. */
function isIn(page: Visited): void {
  expect(reached(page)).toBe('/consent')
}

test('before the password: it is typed at the other node (checklist 51)', async () => {
  const { browser, page } = move(begun.password)
  isIn(await browser.submit(page, { password: 'correct horse battery' }))
})

test('between password and app: the code is typed at the other node, where a spent one stays spent (RFC 6238 5.2; checklist 40, 51)', async () => {
  const { browser, page, secret, person } = move(begun.app)
  const code = codeAt(secret, Date.now() / 1000 + 30)
  isIn(await browser.submit(page, { code }))
  const again = move({ browser: aBrowser() }).browser
  const step = await enter(again, await authorizeUrl(), person)
  expect((await again.submit(step, { code })).status).toBe(401)
})

test('at the page for a recovery code: another one does, the one that was used before does not (ASVS 6.5.1; checklist 40, 51)', async () => {
  const { browser, page, recoveryCodes } = move(begun.recovery)
  expect((await browser.submit(page, { code: recoveryCodes[0] ?? '' })).status).toBe(401)
  isIn(await browser.submit(page, { code: recoveryCodes[1] ?? '' }))
})

test('a challenge of the dead node is answered at the other one (WebAuthn Level 3 13.4.3; checklist 41, 51)', async () => {
  const { browser, page, credential } = move(begun.passkey)
  isIn(await browser.submit(page, { credential }))
})

test('a secret that the dead node showed is confirmed at the other one (checklist 40, 51)', async () => {
  const { browser, page } = move(begun.enrolment)
  const { page: done, recoveryCodes } = await confirmTotp(browser, page, Date.now() / 1000)
  expect([done.status, secretOn(done), recoveryCodes.length]).toEqual([200, '', 10])
})

test('on the way to a provider: who comes back to the other node is signed in (RFC 6749 4.1.2; checklist 43, 51)', async () => {
  const { browser, left } = move(begun.trip)
  isIn(await browser.visit((await atProvider(left)).href))
})

test('at a device’s page: it is allowed at the other node, where the device has its tokens (RFC 8628 3.4; checklist 28, 51)', async () => {
  const { browser, page, asked } = move(begun.device)
  const form = { grant_type: DEVICE_GRANT, device_code: String(asked.device_code) }
  expect((await browser.submit(page, { answer: 'allow' })).text).toContain('Your device is connected')
  const polled = await post({ issuer: other }, '/oauth/token', tv, form)
  expect([polled.status, polled.body.token_type]).toEqual([200, 'Bearer'])
  const again = await post({ issuer: other }, '/oauth/token', tv, form)
  expect([again.status, again.body.error]).toEqual([400, 'invalid_grant'])
})

test('at a link: the new password is set at the other node, and counts there (checklist 39, 51)', async () => {
  const { browser, page, person } = move(begun.reset)
  const password = 'words that nobody else has'
  expect((await browser.submit(page, { new_password: password })).status).toBe(200)
  const anew = move({ browser: aBrowser() }).browser
  isIn(await enter(anew, await authorizeUrl(), { ...person, password }))
})
