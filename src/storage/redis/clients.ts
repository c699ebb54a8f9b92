/**
 * Clients in Redis. A hash each: `body`, and beside it what scripts change alone, `version` and `epoch`. `incarnation` is
 * drawn at creation: consents carry it, so that those of a deleted client fit no later one of the same id.
 */
import { randomId } from '../../kernel/ids.ts'
import type { ClientStore } from '../port.ts'
import type { ClientRecord } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { decodeVersioned, listVersioned, REVOKE_ALL, readVersioned, written } from './versioned.ts'

const CREATE = script(`
  if redis.call('EXISTS', KEYS[1]) == 1 then return 'conflict' end
  redis.call('HSET', KEYS[1], 'body', ARGV[2], 'version', ARGV[3], 'epoch', ARGV[4], 'incarnation', ARGV[5])
  redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[3]), ARGV[1])
  return 'written'`)

const REPLACE = script(`
  local stored = redis.call('HMGET', KEYS[1], 'version', 'epoch')
  if not stored[1] then return 'missing' end
  if stored[1] ~= ARGV[1] then return 'conflict' end
  redis.call('HSET', KEYS[1], 'body', ARGV[2], 'version', ARGV[3])
  if tonumber(ARGV[4]) > tonumber(stored[2]) then redis.call('HSET', KEYS[1], 'epoch', ARGV[4]) end
  return 'written'`)

const DELETE = script(`
  redis.call('ZREM', KEYS[2], ARGV[1])
  if redis.call('DEL', KEYS[1]) == 0 then return 'missing' end
  return 'written'`)

export function redisClients(redis: RedisClient): ClientStore {
  const { keys } = redis
  return {
    find: async (tenant, clientId) =>
      decodeVersioned<ClientRecord>(await redis.read(...readVersioned(keys.client(tenant, clientId)))),
    create: async (tenant, client) => {
      const touched = [keys.client(tenant, client.clientId), keys.clientIndex(tenant), keys.clientSequence(tenant)]
      const { clientId, version, revocationEpoch } = client
      const values = [clientId, JSON.stringify(client), version, revocationEpoch, randomId()]
      return written(await redis.run(CREATE, touched, values))
    },
    replace: async (tenant, client, expectedVersion) => {
      const version = Math.max(client.version, expectedVersion + 1)
      const values = [expectedVersion, JSON.stringify(client), version, client.revocationEpoch]
      return written(await redis.runDurably(REPLACE, [keys.client(tenant, client.clientId)], values))
    },
    delete: async (tenant, clientId) => {
      const touched = [keys.client(tenant, clientId), keys.clientIndex(tenant)]
      return written(await redis.runDurably(DELETE, touched, [clientId]))
    },
    list: (tenant, offset, limit) =>
      listVersioned<ClientRecord>(redis, keys.clientIndex(tenant), offset, limit, (id) => keys.client(tenant, id)),
    revokeAll: async (tenant, clientId) => written(await redis.runDurably(REVOKE_ALL, [keys.client(tenant, clientId)])),
  }
}
