/** The shared store: Redis 7 or later, single, sentinel or cluster. `verify-server.ts` says which Redis it refuses. */
import { ConfigError } from '../../kernel/errors.ts'
import type { Store } from '../port.ts'
import { redisAccessTokens } from './access-tokens.ts'
import { redisActivity } from './activity.ts'
import { redisChains } from './chains.ts'
import { RedisClient } from './client.ts'
import { redisClients } from './clients.ts'
import { type Connection, connect, DEFAULT_DEADLINE_MS, disconnect } from './connection.ts'
import { redisDeviceGrants } from './device-grants.ts'
import { redisDevices } from './devices.ts'
import { redisFactors } from './factors.ts'
import { redisCodes, redisGrants, redisRefreshTokens } from './grants.ts'
import { redisIdentities } from './identities.ts'
import { Keys } from './keys.ts'
import { redisLimits } from './limits.ts'
import { redisLogouts } from './logouts.ts'
import { redisOneUse } from './one-use.ts'
import type { RedisStoreOptions } from './options.ts'
import { redisOutbox } from './outbox.ts'
import { redisMarks, redisPlatform } from './platform.ts'
import { redisPushedRequests } from './pushed-requests.ts'
import { redisReplay } from './replay.ts'
import { redisConsents, redisInteractions, redisSessions } from './sessions.ts'
import { redisSigningKeys } from './signing-keys.ts'
import { redisStreams } from './streams.ts'
import { redisThreats } from './threats.ts'
import { primaries } from './topology.ts'
import { redisUsers } from './users.ts'
import { verifyServer } from './verify-server.ts'

async function connectAll(options: RedisStoreOptions): Promise<{ reads: Connection; durable: Connection }> {
  const { replicas = 0 } = options
  if (!Number.isInteger(replicas) || replicas < 0) throw new ConfigError('replicas must be 0 or more')
  const reads = await connect(options)
  try {
    await verifyServer(reads, options.onWarning)
    return { reads, durable: replicas === 0 ? reads : await connect(options) }
  } catch (cause) {
    disconnect(reads)
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
    activity: redisActivity(redis),
    devices: redisDevices(redis),
    interactions: redisInteractions(redis),
    consents: redisConsents(redis),
    factors: redisFactors(redis),
    pushedRequests: redisPushedRequests(redis),
    oneUse: redisOneUse(redis),
    deviceGrants: redisDeviceGrants(redis),
    identities: redisIdentities(redis),
    codes: redisCodes(redis),
    refreshTokens: redisRefreshTokens(redis),
    accessTokens: redisAccessTokens(redis),
    grants: redisGrants(redis),
    logouts: redisLogouts(redis),
    outbox: redisOutbox(redis),
    streams: redisStreams(redis),
    limits: redisLimits(redis),
    threats: redisThreats(redis),
    replay: redisReplay(redis),
    signingKeys: redisSigningKeys(redis),
    platform: redisPlatform(redis),
    marks: redisMarks(redis),
    chains: redisChains(redis),
    ping: () => redis.bounded(async () => void (await Promise.all(primaries(reads).map((node) => node.ping())))),
    // A key that is deleted lies nowhere but in the server's own copies (AOF, RDB, replicas), which it alone rewrites.
    expunge: async () => 'expunged',
    close: async () => redis.close(),
  }
}
