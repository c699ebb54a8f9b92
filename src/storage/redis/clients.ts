/**
 * Clients in Redis. A hash each: `body`, and beside it what scripts change alone, `version` and `epoch`. `incarnation` is
 * drawn at creation: consents carry it, so that those of a deleted client fit no later one of the same id. What expires
 * ends with its key; its place in the index goes at the next creation.
 */
import { randomId } from '../../kernel/ids.ts'
import type { ClientStore } from '../port.ts'
import type { ClientRecord } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { decodeVersioned, listVersioned, REVOKE_ALL, readVersioned, written } from './versioned.ts'

/** `ends` stands beside the body, and in a set of all that end; '' is never. */
const SET_END = `
  local function set_end(key, ends, id, at, ttl)
    if at == '' then
      redis.call('HDEL', key, 'ends')
      redis.call('PERSIST', key)
      redis.call('ZREM', ends, id)
    else
      redis.call('HSET', key, 'ends', at)
      redis.call('EXPIRE', key, ttl)
      redis.call('ZADD', ends, at, id)
    end
  end`

/** Ended ones that leave the index in one step, so that no creation takes long. */
const SWEPT = 20

const CREATE = script(`
  ${SET_END}
  local swept = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', ARGV[8], 'LIMIT', 0, ${SWEPT})
  for _, id in ipairs(swept) do
    redis.call('ZREM', KEYS[2], id)
    redis.call('ZREM', KEYS[4], id)
  end
  if redis.call('EXISTS', KEYS[1]) == 1 then return 'conflict' end
  redis.call('HSET', KEYS[1], 'body', ARGV[2], 'version', ARGV[3], 'epoch', ARGV[4], 'incarnation', ARGV[5])
  redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[3]), ARGV[1])
  if ARGV[6] ~= '' then set_end(KEYS[1], KEYS[4], ARGV[1], ARGV[6], ARGV[7]) end
  return 'written'`)

const REPLACE = script(`
  ${SET_END}
  local stored = redis.call('HMGET', KEYS[1], 'version', 'epoch', 'ends')
  if not stored[1] or (stored[3] and tonumber(stored[3]) <= tonumber(ARGV[8])) then return 'missing' end
  if stored[1] ~= ARGV[1] then return 'conflict' end
  redis.call('HSET', KEYS[1], 'body', ARGV[2], 'version', ARGV[3])
  if tonumber(ARGV[4]) > tonumber(stored[2]) then redis.call('HSET', KEYS[1], 'epoch', ARGV[4]) end
  if stored[3] or ARGV[6] ~= '' then set_end(KEYS[1], KEYS[2], ARGV[5], ARGV[6], ARGV[7]) end
  return 'written'`)

/** KEYS: the client, the index, those that end, streams. ARGV: id. */
const DELETE = script(`
  local streams = redis.call('HGETALL', KEYS[4])
  for i = 1, #streams, 2 do
    if cjson.decode(streams[i + 1]).clientId == ARGV[1] then redis.call('HDEL', KEYS[4], streams[i]) end
  end
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
  if redis.call('DEL', KEYS[1]) == 0 then return 'missing' end
  return 'written'`)

export function redisClients(redis: RedisClient): ClientStore {
  const { keys } = redis
  const isLive = ({ expiresAt }: ClientRecord) => expiresAt === undefined || expiresAt > redis.now()
  const end = ({ expiresAt }: ClientRecord) =>
    expiresAt === undefined
      ? (['', '', redis.now()] as const)
      : ([expiresAt, redis.ttl(expiresAt), redis.now()] as const)
  return {
    find: async (tenant, clientId) => {
      const client = decodeVersioned<ClientRecord>(await redis.read(...readVersioned(keys.client(tenant, clientId))))
      return client !== undefined && isLive(client) ? client : undefined
    },
    create: async (tenant, client) => {
      const touched = [
        keys.client(tenant, client.clientId),
        keys.clientIndex(tenant),
        keys.clientSequence(tenant),
        keys.clientEnds(tenant),
      ]
      const { clientId, version, revocationEpoch } = client
      const values = [clientId, JSON.stringify(client), version, revocationEpoch, randomId(), ...end(client)]
      return written(await redis.run(CREATE, touched, values))
    },
    replace: async (tenant, client, expectedVersion) => {
      const version = Math.max(client.version, expectedVersion + 1)
      const { clientId, revocationEpoch } = client
      const values = [expectedVersion, JSON.stringify(client), version, revocationEpoch, clientId, ...end(client)]
      const touched = [keys.client(tenant, clientId), keys.clientEnds(tenant)]
      return written(await redis.runDurably(REPLACE, touched, values))
    },
    delete: async (tenant, clientId) => {
      const touched = [
        keys.client(tenant, clientId),
        keys.clientIndex(tenant),
        keys.clientEnds(tenant),
        keys.streams(tenant),
      ]
      return written(await redis.runDurably(DELETE, touched, [clientId]))
    },
    list: async (tenant, offset, limit) => {
      const keyOf = (id: string) => keys.client(tenant, id)
      const page = await listVersioned<ClientRecord>(redis, keys.clientIndex(tenant), offset, limit, keyOf)
      return { ...page, records: page.records.filter(isLive) }
    },
    revokeAll: async (tenant, clientId) => written(await redis.runDurably(REVOKE_ALL, [keys.client(tenant, clientId)])),
  }
}
