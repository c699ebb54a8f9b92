import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { UserRecord } from '../../storage/records.ts'
import { DEVICE_TTL_SECONDS, deviceOf, findDevice, rememberDevice } from './device.ts'
import { cookieOf, openSurroundings, type Surroundings, TENANT, userRecord } from './endpoint-fixture.ts'

const NAME = '__Host-sallyport_devices'
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
let around: Surroundings
beforeAll(async () => {
  around = await openSurroundings()
})
afterAll(() => around.close())
beforeEach(() => void around.events.splice(0))

let count = 0
async function person(): Promise<UserRecord> {
  count += 1
  const user = userRecord({ sub: `sub-${count}`, userName: `Person-${count}` })
  await around.store.users.create(TENANT, user)
  return user
}
const requestWith = (cookie?: string) =>
  around.request({ headers: { 'user-agent': FIREFOX }, ...(cookie !== undefined && { cookies: { [NAME]: cookie } }) })
async function signIn(user: UserRecord, cookie?: string, rememberSeconds?: number) {
  const seen = await rememberDevice(around, requestWith(cookie), user, rememberSeconds)
  return { ...seen, value: cookieOf({ status: 200, headers: { 'set-cookie': seen.cookie } }, NAME) ?? '' }
}

test('a browser is new to a person until they completed a sign-in with it, and then known by name and person', async () => {
  const [ada, bob] = [await person(), await person()]
  expect(await deviceOf(around, requestWith(), { ...ada, user: ada })).toEqual({ known: false, remembered: false })
  const first = await signIn(ada)
  expect(first.isNew).toBe(true)
  expect(first.cookie).toMatch(
    /^__Host-sallyport_devices=[A-Za-z0-9_-]{43}; Max-Age=34560000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  )
  const later = requestWith(first.value)
  expect(await deviceOf(around, later, { ...ada, user: ada })).toMatchObject({ known: true, remembered: false })
  expect(await deviceOf(around, later, { userName: 'PERSON-1' })).toEqual({
    known: true,
    remembered: false,
    id: first.deviceId,
  })
  expect(await deviceOf(around, later, { ...bob, user: bob })).toEqual({ known: false, remembered: false })
  expect(await deviceOf(around, later, { userName: bob.userName })).toEqual({ known: false, remembered: false })
  expect(await deviceOf(around, later, { userName: 'nobody' })).toEqual({ known: false, remembered: false })
  const [stored] = await around.store.devices.list(TENANT, ada.sub)
  expect(stored).toMatchObject({ deviceId: first.deviceId, browser: 'Firefox', system: 'Linux' })
  expect(JSON.stringify(stored)).not.toContain(first.value)
})

test('only the first sign-in with a browser makes it a new device', async () => {
  const ada = await person()
  const first = await signIn(ada)
  const second = await signIn(ada, first.value)
  expect(second).toMatchObject({ isNew: false, deviceId: first.deviceId, value: first.value })
  expect(await around.store.devices.list(TENANT, ada.sub)).toHaveLength(1)
  const added = { event: 'device_added', sub: ada.sub, resource: `device:${first.deviceId}` }
  expect(around.events).toEqual([expect.objectContaining(added)])
})

test('a name is looked up with the same calls whether or not there is such an account (checklist 37)', async () => {
  const ada = await person()
  const { value } = await signIn(ada)
  const calls: unknown[] = []
  const devices: typeof around.store.devices = {
    ...around.store.devices,
    find: (...all) => {
      calls.push(all[1].length)
      return around.store.devices.find(...all)
    },
  }
  const deps = { ...around, store: { ...around.store, devices } }
  for (const name of [ada.userName, 'nobody']) await deviceOf(deps, requestWith(value), { userName: name })
  expect(calls).toEqual([1, 1])
})

test('two people share a browser under secrets of their own, and a few at most', async () => {
  const people = [await person(), await person(), await person(), await person(), await person(), await person()]
  let cookie: string | undefined
  for (const user of people) cookie = (await signIn(user, cookie)).value
  const secrets = cookie?.split('.') ?? []
  expect(new Set(secrets).size).toBe(5)
  const known = await Promise.all(people.map((user) => deviceOf(around, requestWith(cookie), { ...user, user })))
  expect(known.map(({ known }) => known)).toEqual([false, true, true, true, true, true])
})

