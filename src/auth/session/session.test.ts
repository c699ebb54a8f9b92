import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestOf } from '../../kernel/ids.ts'
import {
  cookieOf,
  ISSUER,
  openSurroundings,
  type Surroundings,
  startedSession,
  TENANT,
  userRecord,
} from './endpoint-fixture.ts'
import { beginSession, findSession, forgetSession } from './session.ts'

const NAME = '__Host-sallyport_session'
let around: Surroundings
beforeAll(async () => {
  around = await openSurroundings()
})
afterAll(() => around.close())

const signIn = async (of: Parameters<typeof userRecord>[0] = {}, cookies: Record<string, string> = {}) => {
  const user = userRecord({ sub: `sub-${Math.random()}`, userName: `${Math.random()}`, ...of })
  await around.store.users.create(TENANT, user)
  const started = await startedSession(around, around.request({ cookies }), {
    user,
    acr: 'urn:sallyport:acr:password',
    amr: ['pwd'],
    ttlSeconds: 600,
  })
  return { user, ...started, value: cookieOf({ status: 200, headers: { 'set-cookie': started.cookie } }, NAME) ?? '' }
}
const find = (value: string) => findSession(around, around.request({ cookies: { [NAME]: value } }))

test('the cookie is __Host-, Secure, HttpOnly, SameSite=Lax, and the store holds its digest only (checklist 44)', async () => {
  const { cookie, value, digest, user } = await signIn()
  expect(cookie).toMatch(
    /^__Host-sallyport_session=[A-Za-z0-9_-]{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  )
  expect(digest).toBe(digestOf(value))
  expect(await around.store.sessions.find(TENANT, value)).toBeUndefined()
  expect(await find(value)).toMatchObject({ digest, user: { sub: user.sub }, record: { amr: ['pwd'] } })
})

test('on http the cookie has no prefix, which browsers would refuse, and is not Secure, or other clients would not send it back', async () => {
  const user = userRecord({ sub: 'http', userName: 'http' })
  await around.store.users.create(TENANT, user)
  const deps = { ...around, issuer: 'http://localhost:8080' }
  const { cookie } = await startedSession(deps, around.request(), { user, acr: 'a', amr: [], ttlSeconds: 60 })
  expect(cookie).toMatch(/^sallyport_session=[\w-]{43}; Max-Age=60; Path=\/; HttpOnly; SameSite=Lax$/)
})

test('every sign-in gets a new id and ends the cookie it came with (session fixation, checklist 44)', async () => {
  const first = await signIn()
  const cookies = { [NAME]: first.value }
  const request = around.request({ cookies })
  const again = await startedSession(around, request, { user: first.user, acr: 'a', amr: [], ttlSeconds: 600 })
  const value = cookieOf({ status: 200, headers: { 'set-cookie': again.cookie } }, NAME) ?? ''
  expect(value).not.toBe(first.value)
  expect(await find(first.value)).toBeUndefined()
  expect(await find(value)).toBeDefined()
})

test('a session ends at its ttl, by deactivation, by revocation, and by deletion of its user (checklist 45)', async () => {
  const [deactivated, revoked, deleted, old] = [await signIn(), await signIn(), await signIn(), await signIn()]
  await around.store.users.replace(TENANT, { ...deactivated.user, active: false, version: 2 }, 1)
  await around.store.users.revokeAll(TENANT, revoked.user.sub)
  await around.store.users.delete(TENANT, deleted.user.sub)
  for (const { value } of [deactivated, revoked, deleted]) expect(await find(value)).toBeUndefined()
  const reactivated = await around.store.users.find(TENANT, deactivated.user.sub)
  if (reactivated) await around.store.users.replace(TENANT, { ...reactivated, active: true }, reactivated.version)
  expect(await find(deactivated.value)).toBeUndefined()

  expect(await find(old.value)).toBeDefined()
  around.clock.set(around.clock.nowMs() + 600 * 1000)
  expect(await find(old.value)).toBeUndefined()
})

test('a cookie is removed without a word to the store, which its session is ended in; another cookie is nobody', async () => {
  const { value } = await signIn()
  const cookie = forgetSession(around, around.request({ cookies: { [NAME]: value } }))
  expect(cookie).toMatch(/^__Host-sallyport_session=; Max-Age=0; Path=\//)
  expect(await find(value)).toBeDefined()
  expect(await find('')).toBeUndefined()
  expect(forgetSession(around, around.request())).toBeUndefined()
  expect(await findSession(around, around.request({ cookies: { sallyport_session: value } }))).toBeUndefined()
  expect(ISSUER).toMatch(/^https/)
})

test('who signs in anew goes on with the session that clients know; anybody else begins another, and leaves that one to be ended', async () => {
  const first = await signIn()
  const { sid } = (await find(first.value))?.record ?? {}
  expect(sid).toMatch(/^[A-Za-z0-9_-]{22}$/)
  const again = await startedSession(around, around.request({ cookies: { [NAME]: first.value } }), {
    user: first.user,
    acr: 'urn:sallyport:acr:mfa',
    amr: ['pwd', 'otp'],
    ttlSeconds: 600,
  })
  const second = cookieOf({ status: 200, headers: { 'set-cookie': again.cookie } }, NAME) ?? ''
  expect((await find(second))?.record).toMatchObject({ sid, acr: 'urn:sallyport:acr:mfa' })
  const begun = await beginSession(around, around.request({ cookies: { [NAME]: second } }), 'somebody else')
  expect([begun.kept, begun.left?.record.sid]).toEqual([undefined, sid])
  const other = await signIn({}, { [NAME]: second })
  expect((await find(other.value))?.record.sid).not.toBe(sid)
})
