import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { systemClock } from '../../kernel/clock.ts'
import { StoreUnavailable } from '../../kernel/errors.ts'
import { aClient } from '../conformance/subject.ts'
import type { Store } from '../port.ts'
import { Keys } from './keys.ts'
import { openRedisStore } from './open.ts'

let redis: RedisServer
let store: Store

beforeAll(async () => {
  redis = await startRedis()
  store = await openRedisStore({ nodes: [redis.node], ...redis.credentials, clock: systemClock })
})
afterAll(async () => {
  await store?.close()
  await redis?.stop()
})

test('of reads that go out together each gets its own answer', async () => {
  const clients = Array.from({ length: 20 }, () => aClient(1))
  await Promise.all(clients.map((client) => store.clients.create('t', client)))
  const found = await Promise.all(clients.map(({ clientId }) => store.clients.find('t', clientId)))
  expect(found.map((client) => client?.clientId)).toEqual(clients.map(({ clientId }) => clientId))
})

test('a reply that is an error fails only who asked for it', async () => {
  const good = aClient(1)
  await store.clients.create('t', good)
  await redis.command('SET', new Keys('sallyport:').client('t', 'broken'), 'text where a hash should be')
  const [broken, found] = await Promise.allSettled([
    store.clients.find('t', 'broken'),
    store.clients.find('t', good.clientId),
  ])
  expect(broken).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) })
  expect(found).toMatchObject({ status: 'fulfilled', value: { clientId: good.clientId } })
})

test('what was read is what stands there now: a record that changed is read anew', async () => {
  const client = aClient(1)
  await store.clients.create('t', client)
  const first = await store.clients.find('t', client.clientId)
  await store.clients.revokeAll('t', client.clientId)
  const second = await store.clients.find('t', client.clientId)
  expect(second?.revocationEpoch).toBe((first?.revocationEpoch ?? 0) + 1)
})
