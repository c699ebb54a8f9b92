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

async function unindexed(): Promise<UserRecord> {
  const profile = { emails: [{ value: 'ada@example.com' }], emailVerified: true }
  const user = aUser(now, { profile })
  expect(await store.users.create('t', user)).toBe('written')
  await redis.command('HDEL', keys.user('t', user.sub), 'email')
  await redis.command('DEL', keys.userEmails('t'))
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
