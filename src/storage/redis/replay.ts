/** What may be used once, in Redis: identifiers of proofs and assertions, kept until these have expired by themselves. */
import type { ReplayStore } from '../port.ts'
import { type RedisClient, script } from './client.ts'
import { number } from './replies.ts'

/** By our clock, as the proof itself is judged; the key's TTL only clears away. */
const FIRST_USE = script(`
  local expires = redis.call('GET', KEYS[1])
  if expires and tonumber(expires) > tonumber(ARGV[1]) then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
  return 1`)

export function redisReplay(redis: RedisClient): ReplayStore {
  return {
    firstUse: async (tenant, key, expiresAt) => {
      const values = [redis.now(), expiresAt, redis.ttl(expiresAt)]
      return number(await redis.runDurably(FIRST_USE, [redis.keys.replay(tenant, key)], values)) === 1
    },
  }
}
