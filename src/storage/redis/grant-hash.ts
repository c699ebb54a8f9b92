/**
 * A grant in Redis is one hash, so that it and everything spent on it end together:
 *   body, expires, revoked, tokens    the grant; the fields beside `body` are right where both hold a value
 *   asked                             of the grant what goes when it is revoked
 *   code:<digest>, refresh:<digest>   a handle, as `<expires>:<record>`
 *   <handle>:used                     there once it was spent: `1`, or a grace, `<until>:<uses>:<successor>:<sealed>`
 * Spending checks the handle and its grant and writes the successors in one script (RFC 6749 4.1.2, RFC 9700 4.14).
 */
import { StoreUnavailable } from '../../kernel/errors.ts'
import type { Grace, Spent, Successors } from '../port.ts'
import { type CodeRecord, decodeRecord, type GrantRecord, parseRecord, type RefreshTokenRecord } from '../records.ts'
import { encodeToken } from './access-token.ts'
import { type RedisClient, script } from './client.ts'
import type { Command } from './read-batch.ts'
import { number, oneOf, texts } from './replies.ts'

export type Kind = 'code' | 'refresh'

const ISSUE = script(`
  if redis.call('EXISTS', KEYS[1]) == 1 then return 'taken' end
  redis.call('HSET', KEYS[1], 'body', ARGV[1], 'expires', ARGV[2], 'revoked', ARGV[3], ARGV[4], ARGV[5])
  if ARGV[7] then redis.call('HSET', KEYS[1], 'asked', ARGV[7]) end
  redis.call('EXPIRE', KEYS[1], ARGV[6])
  return 'issued'`)

/** Shared by the two scripts below: ends the script unless the handle is there and its grant has not ended. */
const FIND = `
  local grant, handle, now = KEYS[1], ARGV[1], tonumber(ARGV[2])
  local stored = redis.call('HMGET', grant, 'expires', 'revoked', handle, handle .. ':used')
  if not stored[1] or not stored[3] or tonumber(stored[1]) <= now then return 'missing' end
  local function reused()
    redis.call('HSET', grant, 'revoked', '1')
    return 'reused'
  end`

/** Writes what a use brings into being, but for the refresh token; answers whether the grant lives longer by it. */
const SUCCEED = `
  local function succeed()
    redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
    local grows = tonumber(ARGV[5]) > tonumber(stored[1])
    if grows then redis.call('HSET', grant, 'expires', ARGV[5]) end
    if tonumber(ARGV[6]) > redis.call('TTL', grant) then redis.call('EXPIRE', grant, ARGV[6]) end
    return grows
  end`

/** `grace(mark)`: until, uses, successor and sealed text of a mark, while it holds; else nothing. */
const GRACE = `
  local function grace(mark)
    local last, uses, successor, sealed = string.match(mark or '', '^(%d+):(%d+):([^:]+):(.+)$')
    if not last or stored[2] == '1' or tonumber(last) <= now or tonumber(uses) < 1 then return end
    local next = redis.call('HMGET', grant, 'refresh:' .. successor, 'refresh:' .. successor .. ':used')
    if not next[1] or next[2] or tonumber(string.match(next[1], '^%d+')) <= now then return end
    return last, uses, successor, sealed
  end`

const SPEND = script(`${FIND} ${SUCCEED} ${GRACE}
  if stored[4] then
    local last, uses, successor, sealed = grace(stored[4])
    if not last then return reused() end
    redis.call('HSET', grant, handle .. ':used', last .. ':' .. (uses - 1) .. ':' .. successor .. ':' .. sealed)
    return {'again', sealed, succeed() and 'grown' or ''}
  end
  if tonumber(string.match(stored[3], '^%d+')) <= now then return 'missing' end
  if stored[2] == '1' then return 'revoked' end
  redis.call('HSET', grant, handle .. ':used', ARGV[9] or '1')
  if KEYS[2] then
    if ARGV[7] then redis.call('HSET', grant, ARGV[7], ARGV[8]) end
    if succeed() then return 'grown' end
  end
  return 'redeemed'`)

const REUSE = script(`${FIND}
  if stored[4] then return reused() end
  return 'missing'`)

const REVOKE = script(`
  if redis.call('EXISTS', KEYS[1]) == 0 then return end
  redis.call('HSET', KEYS[1], 'revoked', '1')
  redis.call('HDEL', KEYS[1], 'asked')`)

const END_TOKENS = script(`
  if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HINCRBY', KEYS[1], 'tokens', 1) end`)

/** Handles that were spent stay: each has its record. */
const LAST_REFRESH = script(`
  local last, all = 0, redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 8) == 'refresh:' and string.sub(all[i], -5) ~= ':used' then
      last = math.max(last, tonumber(string.match(all[i + 1], '"issuedAt":(%d+)') or 0))
    end
  end
  return last`)

const handleField = (kind: Kind, digest: string): string => `${kind}:${digest}`
const handleValue = (record: CodeRecord | RefreshTokenRecord): string => `${record.expiresAt}:${JSON.stringify(record)}`

export const readGrant = (key: string, ...more: string[]): Command => [
  'hmget',
  key,
  'body',
  'expires',
  'revoked',
  'tokens',
  'asked',
  ...more,
]

