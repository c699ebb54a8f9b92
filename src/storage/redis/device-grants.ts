/** Device authorizations in Redis, RFC 8628. A tenant's lie in one slot, so that a code of each kind finds them in one step. */
import {
  type DeviceAnswer,
  type DeviceGrantRecord,
  type DeviceGrantStore,
  SLOW_DOWN_SECONDS,
} from '../device-grants.ts'
import { decodeRecord, parseRecord } from '../records.ts'
import { type RedisClient, script } from './client.ts'

/** KEYS: by device code, by user code, by device code without its digest. ARGV: record, seconds, interval, digest of the device code, now, its end. */
const BEGIN = script(`
  local other = redis.call('GET', KEYS[2])
  if other then
    local ends = redis.call('HGET', KEYS[3] .. other, 'ends')
    if ends and tonumber(ends) > tonumber(ARGV[5]) then return 'conflict' end
  end
  redis.call('SET', KEYS[2], ARGV[4], 'EX', ARGV[2])
  redis.call('HSET', KEYS[1], 'body', ARGV[1], 'interval', ARGV[3], 'polled', '0', 'ends', ARGV[6])
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  return 'begun'`)

/** KEYS: by user code, and by device code without its digest. */
const FIND = script(`
  local digest = redis.call('GET', KEYS[1])
  if not digest then return false end
  local found = redis.call('HMGET', KEYS[2] .. digest, 'body', 'answer')
  if not found[1] then return false end
  return { digest, found[1], found[2] or '' }`)

const ANSWER = script(`
  local digest = redis.call('GET', KEYS[1])
  if not digest or redis.call('EXISTS', KEYS[2] .. digest) == 0 then return 'missing' end
  if redis.call('HSETNX', KEYS[2] .. digest, 'answer', ARGV[1]) == 0 then return 'already' end
  local ends = redis.call('HGET', KEYS[2] .. digest, 'ends')
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[2])
  redis.call('ZADD', KEYS[3], ends, digest)
  local left = redis.call('TTL', KEYS[2] .. digest)
  if left > redis.call('TTL', KEYS[3]) then redis.call('EXPIRE', KEYS[3], left) end
  return 'answered'`)

/** KEYS: a person's, and by device code without its digest. */
const OF_PERSON = script(`
  local bodies = {}
  for _, digest in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do
    bodies[#bodies + 1] = redis.call('HGET', KEYS[2] .. digest, 'body')
  end
  return bodies`)

const END_OF_PERSON = script(`
  for _, digest in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('DEL', KEYS[2] .. digest) end
  redis.call('DEL', KEYS[1])`)

/** KEYS: by device code. ARGV: now, by how much the interval grows, client. */
const POLL = script(`
  local found = redis.call('HMGET', KEYS[1], 'body', 'answer', 'polled', 'interval')
  if not found[1] or cjson.decode(found[1]).clientId ~= ARGV[3] then return false end
  local fast = tonumber(ARGV[1]) - tonumber(found[3]) < tonumber(found[4])
  redis.call('HSET', KEYS[1], 'polled', ARGV[1])
  if fast then redis.call('HINCRBY', KEYS[1], 'interval', ARGV[2]) end
  return { found[1], found[2] or '', fast and '1' or '0' }`)

const textsIn = (reply: unknown): readonly string[] | undefined =>
  Array.isArray(reply) ? reply.map(String) : undefined

export function redisDeviceGrants(redis: RedisClient): DeviceGrantStore {
  const { keys } = redis
  const record = (body = ''): DeviceGrantRecord | undefined => {
    const request = decodeRecord<DeviceGrantRecord>(body)
    return request.expiresAt > redis.now() ? request : undefined
  }
  const byUserCode = (tenant: string, userCode: string) => [
    keys.deviceUserCode(tenant, userCode),
    keys.deviceGrant(tenant, ''),
  ]
  const find = async (tenant: string, userCode: string) => {
    const [digest = '', body = '', answer] = textsIn(await redis.run(FIND, byUserCode(tenant, userCode))) ?? []
    const request = body === '' ? undefined : record(body)
    return request && { digest, request, answered: answer !== '' }
  }
  return {
    begin: async (tenant, digest, userCode, request) => {
      const { expiresAt, intervalSeconds } = request
      const at = [keys.deviceGrant(tenant, digest), ...byUserCode(tenant, userCode)]
      const values = [JSON.stringify(request), redis.ttl(expiresAt), intervalSeconds, digest, redis.now(), expiresAt]
      return (await redis.run(BEGIN, at, values)) === 'begun' ? 'begun' : 'conflict'
    },
    findByUserCode: find,
    answer: async (tenant, userCode, sub, given) => {
      if ((await find(tenant, userCode)) === undefined) return 'missing'
      const reply = await redis.runDurably(
        ANSWER,
        [...byUserCode(tenant, userCode), keys.deviceGrantsOf(tenant, sub)],
        [JSON.stringify(given), redis.now()],
      )
      return reply === 'answered' || reply === 'already' ? reply : 'missing'
    },
    poll: async (tenant, digest, clientId) => {
      const values = [redis.now(), SLOW_DOWN_SECONDS, clientId]
      const reply = await redis.run(POLL, [keys.deviceGrant(tenant, digest)], values)
      const [body, answer = '', fast] = textsIn(reply) ?? []
      const request = body === undefined ? undefined : record(body)
      if (request === undefined) return undefined
      return { request, answer: answer === '' ? undefined : parseRecord<DeviceAnswer>(answer), tooFast: fast === '1' }
    },
    list: async (tenant, sub) => {
      const bodies = textsIn(
        await redis.run(OF_PERSON, [keys.deviceGrantsOf(tenant, sub), keys.deviceGrant(tenant, '')]),
      )
      return (bodies ?? []).map(record).filter((request) => request !== undefined)
    },
  }
}

export async function endDeviceGrantsOf(redis: RedisClient, tenant: string, sub: string): Promise<void> {
  const { keys } = redis
  await redis.runDurably(END_OF_PERSON, [keys.deviceGrantsOf(tenant, sub), keys.deviceGrant(tenant, '')])
}
