/** The Redis adapter, held to the port on real servers: one with AUTH, and a cluster of three primaries with AUTH and TLS. */
import { afterAll, beforeAll, describe } from 'vitest'
import { type RedisCluster, type RedisServer, startRedis, startRedisCluster } from '../../../test/servers/redis.ts'
import { randomId } from '../../kernel/ids.ts'
import { storeConformance } from '../conformance.ts'
import type { Store } from '../port.ts'
import { openRedisStore } from './open.ts'
import type { RedisStoreOptions } from './options.ts'

/** A prefix of its own is an empty store. */
async function openEmpty(options: RedisStoreOptions) {
  const fresh = { ...options, keyPrefix: `test-${randomId(6)}:` }
  const store = await openRedisStore(fresh)
  let second: Promise<Store> | undefined
  return {
    store,
    another: () => {
      second ??= openRedisStore(fresh)
      return second
    },
    close: async () => {
      await store.close()
      await (await second)?.close()
    },
  }
}

describe('one server', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  storeConformance('Redis with AUTH', (clock) => openEmpty({ nodes: [server.node], ...server.credentials, clock }))
})

describe('one server with a replica', () => {
  let server: RedisServer
  let replica: RedisServer
  beforeAll(async () => {
    server = await startRedis()
    const { credentials } = server
    replica = await startRedis({ replicaOf: server, ...(credentials && { credentials }) })
  })
  afterAll(async () => {
    await replica.stop()
    await server.stop()
  })
  storeConformance('Redis with WAIT 1', (clock) =>
    openEmpty({ nodes: [server.node], ...server.credentials, replicas: 1, clock }),
  )
})

describe('a cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster(3, { tls: true })
  })
  afterAll(() => cluster.stop())
  storeConformance('Redis cluster of three primaries with AUTH and TLS', (clock) => {
    const { credentials, ca, nodes } = cluster
    const tls = ca === undefined ? {} : { tls: { ca } }
    return openEmpty({ nodes: nodes.map(({ node }) => node), mode: 'cluster', ...credentials, ...tls, clock })
  })
})
