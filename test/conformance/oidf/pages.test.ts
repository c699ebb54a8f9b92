/** The pages, clicked through as `provider.json` says: one that is built anew must not lose the suite its way. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeCertificates } from '../../servers/certificates.ts'
import { type Chromium, openChromium } from '../../servers/chromium.ts'
import { freePort } from '../../servers/free-port.ts'
import { perform, type Task } from './browser-tasks.ts'
import { type Served, serveForSuite } from './served.ts'

/** Of `provider.json`, what says how the pages are clicked through; the driver makes the other tasks of it. */
interface Described {
  readonly alias: string
  readonly static_clients: { readonly client: { readonly client_id: string; readonly client_secret: string } }
  readonly match: Readonly<Record<'login' | 'consent' | 'error' | 'end_session' | 'end_session_done', string>>
  readonly login: Task['commands']
  readonly consent: Task['commands']
  readonly reject: readonly Task[]
  readonly end_session_confirm: Task['commands']
  readonly text: Readonly<
    Record<'login' | 'error' | 'bad_post_logout_uri' | 'bad_id_token_hint' | 'logged_out', string>
  >
  readonly fapi2: { readonly resource: string }
  readonly override: Readonly<Record<string, { readonly browser: readonly { readonly tasks: readonly Task[] }[] }>>
}

const folder = mkdtempSync(join(tmpdir(), 'suite-'))
let suite: Server
let served: Served
let described: Described
let browser: Chromium

beforeAll(async () => {
  const { certFile, keyFile } = await makeCertificates(folder)
  suite = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (_request, response) => {
    response.setHeader('content-type', 'text/html').end('<p id="submission_complete">arrived</p>')
  })
  const port = await freePort()
  await new Promise<void>((done) => suite.listen(port, 'localhost', done))
  browser = await openChromium({ javaScriptEnabled: false, ignoreHTTPSErrors: true })
  served = await serveForSuite(`https://localhost:${port}`)
  described = served.described()
})
afterAll(async () => {
  await browser.close()
  expect(await served.close()).toBe(0)
  suite.closeAllConnections()
  suite.close()
  rmSync(folder, { recursive: true })
})
// The suite's browser knows nobody when a module starts.
beforeEach(() => browser.context.clearCookies())

const callback = () => `${served.suite}/test/a/one/callback`

/** As the suite registers itself; each module has a client of its own. */
async function register(metadata: object = {}): Promise<string> {
  const data = { client_name: 'first-openid-client', redirect_uris: [callback()], ...metadata }
  const answer = await browser.context.request.post(`${served.issuer}/oauth/register`, { data })
  expect(answer.status()).toBe(201)
  return (await answer.json()).client_id
}

async function authorize(clientId: string, redirectUri = callback(), scope = 'openid'): Promise<void> {
  const asked = { response_type: 'code', client_id: clientId, redirect_uri: redirectUri, scope, state: 's' }
  await browser.page.goto(`${served.issuer}/oauth/authorize?${new URLSearchParams(asked)}`)
}

const signOut = (asked: Readonly<Record<string, string>>) =>
  browser.page.goto(`${served.issuer}/oauth/logout?${new URLSearchParams(asked)}`)

/** The page for a person to look at, as the driver has the suite capture it. */
const shows = (match: string, text: string): Task => ({
  task: 'Expect page',
  match,
  commands: [['wait', 'xpath', '//*', 10, text, 'update-image-placeholder']],
})

const complete: Task = {
  task: 'Verify Complete',
  match: '*/test/*/callback*',
  commands: [['wait', 'id', 'submission_complete', 10]],
}

const allowed = (): readonly Task[] => [
  { task: 'Login', match: described.match.login, optional: true, commands: described.login },
  { task: 'Consent', match: described.match.consent, optional: true, commands: described.consent },
  complete,
]

const answered = (): URLSearchParams => new URL(browser.page.url()).searchParams

test('a person signs in and allows', async () => {
  await authorize(await register())
  await perform(browser.page, [shows(described.match.login, described.text.login), ...allowed()])
  expect([...answered().keys()]).toEqual(expect.arrayContaining(['code', 'state', 'iss']))
})

test.each(['oidcc-rp-initiated-logout-no-id-token-hint', 'fapi2-security-profile-final-par-attempt-reuse-request_uri'])(
  'so does one by the tasks of %s',
  async (module) => {
    await authorize(await register())
    await perform(browser.page, described.override[module]?.browser[0]?.tasks ?? [])
    expect(answered().has('code')).toBe(true)
  },
)

test('without OpenID a token opens the resource of the plans of FAPI, and none whose code came twice', async () => {
  const { client_id: id, client_secret: secret } = described.static_clients.client
  const redirectUri = `${served.suite}/test/a/${described.alias}/callback`
  await authorize(id, redirectUri, 'profile')
  await perform(browser.page, allowed())
  const { request } = browser.context
  const form = { grant_type: 'authorization_code', code: answered().get('code') ?? '', redirect_uri: redirectUri }
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  const redeem = () => request.post(`${served.issuer}/oauth/token`, { form, headers: { authorization } })
  const { access_token: token } = await (await redeem()).json()
  const { resource } = described.fapi2
  const open = async (headers: Record<string, string>) => (await request.get(resource, { headers })).status()
  expect(await open({ authorization: `Bearer ${token}` })).toBe(200)
  expect((await redeem()).status()).toBe(400)
  expect(await open({ authorization: `Bearer ${token}` })).toBe(401)
  expect(await open({})).toBe(401)
})

test('another refuses', async () => {
  await authorize(await register())
  await perform(browser.page, [...described.reject, complete])
  expect(answered().get('error')).toBe('access_denied')
})

test.each([
  ['oidcc-registration-policy-uri', { policy_uri: 'https://client.example/policy' }],
  ['oidcc-registration-tos-uri', { tos_uri: 'https://client.example/terms' }],
])('%s shows the link, where access is allowed (OIDC Registration 2)', async (module, metadata) => {
  await authorize(await register(metadata))
  await perform(browser.page, described.override[module]?.browser[0]?.tasks ?? [])
  const [uri] = Object.values(metadata)
  expect(await browser.page.locator(`a[href="${uri}"]`).count()).toBe(1)
})

test('an address that is not registered ends on a page that says so', async () => {
  await authorize(await register(), `${callback()}?more`)
  await perform(browser.page, [shows(described.match.error, described.text.error)])
})

test('so does a sign-out with an address or a hint that cannot be', async () => {
  const { match, text } = described
  const client = await register({ post_logout_redirect_uris: [`${served.suite}/bye`] })
  await signOut({ client_id: client, post_logout_redirect_uri: `${served.suite}/elsewhere` })
  await perform(browser.page, [shows(match.end_session, text.bad_post_logout_uri)])
  await signOut({ id_token_hint: 'a.b.c' })
  await perform(browser.page, [shows(match.end_session, text.bad_id_token_hint)])
  const [, last] = described.override['oidcc-rp-initiated-logout-no-id-token-hint']?.browser ?? []
  await signOut({ post_logout_redirect_uri: `${served.suite}/bye` })
  await perform(browser.page, last?.tasks ?? [])
})

test('a sign-out without parameters is confirmed', async () => {
  const { match, text, end_session_confirm: commands } = described
  await authorize(await register())
  await perform(browser.page, allowed())
  await signOut({})
  const confirm: Task = { task: 'Confirm logout', match: match.end_session, optional: true, commands }
  await perform(browser.page, [confirm, shows(match.end_session_done, text.logged_out)])
})
