/**
 * Which grants a session, a person and a client have. A session's are known from their code on, checked against its mark in
 * one script: whichever comes first, the grant or the end of the session, the other sees it. The rest is known once a code
 * was redeemed; what was not is nothing to look at.
 */
import type { GrantStore, Page } from '../port.ts'
import type { AccessTokenRecord, GrantRecord } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { addToIndex, pageOfIndex } from './expiring-index.ts'
import { decodeGrant, readGrant } from './grant-hash.ts'
import { oneOf } from './replies.ts'

const ATTACH = script(`
  local left = redis.call('TTL', KEYS[1])
  if left == -2 then return 'ended' end
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[3])
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
  local ttl = math.max(left, tonumber(ARGV[4]))
  if ttl > redis.call('TTL', KEYS[2]) then redis.call('EXPIRE', KEYS[2], ttl) end
  redis.call('SADD', KEYS[3], ARGV[5])
  if left > redis.call('TTL', KEYS[3]) then redis.call('EXPIRE', KEYS[3], left) end
  return 'issued'`)

export async function attachToSession(
  redis: RedisClient,
  tenant: string,
  sid: string,
  { grantId, clientId, expiresAt }: Pick<GrantRecord, 'grantId' | 'clientId' | 'expiresAt'>,
): Promise<'issued' | 'ended'> {
  const { keys } = redis
  const values = [grantId, expiresAt, redis.now(), redis.ttl(expiresAt), clientId]
  const touched = [keys.sessionMark(tenant, sid), keys.sessionGrants(tenant, sid), keys.sessionClients(tenant, sid)]
  return oneOf(await redis.runDurably(ATTACH, touched, values), 'issued', 'ended')
}

/** Once its code was redeemed, until when it lives then. */
export async function indexGrant(
  redis: RedisClient,
  tenant: string,
  { grantId, sub, clientId }: AccessTokenRecord,
  sid: string | undefined,
  expiresAt: number,
): Promise<void> {
  const { keys } = redis
  if (grantId === undefined) return
  const indexes = [
    keys.grantsOfClient(tenant, clientId),
    ...(sub === undefined ? [] : [keys.grantsOfUser(tenant, sub)]),
    ...(sid === undefined ? [] : [keys.sessionGrants(tenant, sid)]),
  ]
  await Promise.all(indexes.map((index) => addToIndex(redis, index, grantId, expiresAt)))
}

export function listGrants(redis: RedisClient): GrantStore['list'] {
  const { keys } = redis
  return (tenant, of, offset, limit): Promise<Page<GrantRecord>> => {
    const index =
      'sub' in of
        ? keys.grantsOfUser(tenant, of.sub)
        : 'sid' in of
          ? keys.sessionGrants(tenant, of.sid)
          : keys.grantsOfClient(tenant, of.clientId)
    return pageOfIndex(redis, index, { offset, limit }, async (ids) => {
      const replies = await redis.readTogether(ids.map((id) => readGrant(keys.grant(tenant, id))))
      return replies.map((reply) => decodeGrant(redis, reply))
    })
  }
}
