import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import { rememberDevice } from './device.ts'
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
} from './endpoint-fixture.ts'
import { keepSession } from './keep-session.ts'
import { findSession, type SignedIn } from './session.ts'

const NAME = '__Host-sallyport_session'
const DEVICES = '__Host-sallyport_devices'
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const SAFARI = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1'

let around: Surroundings
beforeAll(async () => {
  around = await openSurroundings()
})
afterAll(() => around.close())
beforeEach(() => {
  around.clear()
  answer('go_on')
})

const answer = (next: Next, revokeGrants?: 'all' | 'none') => {
  around.answers.session = () => continued(next, revokeGrants)
}

interface From {
  readonly agent?: string
  readonly address?: string
  readonly cookies?: Readonly<Record<string, string>>
}
const requestFrom = ({ agent = FIREFOX, address = '203.0.113.7', cookies = {} }: From) =>
  around.request({ headers: { 'user-agent': agent }, address, cookies })

let count = 0
async function signIn(of: Partial<SignedIn> = {}) {
  count += 1
  const user = userRecord({ sub: `sub-${count}`, userName: `person-${count}` })
  await around.store.users.create(TENANT, user)
  const signedIn = { user, acr: 'urn:sallyport:acr:password', amr: ['pwd'], ttlSeconds: 3600, ...of }
  const { cookie } = await startedSession(around, requestFrom({}), signedIn)
  const value = cookieOf({ status: 200, headers: { 'set-cookie': cookie } }, NAME) ?? ''
  const find = (from: From = {}) =>
    findSession(around, requestFrom({ ...from, cookies: { [NAME]: value, ...from.cookies } }))
  return { user, value, find }
}
const seen = () => around.asked.map(({ input }) => (input as DecisionInput<'session'>).seen)

test('used as before, a session asks nothing and writes nothing', async () => {
  const { value } = await signIn({ idleSeconds: 900 })
  const sessions = { ...around.store.sessions, replace: () => Promise.reject(new Error('written')) }
  const deps = { ...around, store: { ...around.store, sessions } }
  around.later(59)
  for (const address of ['203.0.113.7', '203.0.113.200'])
    expect(await findSession(deps, requestFrom({ address, cookies: { [NAME]: value } }))).toBeDefined()
  expect(around.asked).toEqual([])
})

test('it is written once a minute that it was seen, and its absolute end stays (checklist 45)', async () => {
  const { find } = await signIn()
  const ends = (await find())?.record.expiresAt
  const seenAt = []
  for (const second of [30, 60, 61, 119, 120, 300]) {
    around.later(second)
    seenAt.push(((await find())?.record.lastSeenAt ?? 0) - OPENED_AT)
  }
  expect(seenAt).toEqual([0, 60, 60, 60, 120, 300])
  expect((await find())?.record).toMatchObject({ expiresAt: ends, revision: 3 })
  around.later(3600)
  expect(await find()).toBeUndefined()
})

test('an idle session ends, a used one goes on to its absolute end and no further (checklist 45)', async () => {
  const [idle, used] = [await signIn({ idleSeconds: 600 }), await signIn({ idleSeconds: 600 })]
  for (let second = 0; second < 3600; second += 300) {
    around.later(second)
    expect(await used.find()).toBeDefined()
    if (second === 300) continue
    expect((await idle.find()) !== undefined).toBe(second === 0)
  }
  around.later(3600)
  expect(await used.find()).toBeUndefined()
})

test('a session that may be idle for a moment only is seen often enough for it', async () => {
  const { find } = await signIn({ idleSeconds: 20 })
  for (const second of [10, 25, 40, 55]) {
    around.later(second)
    expect(await find()).toBeDefined()
  }
  around.later(75)
  expect(await find()).toBeUndefined()
})

test('one that ends while a request sees it is none for that request, and is not brought back', async () => {
  const { find, value } = await signIn()
  const sid = (await find())?.record.sid ?? ''
  around.later(100)
  const { find: read } = around.store.sessions
  const sessions: typeof around.store.sessions = {
    ...around.store.sessions,
    find: async (...of) => {
      const found = await read(...of)
      await around.store.sessions.end(TENANT, sid)
      return found
    },
  }
  const request = requestFrom({ cookies: { [NAME]: value } })
  expect(await findSession({ ...around, store: { ...around.store, sessions } }, request)).toBeUndefined()
  expect(await find()).toBeUndefined()
  expect(await around.store.sessions.findById(TENANT, sid)).toBeUndefined()
})

test('another network is asked once, with what is known, and then is the one it is seen from', async () => {
  const { find, user } = await signIn({ idleSeconds: 900 })
  around.later(40)
  expect((await find({ address: '198.51.100.1' }))?.user.sub).toBe(user.sub)
  expect(around.asked[0]?.input).toMatchObject({
    stage: 'continue',
    subject: { sub: user.sub },
    authentication: { acr: 'urn:sallyport:acr:password' },
    seen: {
      browser_changed: false,
      network_changed: true,
      device_known: false,
      device_bound: false,
      idle_seconds: 40,
      age_seconds: 40,
    },
  })
  expect(await find({ address: '198.51.100.99' })).toBeDefined()
  expect(around.asked).toHaveLength(1)
  const told = { event: 'session_changed', sub: user.sub, decision_id: 'd-1', detail: 'network:go_on' }
  expect(around.events).toEqual([expect.objectContaining(told)])
  expect(await find({ address: '203.0.113.7' })).toBeDefined()
  expect(around.asked).toHaveLength(2)
})

