/**
 * A grant in Redis is one hash, so that it and everything spent on it end together:
 *   body, expires, revoked            the grant; the fields beside `body` are right where both hold a value
 *   code:<digest>, refresh:<digest>   a handle, as `<expires>:<record>`
 *   <handle>:used                     there once it was spent
 * Spending checks the handle and its grant and writes the successors in one script (RFC 6749 4.1.2, RFC 9700 4.14).
 */
import { StoreUnavailable } from '../../kernel/errors.ts'
import type { Spent, Successors } from '../port.ts'
import { type CodeRecord, decodeRecord, type GrantRecord, type RefreshTokenRecord } from '../records.ts'
import { encodeToken } from './access-token.ts'
import { type Command, type RedisClient, script } from './client.ts'
import { number, oneOf, texts } from './replies.ts'

export type Kind = 'code' | 'refresh'

const ISSUE = script(`
  if redis.call('EXISTS', KEYS[1]) == 1 then return 'taken' end
  redis.call('HSET', KEYS[1], 'body', ARGV[1], 'expires', ARGV[2], 'revoked', ARGV[3], ARGV[4], ARGV[5])
  redis.call('EXPIRE', KEYS[1], ARGV[6])
  return 'issued'`)

/** Shared by the two scripts below: ends the script unless the handle is there and its grant has not ended. */
const FIND = `
  local grant, handle, now = KEYS[1], ARGV[1], tonumber(ARGV[2])
  local stored = redis.call('HMGET', grant, 'expires', 'revoked', handle, handle .. ':used')
  if not stored[1] or not stored[3] or tonumber(stored[1]) <= now then return 'missing' end
  if stored[4] then
    redis.call('HSET', grant, 'revoked', '1')
    return 'reused'
  end`

const SPEND = script(`${FIND}
  if tonumber(string.match(stored[3], '^%d+')) <= now then return 'missing' end
  if stored[2] == '1' then return 'revoked' end
  redis.call('HSET', grant, handle .. ':used', '1')
  if KEYS[2] then
    redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
    if ARGV[7] then redis.call('HSET', grant, ARGV[7], ARGV[8]) end
    if tonumber(ARGV[5]) > tonumber(stored[1]) then redis.call('HSET', grant, 'expires', ARGV[5]) end
    if tonumber(ARGV[6]) > redis.call('TTL', grant) then redis.call('EXPIRE', grant, ARGV[6]) end
  end
  return 'redeemed'`)

const REUSE = script(`${FIND}
  return 'missing'`)

const REVOKE = script(`
  if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'revoked', '1') end`)

const handleField = (kind: Kind, digest: string): string => `${kind}:${digest}`
const handleValue = (record: CodeRecord | RefreshTokenRecord): string => `${record.expiresAt}:${JSON.stringify(record)}`

export const readGrant = (key: string, ...more: string[]): Command => [
  'hmget',
  key,
  'body',
  'expires',
  'revoked',
  ...more,
]

/** Takes the reply to `readGrant`. */
export function decodeGrant(redis: RedisClient, reply: unknown): GrantRecord | undefined {
  const [body, expires, revoked] = texts(reply)
  if (body === undefined) return undefined
  const expiresAt = number(expires)
  if (expiresAt <= redis.now()) return undefined
  return { ...decodeRecord<GrantRecord>(body), expiresAt, revoked: revoked !== '0' }
}

export async function issueGrant(
  redis: RedisClient,
  tenant: string,
  grant: GrantRecord,
  digest: string,
  code: CodeRecord,
): Promise<void> {
  const fields = [JSON.stringify(grant), grant.expiresAt, grant.revoked ? '1' : '0']
  const values = [...fields, handleField('code', digest), handleValue(code), redis.ttl(grant.expiresAt)]
  const reply = await redis.run(ISSUE, [redis.keys.grant(tenant, grant.grantId)], values)
  if (oneOf(reply, 'issued', 'taken') === 'taken') throw new StoreUnavailable('redis: the grant id is taken')
}

/** With its grant; a spent one however old, an unspent one until it expires. */
export async function findHandle(redis: RedisClient, tenant: string, grantId: string, kind: Kind, digest: string) {
  const field = handleField(kind, digest)
  const reply = await redis.read(...readGrant(redis.keys.grant(tenant, grantId), field, `${field}:used`))
  const grant = decodeGrant(redis, reply)
  const [, , , handle, usedMark] = texts(reply)
  if (grant === undefined || handle === undefined) return undefined
  const used = usedMark !== undefined
  const colon = handle.indexOf(':')
  if (!used && number(handle.slice(0, colon)) <= redis.now()) return undefined
  return { grant, used, body: handle.slice(colon + 1) }
}

export async function spendHandle(
  redis: RedisClient,
  tenant: string,
  grantId: string,
  kind: Kind,
  digest: string,
  successors?: Successors,
): Promise<Spent> {
  const { keys } = redis
  const touched = [keys.grant(tenant, grantId)]
  const values: (string | number)[] = [handleField(kind, digest), redis.now()]
  if (successors !== undefined) {
    const { accessToken, refreshToken, grantExpiresAt } = successors
    touched.push(keys.accessToken(tenant, accessToken.jti, grantId))
    values.push(encodeToken(accessToken), redis.ttl(accessToken.expiresAt), grantExpiresAt)
    values.push(redis.ttl(Math.max(grantExpiresAt, accessToken.expiresAt)))
    if (refreshToken) values.push(handleField('refresh', refreshToken.digest), handleValue(refreshToken.record))
  }
  return oneOf(await redis.runDurably(SPEND, touched, values), 'redeemed', 'reused', 'missing', 'revoked')
}

export async function reportReuse(redis: RedisClient, tenant: string, grantId: string, kind: Kind, digest: string) {
  const values = [handleField(kind, digest), redis.now()]
  return oneOf(await redis.runDurably(REUSE, [redis.keys.grant(tenant, grantId)], values), 'reused', 'missing')
}

export async function revokeGrant(redis: RedisClient, tenant: string, grantId: string): Promise<void> {
  await redis.runDurably(REVOKE, [redis.keys.grant(tenant, grantId)])
}
