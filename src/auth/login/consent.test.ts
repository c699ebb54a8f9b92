import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Reply } from '../../http/message.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { DecisionInput, DecisionResult } from '../../policy-engine/contract/index.ts'
import type { InteractionRecord } from '../../storage/interaction-records.ts'
import {
  clientRecord,
  cookieOf,
  ISSUER,
  openSurroundings,
  type RequestParts,
  type Surroundings,
  startedSession,
  TENANT,
  userRecord,
} from '../session/endpoint-fixture.ts'
import { findInteraction, startInteraction } from '../session/interaction.ts'
import { signInSurroundings } from '../sign-in/sign-in-fixture.ts'
import { type LoginHandlers, loginHandlers } from './login-handlers.ts'

const BROWSER = '__Host-sallyport_browser'
const SESSION = '__Host-sallyport_session'
const SCOPES = ['openid', 'profile', 'orders:read']

const authorizeResult = (scopes: string[]): DecisionResult<'authorize'> => ({
  allow: true,
  reasons: [],
  obligations: {
    scopes,
    audience: [],
    claims: [],
    consent: 'required',
    sign_in: 'none',
    code_ttl_seconds: 60,
    request_uri_ttl_seconds: 60,
    device_code_ttl_seconds: 600,
    device_interval_seconds: 5,
  },
})
const consentResult = (scopes: string[], remember_seconds = 3600): DecisionResult<'consent'> => ({
  allow: true,
  reasons: [],
  obligations: { scopes, claims: [], remember_seconds },
})

let around: Surroundings
let pages: LoginHandlers
let cookies: Record<string, string>
let interaction: string
beforeEach(async () => {
  around = await openSurroundings({
    authorize: ({ requested }) => authorizeResult(requested.scopes),
    consent: ({ granted }) =>
      granted.scopes.length > 0 ? consentResult(granted.scopes) : { allow: false, reasons: ['nothing_granted'] },
  })
  pages = loginHandlers(signInSurroundings(around))
  await around.store.clients.create(TENANT, clientRecord({ redirectUris: ['https://app.example/cb?x=%2F'] }))
  const user = userRecord()
  await around.store.users.create(TENANT, user)
  const session = await startedSession(around, around.request(), { user, acr: 'a', amr: ['pwd'], ttlSeconds: 3600 })
  cookies = { [SESSION]: cookieOf(withCookie(session.cookie), SESSION) ?? '' }
  interaction = await begin()
})
afterEach(() => around.close())

const withCookie = (cookie: string): Reply => ({ status: 303, headers: { 'set-cookie': cookie } })

async function begin(of: Partial<InteractionRecord> = {}): Promise<string> {
  const started = await startInteraction(around, around.request({ cookies }), {
    v: 1,
    clientId: 'client-1',
    redirectUri: 'https://app.example/cb?x=%2F',
    state: 'st&ate',
    scopes: SCOPES,
    resources: [],
    codeChallenge: 'c'.repeat(43),
    createdAt: Math.floor(around.clock.nowMs() / 1000),
    ...of,
  })
  cookies = { ...cookies, [BROWSER]: cookieOf(withCookie(started.cookie), BROWSER) ?? '' }
  return started.id
}

