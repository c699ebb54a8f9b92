/** People whom a program wrote that kept no index of verified addresses, on the store that this one uses. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { systemClock } from '../../kernel/clock.ts'
import { aUser } from '../conformance/subject.ts'
import type { Store } from '../port.ts'
import type { UserRecord } from '../records.ts'
import { Keys } from './keys.ts'
import { openRedisStore } from './open.ts'

const now = Math.floor(systemClock.nowMs() / 1000)
const keys = new Keys('')
let redis: RedisServer
let store: Store
beforeAll(async () => {
  redis = await startRedis()
  store = await openRedisStore({ nodes: [redis.node], ...redis.credentials, clock: systemClock, keyPrefix: '' })
})
afterAll(async () => {
  await store?.close()
  await redis?.stop()
})

const FORGET = `for _, sub in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('HDEL', ARGV[1] .. sub, 'email') end
  redis.call('DEL', KEYS[2])`

/** As an earlier program left them. */
const forgetIndex = (tenant: string) =>
  redis.command(
    'EVAL',
    FORGET,
    '2',
    keys.userIndex(tenant),
    keys.userEmails(tenant),
    keys.user(tenant, 'x').slice(0, -1),
  )

async function create(tenant: string, address: string): Promise<UserRecord> {
  const user = aUser(now, { profile: { emails: [{ value: address }], emailVerified: true } })
  expect(await store.users.create(tenant, user)).toBe('written')
  return user
}

async function unindexed(tenant = 't', address = 'ada@example.com'): Promise<UserRecord> {
  const user = await create(tenant, address)
  await forgetIndex(tenant)
  return user
}

test('they are found by their address after their next change; of two with one address one is, and both can be changed', async () => {
  const [first, second] = [await unindexed(), await unindexed()]
  const { users } = store
  expect(await users.findByVerifiedEmail('t', 'ada@example.com')).toBeUndefined()
  expect(await users.replace('t', { ...first, version: 2 }, 1)).toBe('written')
  expect((await users.findByVerifiedEmail('t', 'ada@example.com'))?.sub).toBe(first.sub)
  expect(await users.replace('t', { ...second, active: false, version: 2 }, 1)).toBe('written')
  expect(await users.replace('t', { ...second, roles: [], version: 3 }, 2)).toBe('written')
  expect((await users.findByVerifiedEmail('t', 'ada@example.com'))?.sub).toBe(first.sub)
  expect(await users.delete('t', second.sub)).toBe('written')
  expect((await users.findByVerifiedEmail('t', 'ada@example.com'))?.sub).toBe(first.sub)
})

const holderOf = async (tenant: string, address: string) =>
  (await store.users.findByVerifiedEmail(tenant, address))?.sub

test('at the start all are indexed, by two nodes at once; of two with one address the first keeps it and the other proves it anew', async () => {
  const tenant = 'started'
  const many = Array.from({ length: 600 }, (_, index) => `p${index}@example.com`)
  const [first, second] = [await unindexed(tenant), await unindexed(tenant)]
  const people = await Promise.all(many.map((address) => create(tenant, address)))
  const plain = aUser(now, { profile: {} })
  expect(await store.users.create(tenant, plain)).toBe('written')
  await forgetIndex(tenant)
  const other = await openRedisStore({ nodes: [redis.node], ...redis.credentials, clock: systemClock, keyPrefix: '' })
  await Promise.all([store.users.indexEmails(tenant), other.users.indexEmails(tenant)])
  await other.close()
  expect(await Promise.all(many.map((address) => holderOf(tenant, address)))).toEqual(people.map(({ sub }) => sub))
  expect(await holderOf(tenant, 'ada@example.com')).toBe(first.sub)
  const proven = await Promise.all([first, second].map(async ({ sub }) => store.users.find(tenant, sub)))
  expect(proven.map((user) => [user?.profile.emailVerified, user?.version])).toEqual([
    [true, first.version],
    [false, second.version + 1],
  ])
  const again = { ...second, version: 3, profile: { ...second.profile, emailVerified: true } }
  expect(await store.users.replace(tenant, again, 2)).toBe('email_taken')
  expect(await store.users.find(tenant, plain.sub)).toEqual(plain)
})

test('what was cut short goes on; what is done is done once; who is changed meanwhile is not written over', async () => {
  const tenant = 'resumed'
  const [ada, bob] = [await unindexed(tenant), await unindexed(tenant, 'bob@example.com')]
  const changed = { ...ada, version: 2, roles: ['admin'] }
  await Promise.all([store.users.indexEmails(tenant), store.users.replace(tenant, changed, 1)])
  expect(await store.users.find(tenant, ada.sub)).toMatchObject({ roles: ['admin'], version: 2 })
  expect(await holderOf(tenant, 'ada@example.com')).toBe(ada.sub)
  // As it is where the node was stopped: one is in, the other is not, and no mark.
  await redis.command('DEL', keys.userEmailsDone(tenant))
  await redis.command('HDEL', keys.user(tenant, bob.sub), 'email')
  await redis.command('HDEL', keys.userEmails(tenant), 'bob@example.com')
  await store.users.indexEmails(tenant)
  expect(await holderOf(tenant, 'bob@example.com')).toBe(bob.sub)
  await redis.command('HDEL', keys.user(tenant, bob.sub), 'email')
  await redis.command('HDEL', keys.userEmails(tenant), 'bob@example.com')
  await store.users.indexEmails(tenant)
  expect(await holderOf(tenant, 'bob@example.com')).toBeUndefined()
})
