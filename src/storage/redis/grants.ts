/** Codes, refresh tokens and grants in Redis. RFC 6749 4.1 and 6, RFC 9700 4.14: each use is one script on one slot. */
import { StoreUnavailable } from '../../kernel/errors.ts'
import type { CodeStore, GrantStore, RefreshTokenStore, Spent, Successors } from '../port.ts'
import { type CodeRecord, decodeRecord, type RefreshTokenRecord } from '../records.ts'
import type { RedisClient } from './client.ts'
import {
  decodeGrant,
  endAccessTokens,
  findHandle,
  issueGrant,
  lastRefreshedAt,
  readGrant,
  reportReuse,
  revokeGrant,
  spendHandle,
} from './grant-hash.ts'
import { attachToSession, indexGrant, listGrants } from './grant-index.ts'

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
  return spent === 'grown' ? 'redeemed' : spent
}

export function redisCodes(redis: RedisClient): CodeStore {
  return {
    issue: async (tenant, grant, digest, code) => {
      await issueGrant(redis, tenant, grant, digest, code)
      if (grant.sid === undefined) return 'issued'
      const attached = await attachToSession(redis, tenant, grant.sid, grant)
      if (attached === 'ended') await revokeGrant(redis, tenant, grant.grantId)
      return attached
    },
    peek: async (tenant, grantId, digest) => {
      const found = await findHandle(redis, tenant, grantId, 'code', digest)
      return found && { grant: found.grant, used: found.used, code: decodeRecord<CodeRecord>(found.body) }
    },
    redeem: async (tenant, grantId, digest, successors) => {
      const { accessToken, sid, grantExpiresAt } = successors
      const spent = await spendCode(redis, tenant, grantId, digest, successors)
      // A node that ends in between has not answered: nobody holds what it leaves out.
      if (spent === 'redeemed') await indexGrant(redis, tenant, accessToken, sid, grantExpiresAt)
      return spent
    },
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
      const hasGrown = spent === 'grown' || (typeof spent === 'object' && spent.grown)
      // It would fall out of the indexes at the end that it had before.
      if (hasGrown) await indexGrant(redis, tenant, successors.accessToken, successors.sid, successors.grantExpiresAt)
      if (typeof spent === 'object') return { again: spent.again }
      return spent === 'redeemed' || spent === 'grown' ? 'rotated' : spent
    },
    reuse: (tenant, grantId, digest) => reportReuse(redis, tenant, grantId, 'refresh', digest),
  }
}

export function redisGrants(redis: RedisClient): GrantStore {
  return {
    find: async (tenant, grantId) =>
      decodeGrant(redis, await redis.read(...readGrant(redis.keys.grant(tenant, grantId)))),
    list: listGrants(redis),
    lastRefreshedAt: (tenant, grantId) => lastRefreshedAt(redis, tenant, grantId),
    endAccessTokens: (tenant, grantId) => endAccessTokens(redis, tenant, grantId),
    revoke: (tenant, grantId) => revokeGrant(redis, tenant, grantId),
  }
}