/** Takes the reply to `readGrant`. */
export function decodeGrant(redis: RedisClient, reply: unknown): GrantRecord | undefined {
  const [body, expires, revoked, tokens, asked] = texts(reply)
  if (body === undefined) return undefined
  const expiresAt = number(expires)
  if (expiresAt <= redis.now()) return undefined
  const parts: Pick<GrantRecord, 'nonce' | 'claims'> = asked === undefined ? {} : parseRecord(asked)
  const grant = { ...decodeRecord<GrantRecord>(body), ...parts, expiresAt, revoked: revoked !== '0' }
  return tokens === undefined ? grant : { ...grant, tokensEpoch: number(tokens) }
}

export async function issueGrant(
  redis: RedisClient,
  tenant: string,
  grant: GrantRecord,
  digest: string,
  code: CodeRecord,
): Promise<void> {
  const { nonce, claims, ...rest } = grant
  const fields = [JSON.stringify(rest), grant.expiresAt, grant.revoked ? '1' : '0']
  const values = [...fields, handleField('code', digest), handleValue(code), redis.ttl(grant.expiresAt)]
  if (nonce !== undefined || claims !== undefined) values.push(JSON.stringify({ nonce, claims }))
  const reply = await redis.run(ISSUE, [redis.keys.grant(tenant, grant.grantId)], values)
  if (oneOf(reply, 'issued', 'taken') === 'taken') throw new StoreUnavailable('redis: the grant id is taken')
}

/** With its grant; a spent one however old, an unspent one until it expires. */
export async function findHandle(redis: RedisClient, tenant: string, grantId: string, kind: Kind, digest: string) {
  const field = handleField(kind, digest)
  const reply = await redis.read(...readGrant(redis.keys.grant(tenant, grantId), field, `${field}:used`))
  const grant = decodeGrant(redis, reply)
  const [, , , , , handle, usedMark] = texts(reply)
  if (grant === undefined || handle === undefined) return undefined
  const used = usedMark !== undefined
  const colon = handle.indexOf(':')
  if (!used && number(handle.slice(0, colon)) <= redis.now()) return undefined
  const inGrace = used && usedMark !== '1' && (await graceHolds(redis, tenant, grant, usedMark))
  return { grant, used, inGrace, body: handle.slice(colon + 1) }
}

/** A look only, in a second round: whoever rotates on it is judged by the script. */
async function graceHolds(redis: RedisClient, tenant: string, grant: GrantRecord, mark: string): Promise<boolean> {
  const [until, uses, successor] = mark.split(':')
  if (grant.revoked || number(until) <= redis.now() || number(uses) < 1) return false
  const found = await findHandle(redis, tenant, grant.grantId, 'refresh', successor ?? '')
  return found !== undefined && !found.used
}

/** `grown`: redeemed, and its grant lives longer than before: where it is listed by its end is to be told. */
export type SpentHandle = Spent | 'grown' | { readonly again: string; readonly grown: boolean }

export async function spendHandle(
  redis: RedisClient,
  tenant: string,
  grantId: string,
  kind: Kind,
  digest: string,
  successors?: Successors,
): Promise<SpentHandle> {
  const { keys } = redis
  const touched = [keys.grant(tenant, grantId)]
  const values: (string | number)[] = [handleField(kind, digest), redis.now()]
  if (successors !== undefined) {
    const { accessToken, refreshToken, grantExpiresAt } = successors
    touched.push(keys.accessToken(tenant, accessToken.jti, grantId))
    values.push(encodeToken(accessToken), redis.ttl(accessToken.expiresAt), grantExpiresAt)
    values.push(redis.ttl(Math.max(grantExpiresAt, accessToken.expiresAt)))
    if (refreshToken) values.push(handleField('refresh', refreshToken.digest), handleValue(refreshToken.record))
    if (refreshToken?.grace) values.push(graceMark(refreshToken.digest, refreshToken.grace))
  }
  const reply = await redis.runDurably(SPEND, touched, values)
  if (Array.isArray(reply)) {
    const [, again = '', grown] = texts(reply)
    return { again, grown: grown === 'grown' }
  }
  return oneOf(reply, 'redeemed', 'grown', 'reused', 'missing', 'revoked')
}

const graceMark = (successor: string, { until, uses, sealed }: Grace) => `${until}:${uses}:${successor}:${sealed}`

export async function reportReuse(redis: RedisClient, tenant: string, grantId: string, kind: Kind, digest: string) {
  const values = [handleField(kind, digest), redis.now()]
  return oneOf(await redis.runDurably(REUSE, [redis.keys.grant(tenant, grantId)], values), 'reused', 'missing')
}

export async function lastRefreshedAt(
  redis: RedisClient,
  tenant: string,
  grantId: string,
): Promise<number | undefined> {
  const at = number(await redis.run(LAST_REFRESH, [redis.keys.grant(tenant, grantId)]))
  return at === 0 ? undefined : at
}

export async function revokeGrant(redis: RedisClient, tenant: string, grantId: string): Promise<void> {
  await redis.runDurably(REVOKE, [redis.keys.grant(tenant, grantId)])
}

export async function endAccessTokens(redis: RedisClient, tenant: string, grantId: string): Promise<void> {
  await redis.runDurably(END_TOKENS, [redis.keys.grant(tenant, grantId)])
}
