/** Users in Redis. Names are one hash of a tenant (name → sub), in the slot of its users, so that each step is one script. */
import type { UserStore } from '../port.ts'
import { type UserRecord, userNameKey } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { endDeviceGrantsOf } from './device-grants.ts'
import { dropPointers } from './one-use.ts'
import { textOrNothing } from './replies.ts'
import { endInteractionsOf } from './sessions.ts'
import { decodeVersioned, listVersioned, REVOKE_ALL, readVersioned, written } from './versioned.ts'

/** KEYS: the person, names, index, sequence. ARGV: sub, name, body, version, epoch, active. */
export const CREATE_USER = `
  if redis.call('EXISTS', KEYS[1]) == 1 then return 'conflict' end
  if redis.call('HSETNX', KEYS[2], ARGV[2], ARGV[1]) == 0 then return 'conflict' end
  redis.call('HSET', KEYS[1], 'body', ARGV[3], 'version', ARGV[4], 'epoch', ARGV[5], 'active', ARGV[6], 'name', ARGV[2])
  redis.call('ZADD', KEYS[3], redis.call('INCR', KEYS[4]), ARGV[1])
  return 'written'`

const CREATE = script(CREATE_USER)

const REPLACE = script(`
  local stored = redis.call('HMGET', KEYS[1], 'version', 'epoch', 'active', 'name')
  if not stored[1] then return 'missing' end
  if stored[1] ~= ARGV[2] then return 'conflict' end
  if stored[4] ~= ARGV[3] then
    if redis.call('HSETNX', KEYS[2], ARGV[3], ARGV[1]) == 0 then return 'conflict' end
    redis.call('HDEL', KEYS[2], stored[4])
  end
  if stored[3] == '1' and ARGV[7] == '0' then redis.call('HINCRBY', KEYS[1], 'epoch', 1) end
  if tonumber(ARGV[6]) > tonumber(redis.call('HGET', KEYS[1], 'epoch')) then
    redis.call('HSET', KEYS[1], 'epoch', ARGV[6])
  end
  redis.call('HSET', KEYS[1], 'body', ARGV[4], 'version', ARGV[5], 'active', ARGV[7], 'name', ARGV[3])
  return 'written'`)

const DELETE = script(`
  local name = redis.call('HGET', KEYS[1], 'name')
  if not name then return 'missing' end
  redis.call('HDEL', KEYS[2], name)
  redis.call('ZREM', KEYS[3], ARGV[1])
  for _, key in ipairs(redis.call('HKEYS', KEYS[5])) do redis.call('HDEL', KEYS[4], key) end
  for _, field in ipairs(redis.call('HKEYS', KEYS[6])) do
    if string.sub(field, 1, 8) == 'passkey:' then redis.call('HDEL', KEYS[7], string.sub(field, 9)) end
  end
  redis.call('ZREM', KEYS[8], ARGV[1])
  local oneUse = redis.call('HKEYS', KEYS[10])
  redis.call('DEL', KEYS[1], KEYS[5], KEYS[6], unpack(KEYS, 9))
  return oneUse`)

export function redisUsers(redis: RedisClient): UserStore {
  const { keys } = redis
  const find = async (tenant: string, sub: string): Promise<UserRecord | undefined> =>
    decodeVersioned<UserRecord>(await redis.read(...readVersioned(keys.user(tenant, sub))))
  const valuesOf = (user: UserRecord, version: number) =>
    [userNameKey(user.userName), JSON.stringify(user), version, user.revocationEpoch, user.active ? '1' : '0'] as const

  return {
    find,
    findByUserName: async (tenant, userName) => {
      const name = userNameKey(userName)
      const sub = textOrNothing(await redis.read('hget', keys.userNames(tenant), name))
      // Nobody has the empty one: it is read all the same, so that an unknown name is as much work as a known one.
      const user = await find(tenant, sub ?? '')
      // Between the two reads the person may have taken another name.
      return user !== undefined && userNameKey(user.userName) === name ? user : undefined
    },
    create: async (tenant, user) => {
      const touched = [keys.user(tenant, user.sub), keys.userNames(tenant), keys.userIndex(tenant)]
      const values = [user.sub, ...valuesOf(user, user.version)]
      return written(await redis.run(CREATE, [...touched, keys.userSequence(tenant)], values))
    },
    replace: async (tenant, user, expectedVersion) => {
      const [name, ...rest] = valuesOf(user, Math.max(user.version, expectedVersion + 1))
      const values = [user.sub, expectedVersion, name, ...rest]
      return written(await redis.runDurably(REPLACE, [keys.user(tenant, user.sub), keys.userNames(tenant)], values))
    },
    delete: async (tenant, sub) => {
      const touched = [keys.user(tenant, sub), keys.userNames(tenant), keys.userIndex(tenant)]
      const identities = [keys.identities(tenant), keys.identitiesOf(tenant, sub)]
      const factors = [keys.factors(tenant, sub), keys.passkeyIndex(tenant), keys.totpIndex(tenant)]
      const hanging = [
        ...identities,
        ...factors,
        keys.consents(tenant, sub),
        keys.oneUseOf(tenant, sub),
        keys.devices(tenant, sub),
        keys.presence(tenant, sub),
        keys.activity(tenant, sub, 'done'),
        keys.activity(tenant, sub, 'refused'),
      ]
      // What names the person in slots of its own goes first: a deletion that was cut short can be done again.
      await Promise.all([endInteractionsOf(redis, tenant, sub), endDeviceGrantsOf(redis, tenant, sub)])
      const reply = await redis.runDurably(DELETE, [...touched, ...hanging], [sub])
      if (!Array.isArray(reply)) return written(reply)
      await dropPointers(redis, tenant, reply)
      return 'written'
    },
    list: (tenant, offset, limit) =>
      listVersioned<UserRecord>(redis, keys.userIndex(tenant), offset, limit, (sub) => keys.user(tenant, sub)),
    revokeAll: async (tenant, sub) => written(await redis.runDurably(REVOKE_ALL, [keys.user(tenant, sub)])),
  }
}