test('a secret that somebody else made is not taken over: the person gets one of their own', async () => {
  const [ada, mallory] = [await person(), await person()]
  const planted = (await signIn(mallory)).value
  const { value } = await signIn(ada, planted)
  expect(value.split('.')[0]).not.toBe(planted)
  expect(await deviceOf(around, requestWith(planted), { ...ada, user: ada })).toEqual({
    known: false,
    remembered: false,
  })
})

test('is remembered for as long as policy gave, and no longer, whatever another sign-in says', async () => {
  const ada = await person()
  const { value } = await signIn(ada, undefined, 3600)
  await signIn(ada, value)
  expect(await deviceOf(around, requestWith(value), { ...ada, user: ada })).toMatchObject({
    known: true,
    remembered: true,
  })
  expect(around.events.map(({ event }) => event)).toEqual(['device_added', 'device_remembered'])
  const start = around.clock.nowMs()
  around.clock.set(start + 3600 * 1000)
  expect(await deviceOf(around, requestWith(value), { ...ada, user: ada })).toMatchObject({
    known: true,
    remembered: false,
  })
  around.clock.set(start + DEVICE_TTL_SECONDS * 1000)
  expect(await deviceOf(around, requestWith(value), { ...ada, user: ada })).toEqual({ known: false, remembered: false })
  around.clock.set(start)
})

test('a new password, or any revocation, ends that it is remembered; it stays known', async () => {
  const ada = await person()
  const { value } = await signIn(ada, undefined, 3600)
  await around.store.users.revokeAll(TENANT, ada.sub)
  const now = (await around.store.users.find(TENANT, ada.sub)) ?? ada
  expect(await deviceOf(around, requestWith(value), { ...now, user: now })).toMatchObject({
    known: true,
    remembered: false,
  })
  await signIn(now, value)
  expect(await deviceOf(around, requestWith(value), { ...now, user: now })).toMatchObject({
    known: true,
    remembered: false,
  })
})

test('one that was forgotten is new again', async () => {
  const ada = await person()
  const { value, deviceId } = await signIn(ada, undefined, 3600)
  await around.store.devices.forget(TENANT, ada.sub, deviceId)
  expect(await findDevice(around, requestWith(value), ada)).toBeUndefined()
  expect((await signIn(ada, value)).isNew).toBe(true)
})

test('one that is forgotten while it signs in is new again, and not remembered', async () => {
  const ada = await person()
  const { value, deviceId } = await signIn(ada, undefined, 3600)
  const { devices } = around.store
  const forgotten: typeof devices = {
    ...devices,
    find: async (...all) => {
      const found = await devices.find(...all)
      await devices.forget(TENANT, ada.sub, deviceId)
      return found
    },
  }
  const deps = { ...around, store: { ...around.store, devices: forgotten } }
  const seen = await rememberDevice(deps, requestWith(value), ada)
  expect(seen).toMatchObject({ isNew: true })
  expect(seen.deviceId).not.toBe(deviceId)
  const [stored, ...others] = await devices.list(TENANT, ada.sub)
  expect([stored?.deviceId, stored?.rememberedUntil, others]).toEqual([seen.deviceId, undefined, []])
  expect(await findDevice(around, requestWith(value), ada)).toBeUndefined()
})

test('a cookie of any other form is no device, and asks the store for nothing', async () => {
  const ada = await person()
  const devices: typeof around.store.devices = {
    ...around.store.devices,
    find: () => Promise.reject(new Error('asked')),
  }
  const deps = { ...around, store: { ...around.store, devices } }
  for (const cookie of ['', '.', 'short', '../..', 'ä'.repeat(43)])
    expect(await deviceOf(deps, requestWith(cookie), { ...ada, user: ada })).toEqual({
      known: false,
      remembered: false,
    })
})
