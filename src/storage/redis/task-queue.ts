/**
 * Tasks in Redis, each done by one node at a time: bodies in a hash, ids by when they are due in a sorted set, both in one
 * slot. Sign-outs and security events wait so.
 */
import { type RedisClient, script } from './client.ts'
import { number, oneOf, texts } from './replies.ts'

/** KEYS: bodies, due. ARGV: id, body, due, most, whether one of the same id stays, ttl or 0. */
const ADD = script(`
  local stands = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1
  if stands and ARGV[5] == 'stays' then return 'added' end
  if not stands and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 'full' end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
  local ttl = tonumber(ARGV[6])
  if ttl > 0 then
    for _, key in ipairs(KEYS) do
      if ttl > redis.call('TTL', key) then redis.call('EXPIRE', key, ttl) end
    end
  end
  return 'added'`)

const CLAIM = script(`
  local ids = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
  local bodies = {}
  for _, id in ipairs(ids) do
    redis.call('ZADD', KEYS[2], ARGV[2], id)
    bodies[#bodies + 1] = redis.call('HGET', KEYS[1], id)
  end
  return bodies`)

/** One by one: Lua puts no more than 8,000 on its stack. */
const PEEK = script(`
  local bodies = {}
  for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, ARGV[1] - 1)) do
    bodies[#bodies + 1] = redis.call('HGET', KEYS[1], id)
  end
  return bodies`)

const HASTEN = script(`
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf')) do
    redis.call('ZADD', KEYS[2], ARGV[1], id)
  end`)

const PUT_OFF = script(`
  if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])`)

const REMOVE = script(`
  redis.call('ZREM', KEYS[2], ARGV[1])
  return redis.call('HDEL', KEYS[1], ARGV[1])`)

const CLEAR = script(`redis.call('DEL', KEYS[1], KEYS[2])`)

/** Names of its hash and of its sorted set. */
export type QueueKeys = readonly [bodies: string, due: string]

export interface NewTask {
  readonly id: string
  readonly body: string
  readonly delayMs: number
  /** Tasks that wait at most. */
  readonly most: number
  /** What becomes of one of the same id. */
  readonly same: 'stays' | 'is replaced'
  /** When the whole queue may be forgotten, unless more comes; absent: never. */
  readonly keptUntil?: number
}

const present = (bodies: readonly (string | undefined)[]): string[] => bodies.filter((body) => body !== undefined)

export const redisTasks = (redis: RedisClient) => ({
  add: async (keys: QueueKeys, { id, body, delayMs, most, same, keptUntil }: NewTask) => {
    const ttl = keptUntil === undefined ? 0 : redis.ttl(keptUntil)
    const kept = same === 'stays' ? 'stays' : 'goes'
    const values = [id, body, redis.nowMs() + delayMs, most, kept, ttl]
    return oneOf(await redis.runDurably(ADD, keys, values), 'added', 'full')
  },
  claim: async (keys: QueueKeys, leaseMs: number, limit: number): Promise<readonly string[]> => {
    const now = redis.nowMs()
    return present(texts(await redis.run(CLAIM, keys, [now, now + leaseMs, limit])))
  },
  peek: async (keys: QueueKeys, limit: number): Promise<readonly string[]> =>
    present(texts(await redis.run(PEEK, keys, [limit]))),
  putOff: async (keys: QueueKeys, id: string, body: string, delayMs: number): Promise<void> => {
    await redis.run(PUT_OFF, keys, [id, body, redis.nowMs() + delayMs])
  },
  remove: async (keys: QueueKeys, id: string): Promise<boolean> => number(await redis.run(REMOVE, keys, [id])) === 1,
  hasten: async (keys: QueueKeys): Promise<void> => {
    await redis.run(HASTEN, keys, [redis.nowMs()])
  },
  clear: async (keys: QueueKeys): Promise<void> => {
    await redis.run(CLEAR, keys)
  },
  waiting: async ([, due]: QueueKeys): Promise<number> => number(await redis.read('zcard', due)),
})
