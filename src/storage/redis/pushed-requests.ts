/** Pushed authorization requests in Redis, RFC 9126. */
import type { PushedRequestStore } from '../port.ts'
import { decodeRecord, type PushedRequestRecord } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { textOrNothing } from './replies.ts'

const PUT = script(`redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])`)
const TAKE = script(`
  local stored = redis.call('GET', KEYS[1])
  local record = stored and cjson.decode(stored)
  if not record or record.spent then return false end
  record.sealed, record.dpopJkt, record.spent = '', nil, true
  redis.call('SET', KEYS[1], cjson.encode(record), 'KEEPTTL')
  return stored`)

export function redisPushedRequests(redis: RedisClient): PushedRequestStore {
  const { keys } = redis
  function decode(reply: unknown): PushedRequestRecord | undefined {
    const text = textOrNothing(reply)
    const record = text === undefined ? undefined : decodeRecord<PushedRequestRecord>(text)
    return record !== undefined && record.expiresAt > redis.now() ? record : undefined
  }
  return {
    put: async (tenant, digest, request) => {
      const values = [JSON.stringify(request), redis.ttl(request.expiresAt)]
      await redis.run(PUT, [keys.pushedRequest(tenant, digest)], values)
    },
    find: async (tenant, digest) => decode(await redis.read('get', keys.pushedRequest(tenant, digest))),
    take: async (tenant, digest) => decode(await redis.runDurably(TAKE, [keys.pushedRequest(tenant, digest)])),
  }
}