const at = (parts: RequestParts = {}) => around.request({ query: { interaction }, cookies, ...parts })
const field = (reply: Reply, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(String(reply.body))?.[1] ?? ''
async function answer(what: string, change: Record<string, string> = {}, parts: RequestParts = {}): Promise<Reply> {
  const page = await pages.showConsent(at())
  const form = { form_token: field(page, 'form_token'), scope: field(page, 'scope'), answer: what, ...change }
  return pages.consent(at({ method: 'POST', form, ...parts }))
}
const storedConsent = () => around.store.consents.find(TENANT, 'sub-1', 'client-1')
const resume = () => `/oauth/authorize/resume?interaction=${interaction}`
const failsWith = (code: string) => expect.objectContaining({ code })

test('asks for what a code could carry, by the decision, and names client, account and host (OIDC Core 3.1.2.4)', async () => {
  around.answers = { ...around.answers, authorize: () => authorizeResult(['openid', 'orders:read']) }
  const page = await pages.showConsent(at())
  expect(page.status).toBe(200)
  for (const text of ['Photo Prints', 'ada@example.com', 'app.example', '<code>orders:read</code>'])
    expect(page.body).toContain(text)
  expect(page.body).not.toContain('your name and profile')
  expect(page.headers?.['content-security-policy']).toContain("form-action 'self' https:;")
  expect(around.asked).toMatchObject([
    {
      name: 'authorize',
      input: { stage: 'subject', subject: { sub: 'sub-1' }, requested: { scopes: SCOPES }, consented_scopes: [] },
    },
  ])
  expect(JSON.stringify(around.asked)).not.toContain('ada@')
})

test('allow: what policy keeps is stored for as long as it says, and the authorization goes on by 303', async () => {
  around.answers = { ...around.answers, consent: () => consentResult(['openid', 'scope-not-shown'], 3600) }
  const reply = await answer('allow')
  expect(reply).toEqual({ status: 303, headers: { location: resume() } })
  const now = Math.floor(around.clock.nowMs() / 1000)
  expect(await storedConsent()).toEqual({ v: 1, scopes: ['openid'], grantedAt: now, expiresAt: now + 3600 })
  expect(around.asked.at(-1)).toMatchObject({
    name: 'consent',
    input: { requested: { scopes: SCOPES }, granted: { scopes: SCOPES } },
  })
  expect(around.events).toMatchObject([{ event: 'consent_granted', sub: 'sub-1', client_id: 'client-1' }])
})

test('a redirect URI that was taken from the client meanwhile is led to no more, with an error neither (RFC 9700 4.11)', async () => {
  const page = await pages.showConsent(at())
  await around.store.clients.replace(TENANT, clientRecord({ redirectUris: ['https://new.example/cb'], version: 2 }), 1)
  const form = { form_token: field(page, 'form_token'), scope: field(page, 'scope'), answer: 'deny' }
  await expect(pages.consent(at({ method: 'POST', form }))).rejects.toEqual(failsWith('invalid_request'))
  await expect(pages.showConsent(at())).rejects.toEqual(failsWith('invalid_request'))
})

test('an answer that is remembered for no time still carries this one authorization', async () => {
  around.answers = { ...around.answers, consent: ({ granted }) => consentResult(granted.scopes, 0) }
  await answer('allow')
  expect(await storedConsent()).toBeUndefined()
  expect(await findInteraction(around, at(), interaction)).toMatchObject({
    consented: { sub: 'sub-1', scopes: SCOPES },
  })
})

test('an answer that comes when the authorization has its code brings nothing back (double submit)', async () => {
  let taken: Promise<unknown> | undefined
  const consent = ({ granted }: DecisionInput<'consent'>) => {
    // Between what the form was held against and what is written, another tab goes on to its code.
    taken = around.store.interactions.take(TENANT, digestOf(interaction))
    return consentResult(granted.scopes)
  }
  around.answers = { ...around.answers, consent }
  await expect(answer('allow')).rejects.toEqual(failsWith('invalid_request'))
  expect(await taken).toBeDefined()
  expect(await findInteraction(around, at(), interaction)).toBeUndefined()
  expect(await storedConsent()).toBeUndefined()
  expect(around.events).toEqual([])
})

test('deny: back to the client with access_denied, state and iss, and the request has ended (RFC 6749 4.1.2.1, RFC 9207)', async () => {
  const reply = await answer('deny')
  expect(reply.status).toBe(303)
  const location = String(reply.headers?.location)
  expect(location.startsWith('https://app.example/cb?x=%2F&')).toBe(true)
  const query = new URL(location).searchParams
  expect([query.get('error'), query.get('state'), query.get('iss')]).toEqual(['access_denied', 'st&ate', ISSUER])
  expect(await storedConsent()).toBeUndefined()
  expect(around.asked.at(-1)).toMatchObject({ name: 'consent', input: { granted: { scopes: [] } } })
  expect(around.events).toMatchObject([{ event: 'consent_refused' }])
  await expect(pages.showConsent(at())).rejects.toEqual(failsWith('invalid_request'))
})

test('policy refuses what the person allowed: the client reads its code, nothing is kept', async () => {
  around.answers = { ...around.answers, consent: () => ({ allow: false, reasons: ['scope_not_allowed'] }) }
  expect(String((await answer('allow')).headers?.location)).toContain('error=invalid_scope')
  expect(await storedConsent()).toBeUndefined()
})

test('what is agreed to is what was shown: other scopes, persons or answers are refused (checklist 12)', async () => {
  await expect(answer('allow', { scope: 'openid profile' })).rejects.toEqual(failsWith('access_denied'))
  await expect(answer('allow', { scope: `${SCOPES.join(' ')} admin` })).rejects.toEqual(failsWith('access_denied'))
  await expect(answer('allow', { form_token: 'x' })).rejects.toEqual(failsWith('access_denied'))
  await expect(answer('perhaps')).rejects.toEqual(failsWith('invalid_request'))
  await expect(answer('allow', {}, { headers: { 'sec-fetch-site': 'cross-site' } })).rejects.toEqual(
    failsWith('access_denied'),
  )
  const other = userRecord({ sub: 'sub-2', userName: 'bob' })
  await around.store.users.create(TENANT, other)
  const session = await startedSession(around, around.request(), { user: other, acr: 'a', amr: [], ttlSeconds: 3600 })
  const bob = { ...cookies, [SESSION]: cookieOf(withCookie(session.cookie), SESSION) ?? '' }
  await expect(answer('allow', {}, { cookies: bob })).rejects.toEqual(failsWith('access_denied'))
  expect(around.asked.filter(({ name }) => name === 'consent')).toEqual([])
  expect(await around.store.consents.find(TENANT, 'sub-2', 'client-1')).toBeUndefined()
})

test('without a session, or where policy now denies, the authorization endpoint takes over', async () => {
  const signedOut = { [BROWSER]: cookies[BROWSER] ?? '' }
  const back = { status: 303, headers: { location: resume() } }
  expect(await pages.showConsent(at({ cookies: signedOut }))).toEqual(back)
  expect(await pages.consent(at({ cookies: signedOut }))).toEqual(back)
  around.answers = { authorize: () => ({ allow: false, reasons: ['role_missing'] }) }
  expect(await pages.showConsent(at())).toEqual(back)
})

test('earlier consent is a fact of the decision, unless the client asked for the page itself (OIDC Core 3.1.2.1)', async () => {
  const now = Math.floor(around.clock.nowMs() / 1000)
  await around.store.consents.put(TENANT, 'sub-1', 'client-1', {
    v: 1,
    scopes: ['openid'],
    grantedAt: now - 10,
    expiresAt: now + 100,
  })
  const consented = async () => {
    await pages.showConsent(at())
    return (around.asked.at(-1)?.input as DecisionInput<'authorize'> | undefined)?.consented_scopes
  }
  expect(await consented()).toEqual(['openid'])
  interaction = await begin({ askConsent: true })
  expect(await consented()).toEqual([])
})

test('policy unavailable: no page, nothing kept', async () => {
  const page = await pages.showConsent(at())
  around.answers = {}
  await expect(pages.showConsent(at())).rejects.toMatchObject({ name: 'PolicyUnavailable' })
  const form = { form_token: field(page, 'form_token'), scope: field(page, 'scope'), answer: 'allow' }
  await expect(pages.consent(at({ method: 'POST', form }))).rejects.toMatchObject({ name: 'PolicyUnavailable' })
  expect(await storedConsent()).toBeUndefined()
})
