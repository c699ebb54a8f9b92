import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { aSession } from '../../storage/conformance/sessions.ts'
import { ManualClock } from '../../storage/conformance/subject.ts'
import type { Store } from '../../storage/port.ts'
import { openRedisStore } from '../../storage/redis/open.ts'
import { endSessionsOf } from './end-session.ts'

const TENANT = 'default'
const clock = new ManualClock()
let redis: RedisServer
let store: Store
beforeAll(async () => {
  redis = await startRedis()
  store = await openRedisStore({ nodes: [redis.node], ...redis.credentials, clock })
})
afterAll(async () => {
  await store.close()
  await redis.stop()
})

test('ends every session of a person, also behind pages of those whose cookie was forgotten (checklist 31)', async () => {
  const begin = (sid: string, seconds: number) =>
    store.sessions.put(
      TENANT,
      `at-${sid}`,
      aSession(clock.seconds(), { sid, sub: 'ada', expiresAt: clock.seconds() + seconds }),
    )
  await begin('live', 1000)
  // Their cookies were forgotten, and nobody ended them: what is listed first has nothing to read.
  for (let count = 0; count < 450; count++) {
    await begin(`${count}`, 2000)
    await store.sessions.delete(TENANT, `at-${count}`)
  }
  const told: string[] = []
  const deps = { store, clock, audit: async () => {}, logoutsWait: () => void told.push('') }
  expect(await endSessionsOf(deps, TENANT, 'ada')).toBe(1)
  expect(told).toHaveLength(1)
  expect(await store.sessions.findById(TENANT, 'live')).toBeUndefined()
})
