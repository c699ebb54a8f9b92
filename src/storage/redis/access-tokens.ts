/** Access tokens in Redis, and everything that their liveness hangs on, in one parallel round. */
import { StoreUnavailable } from '../../kernel/errors.ts'
import type { AccessTokenStore } from '../port.ts'
import type { ClientRecord, UserRecord } from '../records.ts'
import { decodeToken, encodeToken } from './access-token.ts'
import { type RedisClient, script } from './client.ts'
import { decodeGrant, readGrant } from './grant-hash.ts'
import { oneOf, textOrNothing } from './replies.ts'
import { decodeVersioned, readVersioned } from './versioned.ts'

const PUT = script(`
  if redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2], 'NX') then return 'written' end
  return 'taken'`)

const REVOKE = script(`
  if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('SETRANGE', KEYS[1], 0, 'R') end`)

const readClient = async (redis: RedisClient, tenant: string, clientId: string) =>
  decodeVersioned<ClientRecord>(await redis.read(...readVersioned(redis.keys.client(tenant, clientId))))

const readUser = async (redis: RedisClient, tenant: string, sub: string) =>
  decodeVersioned<UserRecord>(await redis.read(...readVersioned(redis.keys.user(tenant, sub))))

export function redisAccessTokens(redis: RedisClient): AccessTokenStore {
  const { keys } = redis
  return {
    put: async (tenant, token) => {
      const key = keys.accessToken(tenant, token.jti, token.grantId)
      const reply = await redis.run(PUT, [key], [encodeToken(token), redis.ttl(token.expiresAt)])
      if (oneOf(reply, 'written', 'taken') === 'taken') throw new StoreUnavailable('redis: the jti is taken')
    },
    state: async (tenant, { jti, grantId, clientId, sub }) => {
      const [tokenReply, ...more] = await redis.readTogether([
        ['get', keys.accessToken(tenant, jti, grantId)],
        ...(clientId === undefined ? [] : [readVersioned(keys.client(tenant, clientId))]),
        ...(grantId === undefined ? [] : [readGrant(keys.grant(tenant, grantId))]),
        ...(sub === undefined ? [] : [readVersioned(keys.user(tenant, sub))]),
      ])
      const text = textOrNothing(tokenReply)
      const token = text === undefined ? undefined : decodeToken(redis, text, grantId)
      const named = clientId === undefined ? undefined : decodeVersioned<ClientRecord>(more.shift())
      const grant = grantId === undefined ? undefined : decodeGrant(redis, more.shift())
      const guessed = sub === undefined ? undefined : decodeVersioned<UserRecord>(more.shift())
      const [client, user] = await Promise.all([
        clientId !== undefined || token === undefined ? named : readClient(redis, tenant, token.clientId),
        // A pairwise `sub` names nobody here: the grant knows whom it is of.
        grant === undefined || grant.sub === sub ? guessed : readUser(redis, tenant, grant.sub),
      ])
      return { ...(token && { token }), ...(grant && { grant }), ...(client && { client }), ...(user && { user }) }
    },
    revoke: async (tenant, jti, grantId) => {
      await redis.runDurably(REVOKE, [keys.accessToken(tenant, jti, grantId)])
    },
  }
}
