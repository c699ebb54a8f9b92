/** Codes, refresh tokens and grants in Redis. RFC 6749 4.1 and 6, RFC 9700 4.14: each use is one script on one slot. */
import { StoreUnavailable } from '../../kernel/errors.ts'
import type { CodeStore, GrantStore, RefreshTokenStore, Spent, Successors } from '../port.ts'
import { type CodeRecord, decodeRecord, type RefreshTokenRecord } from '../records.ts'
import type { RedisClient } from './client.ts'
import { decodeGrant, findHandle, issueGrant, readGrant, reportReuse, revokeGrant, spendHandle } from './grant-hash.ts'

async function spendCode(
  redis: RedisClient,
  tenant: string,
  grantId: string,
  digest: string,
  successors?: Successors,
): Promise<Spent> {
  const spent = await spendHandle(redis, tenant, grantId, 'code', digest, successors)
  // Codes are spent without grace, whatever successors say of their own refresh token.
  if (typeof spent !== 'string') throw new StoreUnavailable('redis: unexpected reply')
  return spent
}

export function redisCodes(redis: RedisClient): CodeStore {
  return {
    issue: (tenant, grant, digest, code) => issueGrant(redis, tenant, grant, digest, code),
    peek: async (tenant, grantId, digest) => {
      const found = await findHandle(redis, tenant, grantId, 'code', digest)
      return found && { grant: found.grant, used: found.used, code: decodeRecord<CodeRecord>(found.body) }
    },
    redeem: (tenant, grantId, digest, successors) => spendCode(redis, tenant, grantId, digest, successors),
    burn: (tenant, grantId, digest) => spendCode(redis, tenant, grantId, digest),
  }
}

export function redisRefreshTokens(redis: RedisClient): RefreshTokenStore {
  return {
    peek: async (tenant, grantId, digest) => {
      const found = await findHandle(redis, tenant, grantId, 'refresh', digest)
      if (found === undefined) return undefined
      const { grant, used, inGrace, body } = found
      return { grant, used, inGrace, token: decodeRecord<RefreshTokenRecord>(body) }
    },
    rotate: async (tenant, grantId, digest, successors) => {
      const spent = await spendHandle(redis, tenant, grantId, 'refresh', digest, successors)
      return spent === 'redeemed' ? 'rotated' : spent
    },
    reuse: (tenant, grantId, digest) => reportReuse(redis, tenant, grantId, 'refresh', digest),
  }
}

export function redisGrants(redis: RedisClient): GrantStore {
  return {
    find: async (tenant, grantId) =>
      decodeGrant(redis, await redis.read(...readGrant(redis.keys.grant(tenant, grantId)))),
    revoke: (tenant, grantId) => revokeGrant(redis, tenant, grantId),
  }
}
