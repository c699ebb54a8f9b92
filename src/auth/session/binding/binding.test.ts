import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { challengeIn, type DeviceKeyPair, makeDeviceKey, offerIn } from '../../../../test/servers/device-key.ts'
import type { Reply } from '../../../http/message.ts'
import type { DecisionInput } from '../../../policy-engine/contract/index.ts'
import {
  continued,
  cookieOf,
  type Next,
  OPENED_AT,
  openSurroundings,
  type Surroundings,
  startedSession,
  TENANT,
  userRecord,
} from '../endpoint-fixture.ts'
import { findSession } from '../session.ts'
import { SETTLING_SECONDS } from './device-binding.ts'
import { refreshDeviceProof } from './refresh.ts'
import { registerDeviceKey } from './register.ts'

const SESSION = '__Host-sallyport_session'
const BOUND = '__Host-sallyport_bound'

let around: Surroundings
beforeAll(async () => {
  around = await openSurroundings()
})
afterAll(() => around.close())
beforeEach(() => {
  around.clear()
  answer(({ seen }) => (seen?.binding === 'proven' ? 'go_on' : seen?.binding === 'failed' ? 'end' : 'step_up'))
})

function answer(next: (input: DecisionInput<'session'>) => Next) {
  around.answers.session = (input) => continued(next(input))
}
const headersOf = ({ headers }: Reply) => headers as Readonly<Record<string, string>>

let count = 0
function newSub(): string {
  count += 1
  return `sub-${count}`
}
/** Somebody signs in; `jar` is their browser's cookies, `ask` what it sends. */
async function signIn(cookies: Readonly<Record<string, string>> = {}, sub = newSub()) {
  const user = userRecord({ sub, userName: sub })
  await around.store.users.create(TENANT, user)
  const jar: Record<string, string> = { ...cookies }
  const started = await startedSession(around, around.request({ cookies: jar }), {
    user,
    acr: 'a',
    amr: [],
    ttlSeconds: 3600,
  })
  jar[SESSION] = cookieOf({ status: 200, headers: { 'set-cookie': started.cookie } }, SESSION) ?? ''
  const keep = (reply: Reply): Reply => {
    const value = cookieOf(reply, BOUND)
    if (value !== undefined) jar[BOUND] = value
    return reply
  }
  const request = (headers: Readonly<Record<string, string>> = {}) =>
    around.request({ method: 'POST', headers, cookies: { ...jar } })
  return {
    user,
    jar,
    offer: offerIn(started.headers['secure-session-registration']),
    headers: started.headers,
    find: () => findSession(around, request()),
    register: async (response?: string) =>
      keep(
        await registerDeviceKey(around, request(response === undefined ? {} : { 'secure-session-response': response })),
      ),
    refresh: async (id: string, response?: string) =>
      keep(
        await refreshDeviceProof(
          around,
          request({
            'sec-secure-session-id': `"${id}"`,
            ...(response !== undefined && { 'secure-session-response': response }),
          }),
        ),
      ),
  }
}
type Browser = Awaited<ReturnType<typeof signIn>>

async function bound(key: DeviceKeyPair = makeDeviceKey()) {
  const browser = await signIn()
  const reply = await browser.register(await key.prove({ challenge: browser.offer.challenge, withKey: true }))
  return { browser, key, id: (reply.body as { session_identifier: string }).session_identifier, reply }
}
async function challengeOf(browser: Browser, id: string): Promise<string> {
  const asked = await browser.refresh(id)
  expect(asked.status).toBe(403)
  return challengeIn(headersOf(asked)['secure-session-challenge']).challenge
}

test('a sign-in offers to bind the session, and the browser registers a key (DBSC, registration)', async () => {
  const browser = await signIn()
  expect(browser.offer).toMatchObject({ path: '/session/binding', algorithms: ['ES256', 'RS256'] })
  const reply = await browser.register(
    await makeDeviceKey().prove({ challenge: browser.offer.challenge, withKey: true }),
  )
  expect(reply.status).toBe(200)
  expect(headersOf(reply)['set-cookie']).toMatch(
    /^__Host-sallyport_bound=[^;]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  )
  expect(reply.body).toMatchObject({
    refresh_url: '/session/binding/refresh',
    scope: { origin: 'https://id.example', include_site: false },
    credentials: [{ type: 'cookie', name: BOUND, attributes: 'Path=/; Secure; HttpOnly; SameSite=Lax' }],
  })
  const [record] = (await around.store.sessions.list(TENANT, { sub: browser.user.sub }, 0, 1)).records
  expect(record?.deviceKey).toMatchObject({ alg: 'ES256', boundAt: OPENED_AT })
  expect(JSON.stringify(reply.body)).not.toContain(record?.sid)
  expect(around.asked.map(({ input }) => (input as DecisionInput<'session'>).stage)).toEqual(['bind'])
  expect(around.events).toEqual([expect.objectContaining({ event: 'session_bound', decision_id: 'd-1' })])
})

