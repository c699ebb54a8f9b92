/** Unfinished sign-outs in Redis: bodies in a hash, ids by when they are due in a sorted set, both of a tenant in one slot. */
import { type LogoutStore, MAX_LOGOUT_TASKS } from '../port.ts'
import { decodeRecord, type LogoutTask } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { number, oneOf, texts } from './replies.ts'

const ADD = script(`
  if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 'full' end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
  return 'added'`)

const CLAIM = script(`
  local ids = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
  local bodies = {}
  for _, id in ipairs(ids) do
    redis.call('ZADD', KEYS[2], ARGV[2], id)
    bodies[#bodies + 1] = redis.call('HGET', KEYS[1], id)
  end
  return bodies`)

const PUT_OFF = script(`
  if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])`)

const REMOVE = script(`
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])`)

export function redisLogouts(redis: RedisClient): LogoutStore {
  const keysOf = (tenant: string) => [redis.keys.logouts(tenant), redis.keys.logoutsDue(tenant)]
  return {
    add: async (tenant, task, delayMs) => {
      const values = [task.id, JSON.stringify(task), redis.nowMs() + delayMs, MAX_LOGOUT_TASKS]
      return oneOf(await redis.runDurably(ADD, keysOf(tenant), values), 'added', 'full')
    },
    claim: async (tenant, leaseMs, limit) => {
      const now = redis.nowMs()
      const bodies = texts(await redis.run(CLAIM, keysOf(tenant), [now, now + leaseMs, limit]))
      return bodies.filter((body) => body !== undefined).map((body) => decodeRecord<LogoutTask>(body))
    },
    putOff: async (tenant, task, delayMs) => {
      await redis.run(PUT_OFF, keysOf(tenant), [task.id, JSON.stringify(task), redis.nowMs() + delayMs])
    },
    remove: async (tenant, id) => {
      await redis.run(REMOVE, keysOf(tenant), [id])
    },
    waiting: async (tenant) => number(await redis.read('zcard', redis.keys.logoutsDue(tenant))),
  }
}
