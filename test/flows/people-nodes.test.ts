/**
 * What people prove themselves with, shown to two nodes of one store at once, as processes: of twenty that come together one
 * signs in. RFC 6238 5.2, WebAuthn Level 3 13.4.3, ASVS 6.5.1; checklist 40, 41 and 51.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Authenticator, optionsOn } from '../servers/authenticator.ts'
import { Browser, formOf, type Visited } from '../servers/browser.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { adminToken, createPerson } from '../servers/provision.ts'
import { codeAt, confirmTotp, type Person } from './factors.ts'
import { startFurtherNode } from './nodes.ts'
import { begin, discover } from './relying-party.ts'

const AT_ONCE = 20

let deployment: Deployment
let nodes: readonly [string, string]
let admin: string
let count = 0

beforeAll(async () => {
  deployment = await deploy('redis')
  nodes = [deployment.issuer, (await startFurtherNode(deployment)).address]
  admin = await adminToken(deployment.issuer, deployment.population.admin)
}, 60_000)
afterAll(() => deployment?.stop())

const nextPerson = (): Promise<Person> => {
  count += 1
  return createPerson(deployment.issuer, admin, `proof-${count}@example.com`)
}

/** As far as the password, wherever that leads. */
async function byPassword(browser: Browser, url: string, { userName, password }: Person): Promise<Visited> {
  let page = await browser.visit(url)
  if (page.url.includes('/login?')) page = await browser.submit(page, { username: userName })
  return page.url.includes('/login/password') ? browser.submit(page, { password }) : page
}
const authorizeUrl = async () =>
  (await begin(await discover(deployment.issuer, deployment.population.web), 'openid')).url

/** The form of this page, sent as often by this browser to both nodes in turn: how many sign-ins came of it. */
async function signInsOf(browser: Browser, page: Visited, values: Readonly<Record<string, string>>): Promise<number> {
  const { action, fields } = formOf(page)
  for (const [name, value] of Object.entries(values)) fields.set(name, value)
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const answers = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, index) =>
      fetch(action.replace(deployment.issuer, nodes[index % 2 === 0 ? 0 : 1]), {
        method: 'POST',
        body: fields,
        redirect: 'manual',
        headers: { cookie, 'sec-fetch-site': 'same-origin' },
      }),
    ),
  )
  const signedIn = answers.filter(({ headers }) =>
    headers.getSetCookie().some((line) => /^(__Host-)?sallyport_session=[^;]/.test(line)),
  )
  for (const answer of answers.filter((one) => !signedIn.includes(one))) {
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
  }
  return signedIn.length
}

async function withApp() {
  const person = await nextPerson()
  const browser = new Browser(deployment.issuer)
  const asked = await byPassword(browser, `${deployment.issuer}/mfa/enrol/totp`, person)
  return { person, ...(await confirmTotp(browser, asked, Date.now() / 1000)) }
}

test('a code of an authenticator app signs in once across both nodes (RFC 6238 5.2; checklist 40, 51)', async () => {
  const { person, secret } = await withApp()
  const browser = new Browser(deployment.issuer)
  const page = await byPassword(browser, await authorizeUrl(), person)
  expect(page.url).toContain('/mfa/totp')
  // The step that confirmed the app is spent; the next one counts already.
  expect(await signInsOf(browser, page, { code: codeAt(secret, Date.now() / 1000 + 30) })).toBe(1)
})

test('a recovery code signs in once across both nodes (ASVS 6.5.1; checklist 40, 51)', async () => {
  const { person, recoveryCodes } = await withApp()
  const browser = new Browser(deployment.issuer)
  const page = await byPassword(browser, await authorizeUrl(), person)
  const recovery = await browser.visit(page.url.replace('/mfa/totp', '/mfa/recovery'))
  expect(await signInsOf(browser, recovery, { code: recoveryCodes[0] ?? '' })).toBe(1)
})

test('an answer to the challenge of a passkey signs in once across both nodes (WebAuthn Level 3 13.4.3; checklist 41, 51)', async () => {
  const person = await nextPerson()
  const first = new Browser(deployment.issuer)
  const asked = await byPassword(first, `${deployment.issuer}/mfa/enrol/passkey`, person)
  const authenticator = new Authenticator(deployment.issuer)
  await first.submit(asked, { credential: authenticator.create(optionsOn(asked.text)), name: 'Key' })

  const browser = new Browser(deployment.issuer)
  const login = await browser.visit(await authorizeUrl())
  const page = await browser.visit(login.url.replace('/login?', '/mfa/passkey?'))
  expect(await signInsOf(browser, page, { credential: authenticator.get(optionsOn(page.text)) })).toBe(1)
})