test('an RSA key registers and refreshes too', async () => {
  const { browser, key, id } = await bound(makeDeviceKey('RS256'))
  const proof = await key.prove({ challenge: await challengeOf(browser, id) })
  expect((await browser.refresh(id, proof)).status).toBe(200)
})

test('while the proof counts nothing is asked; without it a copied session cookie is no session (checklist 44)', async () => {
  const { browser } = await bound()
  around.asked.splice(0)
  around.later(SETTLING_SECONDS + 1)
  expect(await browser.find()).toBeDefined()
  expect(around.asked).toEqual([])
  const thief = around.request({ cookies: { [SESSION]: browser.jar[SESSION] ?? '' } })
  expect(await findSession(around, thief)).toBeUndefined()
  expect(around.asked[0]?.input).toMatchObject({ stage: 'continue', seen: { device_bound: true, binding: 'missing' } })
  expect(await browser.find()).toBeDefined()
  around.later(600)
  expect(await browser.find()).toBeUndefined()
})

test('requests that were sent before the binding had its cookie still pass', async () => {
  const { browser } = await bound()
  delete browser.jar[BOUND]
  around.later(SETTLING_SECONDS - 1)
  expect(await browser.find()).toBeDefined()
  around.later(SETTLING_SECONDS)
  expect(await browser.find()).toBeUndefined()
})

test('the device signs a challenge and the session goes on (DBSC, refresh)', async () => {
  const { browser, key, id } = await bound()
  around.later(700)
  expect(await browser.find()).toBeUndefined()
  const challenge = await challengeOf(browser, id)
  const reply = await browser.refresh(id, await key.prove({ challenge }))
  expect(reply.status).toBe(200)
  expect(reply.body).toMatchObject({ session_identifier: id })
  expect(await browser.find()).toBeDefined()
})

test('a refresh is no use of the session: it stays as idle as it is (checklist 45)', async () => {
  const { browser, key, id } = await bound()
  around.later(500)
  await browser.refresh(id, await key.prove({ challenge: await challengeOf(browser, id) }))
  const [record] = (await around.store.sessions.list(TENANT, { sub: browser.user.sub }, 0, 1)).records
  expect(record?.lastSeenAt).toBe(OPENED_AT)
})

test('a proof is good once, for its own session, for its own purpose, and for two minutes', async () => {
  const [one, two] = [await bound(), await bound()]
  const challenge = await challengeOf(one.browser, one.id)
  const proof = await one.key.prove({ challenge })
  expect((await one.browser.refresh(one.id, proof)).status).toBe(200)
  expect((await one.browser.refresh(one.id, proof)).status).toBe(403)
  const foreign = await challengeOf(two.browser, two.id)
  expect((await one.browser.refresh(one.id, await one.key.prove({ challenge: foreign }))).status).toBe(403)
  const { challenge: registration } = one.browser.offer
  expect((await one.browser.refresh(one.id, await one.key.prove({ challenge: registration }))).status).toBe(403)
  const late = await one.key.prove({ challenge: await challengeOf(one.browser, one.id) })
  around.later(2 * 60)
  expect((await one.browser.refresh(one.id, late)).status).toBe(403)
  expect((await one.browser.refresh(one.id, await one.key.prove({ challenge: 'made-up' }))).status).toBe(403)
})

test('of 20 refreshes with one proof at once, one is taken', async () => {
  const { browser, key, id } = await bound()
  const proof = await key.prove({ challenge: await challengeOf(browser, id) })
  const replies = await Promise.all(Array.from({ length: 20 }, () => browser.refresh(id, proof)))
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
})

test('another key ends the session for everybody, as policy says of a wrong proof', async () => {
  const { browser, id } = await bound()
  const proof = await makeDeviceKey().prove({ challenge: await challengeOf(browser, id) })
  await expect(browser.refresh(id, proof)).rejects.toMatchObject({ code: 'invalid_request' })
  expect(await browser.find()).toBeUndefined()
  expect(around.events.map(({ event, detail }) => `${event} ${detail}`).slice(1)).toEqual([
    'session_changed proof_failed:end',
    'session_ended all',
  ])
})

test('where policy lets a wrong proof pass, it still proves nothing', async () => {
  const { browser, id } = await bound()
  answer(() => 'go_on')
  const proof = await makeDeviceKey().prove({ challenge: await challengeOf(browser, id) })
  await expect(browser.refresh(id, proof)).rejects.toMatchObject({ code: 'invalid_request' })
})

test('a cookie that was tampered with is a wrong proof; one of an earlier session is none', async () => {
  const [one, two] = [await bound(), await bound()]
  around.later(SETTLING_SECONDS)
  const [end, ...rest] = (one.browser.jar[BOUND] ?? '').split('.')
  expect(end).toMatch(/^[0-9a-z]+$/)
  one.browser.jar[BOUND] = ['zzzzzzz', ...rest].join('.')
  expect(await one.browser.find()).toBeUndefined()
  expect(around.asked.at(-1)?.input).toMatchObject({ seen: { binding: 'failed' } })
  two.browser.jar[BOUND] = one.browser.jar[BOUND] ?? ''
  expect(await two.browser.find()).toBeUndefined()
  expect(around.asked.at(-1)?.input).toMatchObject({ seen: { binding: 'missing' } })
})

