/**
 * Sorted sets of ids by the end of what they name, each alone in its slot. An id is written before what it names or in the
 * same round, and its record is what counts: an id without one is passed over. What has ended is dropped by later writes.
 */
import type { Page } from '../port.ts'
import { type RedisClient, script } from './client.ts'
import { number, texts } from './replies.ts'

/** KEYS: index. ARGV: id, end, now, ttl. */
const ADD = script(`
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
  if tonumber(ARGV[4]) > redis.call('TTL', KEYS[1]) then redis.call('EXPIRE', KEYS[1], ARGV[4]) end`)

const PAGE = script(`
  local from = '(' .. ARGV[1]
  local ids = redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', from, 'LIMIT', ARGV[2], ARGV[3])
  return {redis.call('ZCOUNT', KEYS[1], from, '+inf'), ids}`)

const REMOVE = script(`redis.call('ZREM', KEYS[1], ARGV[1])`)

export async function addToIndex(redis: RedisClient, index: string, id: string, expiresAt: number): Promise<void> {
  await redis.run(ADD, [index], [id, expiresAt, redis.now(), redis.ttl(expiresAt)])
}

export async function removeFromIndex(redis: RedisClient, index: string, id: string): Promise<void> {
  await redis.run(REMOVE, [index], [id])
}

/** The id that ends last first. */
export async function idsInIndex(
  redis: RedisClient,
  index: string,
  offset = 0,
  limit = -1,
): Promise<{ readonly total: number; readonly ids: readonly string[] }> {
  const reply = await redis.run(PAGE, [index], [redis.now(), offset, limit])
  const [total, ids] = Array.isArray(reply) ? reply : []
  return { total: number(total), ids: texts(ids).filter((id) => id !== undefined) }
}

export async function pageOfIndex<R>(
  redis: RedisClient,
  index: string,
  page: { readonly offset: number; readonly limit: number },
  read: (ids: readonly string[]) => Promise<readonly (R | undefined)[]>,
): Promise<Page<R>> {
  const { total, ids } = await idsInIndex(redis, index, page.offset, page.limit)
  const records = ids.length === 0 ? [] : await read(ids)
  return { total, records: records.filter((record) => record !== undefined) }
}
