/** Counters with a window in Redis: the window is measured by our clock, the key's TTL only clears away. */
import type { LimitStore } from '../port.ts'
import { type RedisClient, script } from './client.ts'
import { number, texts } from './replies.ts'

const HIT = script(`
  local reset = redis.call('HGET', KEYS[1], 'reset')
  if reset and tonumber(reset) > tonumber(ARGV[1]) then return redis.call('HINCRBY', KEYS[1], 'hits', ARGV[4]) end
  redis.call('HSET', KEYS[1], 'hits', ARGV[4], 'reset', ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  return tonumber(ARGV[4])`)
const CLEAR = script(`redis.call('DEL', KEYS[1])`)

export function redisLimits(redis: RedisClient): LimitStore {
  const { keys } = redis
  return {
    hit: async (tenant, key, windowSeconds, hits = 1) => {
      const now = redis.nowMs()
      const values = [now, now + windowSeconds * 1000, redis.ttl(redis.now() + windowSeconds), hits]
      return number(await redis.run(HIT, [keys.limit(tenant, key)], values))
    },
    count: async (tenant, key) => {
      const [hits, reset] = texts(await redis.read('hmget', keys.limit(tenant, key), 'hits', 'reset'))
      return hits !== undefined && number(reset) > redis.nowMs() ? number(hits) : 0
    },
    clear: async (tenant, key) => {
      await redis.run(CLEAR, [keys.limit(tenant, key)])
    },
  }
}
