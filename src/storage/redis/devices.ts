/** Known devices in Redis: one hash of a person, in the slot of the tenant's users, since they go with the person (`users.ts`). */
import { type DeviceStore, MAX_DEVICES } from '../devices-port.ts'
import { type DeviceRecord, decodeRecord } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { oneOf, texts } from './replies.ts'
import { subOfSignInName } from './users.ts'

/** KEYS: devices, user. ARGV: digest, record, ttl, most. A person who is gone gets none. */
const PUT = script(`
  if redis.call('EXISTS', KEYS[2]) == 0 then return end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  if redis.call('TTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
  if redis.call('HLEN', KEYS[1]) <= tonumber(ARGV[4]) then return end
  local all, oldest, seen = redis.call('HGETALL', KEYS[1]), nil, nil
  for i = 1, #all, 2 do
    local at = cjson.decode(all[i + 1]).lastSeenAt
    if all[i] ~= ARGV[1] and (not seen or at < seen) then oldest, seen = all[i], at end
  end
  redis.call('HDEL', KEYS[1], oldest)`)

/** KEYS: devices. ARGV: digest, record, ttl, id of the device. */
const REPLACE = script(`
  local now = redis.call('HGET', KEYS[1], ARGV[1])
  if not now or cjson.decode(now).deviceId ~= ARGV[4] then return 'missing' end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  if redis.call('TTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
  return 'written'`)

const FORGET = script(`
  local all, forgotten = redis.call('HGETALL', KEYS[1]), 'missing'
  for i = 1, #all, 2 do
    if cjson.decode(all[i + 1]).deviceId == ARGV[1] then
      redis.call('HDEL', KEYS[1], all[i])
      forgotten = 'written'
    end
  end
  return forgotten`)

export function redisDevices(redis: RedisClient): DeviceStore {
  const { keys } = redis
  const decode = (text: string | undefined): DeviceRecord | undefined => {
    const device = text === undefined ? undefined : decodeRecord<DeviceRecord>(text)
    return device !== undefined && device.expiresAt > redis.now() ? device : undefined
  }
  return {
    find: async (tenant, digests, of) => {
      if (digests.length === 0) return undefined
      const sub = 'sub' in of ? of.sub : ((await subOfSignInName(redis, tenant, of.signInName)) ?? '')
      const found = texts(await redis.read('hmget', keys.devices(tenant, sub), ...digests))
      for (const [index, digest] of digests.entries()) {
        const device = decode(found[index])
        if (device !== undefined) return { digest, device }
      }
      return undefined
    },
    put: async (tenant, digest, device) => {
      const { sub, expiresAt } = device
      const values = [digest, JSON.stringify(device), redis.ttl(expiresAt), MAX_DEVICES]
      await redis.run(PUT, [keys.devices(tenant, sub), keys.user(tenant, sub)], values)
    },
    replace: async (tenant, digest, device) => {
      const { sub, expiresAt, deviceId } = device
      const values = [digest, JSON.stringify(device), redis.ttl(expiresAt), deviceId]
      return oneOf(await redis.run(REPLACE, [keys.devices(tenant, sub)], values), 'written', 'missing')
    },
    list: async (tenant, sub) =>
      texts(await redis.read('hvals', keys.devices(tenant, sub)))
        .map(decode)
        .filter((device) => device !== undefined)
        .toSorted((a, b) => b.lastSeenAt - a.lastSeenAt || (a.deviceId < b.deviceId ? -1 : 1)),
    forget: async (tenant, sub, deviceId) =>
      oneOf(await redis.runDurably(FORGET, [keys.devices(tenant, sub)], [deviceId]), 'written', 'missing'),
  }
}