test.each<
  [what: string, parts: { claims?: Record<string, unknown>; header?: Record<string, unknown>; withKey?: boolean }]
>([
  ['without its key', { withKey: false }],
  ['of another type', { header: { typ: 'JWT' } }],
  ['that no challenge of ours', { claims: { jti: 'made-up' } }],
  ['with a private key inside', { header: { jwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' } } }],
  ['with another key than signed it', { header: { jwk: makeDeviceKey().publicJwk } }],
  ['that demands an extension', { header: { crit: ['b64'], b64: false } }],
])('refuses a registration %s', async (_what, parts) => {
  const browser = await signIn()
  const proof = await makeDeviceKey()
    .prove({ challenge: browser.offer.challenge, withKey: true, ...parts })
    .catch(() => '"eyJhbGciOiJub25lIn0.e30."')
  await expect(browser.register(proof)).rejects.toMatchObject({ code: 'invalid_request' })
  const [record] = (await around.store.sessions.list(TENANT, { sub: browser.user.sub }, 0, 1)).records
  expect(record?.deviceKey).toBeUndefined()
})

test('an unsigned proof, none, and one in no form of RFC 9651 are refused', async () => {
  const browser = await signIn()
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const unsigned = `"${part({ alg: 'none', typ: 'dbsc+jwt' })}.${part({ jti: browser.offer.challenge })}."`
  for (const proof of [undefined, unsigned, 'a b', '"', '?1', '("a")'])
    await expect(browser.register(proof)).rejects.toMatchObject({ code: 'invalid_request' })
})

test('a session is bound once: a second key has no way in', async () => {
  const { browser } = await bound()
  const { challenge } = browser.offer
  const second = await makeDeviceKey().prove({ challenge, withKey: true })
  await expect(browser.register(second)).rejects.toMatchObject({ code: 'invalid_request' })
  const racing = await signIn()
  const proofs = await Promise.all(
    Array.from({ length: 10 }, () => makeDeviceKey().prove({ challenge: racing.offer.challenge, withKey: true })),
  )
  const results = await Promise.allSettled(proofs.map((proof) => racing.register(proof)))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('the page that a sign-in leads to may be asked for while the key registers', async () => {
  const browser = await signIn()
  const { replace } = around.store.sessions
  let touched = false
  const sessions: typeof around.store.sessions = {
    ...around.store.sessions,
    replace: async (tenant, digest, session, revision) => {
      if (!touched) await replace(tenant, digest, { ...session, deviceKey: undefined } as never, revision)
      touched = true
      return replace(tenant, digest, session, revision)
    },
  }
  const deps = { ...around, store: { ...around.store, sessions } }
  const response = await makeDeviceKey().prove({ challenge: browser.offer.challenge, withKey: true })
  const request = around.request({ headers: { 'secure-session-response': response }, cookies: browser.jar })
  expect((await registerDeviceKey(deps, request)).status).toBe(200)
})

test('where policy does not want a binding there is none', async () => {
  const browser = await signIn()
  answer(() => 'step_up')
  const proof = await makeDeviceKey().prove({ challenge: browser.offer.challenge, withKey: true })
  await expect(browser.register(proof)).rejects.toMatchObject({ code: 'access_denied' })
  expect(await browser.find()).toBeDefined()
})

test('nobody signed in, or a session that is not bound, learns nothing from the refresh', async () => {
  const nobody = around.request({ method: 'POST', headers: { 'sec-secure-session-id': '"x"' } })
  await expect(refreshDeviceProof(around, nobody)).rejects.toMatchObject({ code: 'login_required' })
  await expect(registerDeviceKey(around, nobody)).rejects.toMatchObject({ code: 'login_required' })
  const browser = await signIn()
  await expect(browser.refresh('x')).rejects.toMatchObject({ code: 'invalid_request' })
  const { browser: other } = await bound()
  await expect(other.refresh('somebody else')).rejects.toMatchObject({ code: 'invalid_request' })
})

test('who signs in anew on the device keeps its binding; who copied the cookie begins another session', async () => {
  const { browser, id } = await bound()
  around.later(SETTLING_SECONDS)
  const again = await signIn(browser.jar, browser.user.sub)
  expect(again.headers).toEqual({})
  const [record] = (await around.store.sessions.list(TENANT, { sub: browser.user.sub }, 0, 1)).records
  expect(record?.deviceKey).toBeDefined()
  expect(await again.find()).toBeDefined()
  const thief = await signIn({ [SESSION]: again.jar[SESSION] ?? '' }, browser.user.sub)
  expect(thief.offer.path).toBe('/session/binding')
  expect((await thief.find())?.record.sid).not.toBe(record?.sid)
  expect(id).not.toBe('')
})
