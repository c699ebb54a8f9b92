/** Heads of the logs' hash chains in Redis: one hash, and their order by time, in one slot. */
import { CHAIN_HEAD_DAYS, type ChainStore } from '../port.ts'
import { type ChainHead, decodeRecord } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { texts } from './replies.ts'

const REGISTER = script(`
  local kept = redis.call('HGET', KEYS[1], ARGV[1])
  if kept and cjson.decode(kept).seq > tonumber(ARGV[2]) then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
  local old = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[5], 'LIMIT', 0, 100)
  for _, chain in ipairs(old) do
    redis.call('HDEL', KEYS[1], chain)
    redis.call('ZREM', KEYS[2], chain)
  end
  return 1`)

export function redisChains(redis: RedisClient): ChainStore {
  const [heads, order] = [redis.keys.chainHeads(), redis.keys.chainOrder()]
  return {
    register: async (head) => {
      const before = head.at - CHAIN_HEAD_DAYS * 24 * 60 * 60 * 1000
      await redis.run(REGISTER, [heads, order], [head.chain, head.seq, head.at, JSON.stringify(head), before])
    },
    list: async () => {
      const chains = texts(await redis.read('zrange', order, 0, -1)).filter((chain) => chain !== undefined)
      if (chains.length === 0) return []
      const kept = texts(await redis.read('hmget', heads, ...chains))
      return kept.flatMap((text) => (text === undefined ? [] : [decodeRecord<ChainHead>(text)]))
    },
  }
}
