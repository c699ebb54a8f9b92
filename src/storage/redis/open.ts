/**
 * The shared store: Redis 7, single, sentinel or cluster. It must keep everything it was told (`maxmemory-policy
 * noeviction`): an evicted grant would only read as revoked, but an evicted mark or used code would forget what happened once.
 */
import { Cluster } from 'ioredis'
import { ConfigError, StoreUnavailable } from '../../kernel/errors.ts'
import type { Store } from '../port.ts'
import { redisAccessTokens } from './access-tokens.ts'
import { RedisClient } from './client.ts'
import { redisClients } from './clients.ts'
import { type Connection, connect, DEFAULT_DEADLINE_MS } from './connection.ts'
import { redisCodes, redisGrants, redisRefreshTokens } from './grants.ts'
import { Keys } from './keys.ts'
import { redisLimits } from './limits.ts'
import { verifyNoEviction } from './no-eviction.ts'
import type { RedisStoreOptions } from './options.ts'
import { redisMarks, redisPlatform, redisSigningKeys } from './platform.ts'
import { redisConsents, redisInteractions, redisSessions } from './sessions.ts'
import { redisUsers } from './users.ts'

/** Asks every node that may be written to. */
async function pingAll(connection: Connection): Promise<void> {
  const nodes = connection instanceof Cluster ? connection.nodes('master') : [connection]
  if (nodes.length === 0) throw new StoreUnavailable('redis: no node')
  await Promise.all(nodes.map((node) => node.ping()))
}

async function connectAll(options: RedisStoreOptions): Promise<{ reads: Connection; durable: Connection }> {
  const { replicas = 0 } = options
  if (!Number.isInteger(replicas) || replicas < 0) throw new ConfigError('replicas must be 0 or more')
  const reads = await connect(options)
  try {
    await verifyNoEviction(reads, options.onWarning)
    return { reads, durable: replicas === 0 ? reads : await connect(options) }
  } catch (cause) {
    reads.disconnect()
    throw cause
  }
}

export async function openRedisStore(options: RedisStoreOptions): Promise<Store> {
  const { keyPrefix = 'sallyport:', replicas = 0, deadlineMs = DEFAULT_DEADLINE_MS, clock } = options
  const { reads, durable } = await connectAll(options)
  const redis = new RedisClient({ reads, durable, replicas, deadlineMs, keys: new Keys(keyPrefix), clock })
  return {
    clients: redisClients(redis),
    users: redisUsers(redis),
    sessions: redisSessions(redis),
    interactions: redisInteractions(redis),
    consents: redisConsents(redis),
    codes: redisCodes(redis),
    refreshTokens: redisRefreshTokens(redis),
    accessTokens: redisAccessTokens(redis),
    grants: redisGrants(redis),
    limits: redisLimits(redis),
    signingKeys: redisSigningKeys(redis),
    platform: redisPlatform(redis),
    marks: redisMarks(redis),
    ping: () => redis.bounded(() => pingAll(reads)),
    close: async () => redis.close(),
  }
}