test('IPv4 and IPv6 of one household are two networks that it is seen from, not a change each time', async () => {
  const { find } = await signIn()
  for (const address of ['2001:db8:1:2::3', '203.0.113.9', '2001:db8:1:9::3', '203.0.113.8']) await find({ address })
  expect(seen()).toEqual([expect.objectContaining({ network_changed: true })])
  await find({ address: '2001:db8:2::1' })
  expect(around.asked).toHaveLength(2)
})

test('another browser, or system, is told; a new version of it is not (checklist 44)', async () => {
  const { find } = await signIn()
  expect(await find({ agent: FIREFOX.replaceAll('140', '141') })).toBeDefined()
  expect(around.asked).toEqual([])
  await find({ agent: SAFARI })
  expect(seen()).toEqual([expect.objectContaining({ browser_changed: true, network_changed: false })])
})

test('that its person completed a sign-in with this browser is a fact', async () => {
  const { find, user } = await signIn()
  const { cookie } = await rememberDevice(around, requestFrom({}), user)
  const device = cookieOf({ status: 200, headers: { 'set-cookie': cookie } }, DEVICES) ?? ''
  await find({ agent: SAFARI, cookies: { [DEVICES]: device } })
  expect(seen()).toEqual([expect.objectContaining({ device_known: true })])
})

test('where policy wants a new sign-in the browser has no session, and the one that it began in goes on', async () => {
  const { find } = await signIn()
  answer('step_up')
  expect(await find({ agent: SAFARI })).toBeUndefined()
  expect(await find({ agent: SAFARI })).toBeUndefined()
  expect(await find()).toBeDefined()
  expect(around.asked).toHaveLength(2)
})

test('who signs in anew there goes on with the session that clients know, seen from there (checklist 44)', async () => {
  const { find, user, value } = await signIn()
  const sid = (await find())?.record.sid
  answer('step_up')
  const from = { agent: SAFARI, cookies: { [NAME]: value } }
  const { cookie } = await startedSession(around, requestFrom(from), { user, acr: 'a', amr: [], ttlSeconds: 60 })
  const again = cookieOf({ status: 200, headers: { 'set-cookie': cookie } }, NAME) ?? ''
  const found = await findSession(around, requestFrom({ agent: SAFARI, cookies: { [NAME]: again } }))
  expect(found?.record.sid).toBe(sid)
  expect(around.asked).toEqual([])
  expect(await find()).toBeUndefined()
})

test('where policy ends it, it ends for everybody', async () => {
  const { find } = await signIn()
  answer('end')
  expect(await find({ agent: SAFARI, address: '198.51.100.1' })).toBeUndefined()
  expect(await find()).toBeUndefined()
  expect(around.events.map(({ event, detail }) => `${event} ${detail}`)).toEqual([
    'session_changed browser_and_network:end',
    'session_ended all',
  ])
})

test('where policy denies, or is away, nobody is taken for signed in', async () => {
  const { find } = await signIn()
  around.answers.session = () => ({ allow: false, reasons: ['tenant_not_allowed'] })
  await expect(find({ agent: SAFARI })).rejects.toMatchObject({ code: 'access_denied' })
  delete around.answers.session
  await expect(find({ agent: SAFARI })).rejects.toMatchObject({ name: 'PolicyUnavailable' })
})

test('after a new password this session goes on under another cookie, the others end (checklist 45)', async () => {
  const { find, user, value } = await signIn({ idleSeconds: 900 })
  const other = await startedSession(around, requestFrom({}), { user, acr: 'a', amr: [], ttlSeconds: 600 })
  const before = await find()
  await around.store.users.revokeAll(TENANT, user.sub)
  expect(await find()).toBeUndefined()
  const now = await around.store.users.find(TENANT, user.sub)
  if (before === undefined || now === undefined) throw new Error('gone')
  around.later(600)
  const renewed = await keepSession(around, requestFrom({ cookies: { [NAME]: value } }), before, now)
  expect(renewed).toContain('Max-Age=3000;')
  const find2 = (cookie: string) =>
    findSession(
      around,
      requestFrom({ cookies: { [NAME]: cookieOf({ status: 200, headers: { 'set-cookie': cookie } }, NAME) ?? '' } }),
    )
  expect((await find2(renewed))?.record).toMatchObject({
    sid: before.record.sid,
    expiresAt: before.record.expiresAt,
  })
  expect(await find2(other.cookie)).toBeUndefined()
  expect((await around.store.sessions.list(TENANT, { sub: user.sub }, 0, 9)).total).toBe(1)
  expect(await find()).toBeUndefined()
})
