/** An access token in Redis: its record behind one character that says whether it was revoked, so that revoking rewrites no body. */
import { type AccessTokenRecord, decodeRecord } from '../records.ts'
import type { RedisClient } from './client.ts'

export const encodeToken = (token: AccessTokenRecord): string => `${token.revoked ? 'R' : 'L'}${JSON.stringify(token)}`

/** Only under the grant it was issued on. */
export function decodeToken(
  redis: RedisClient,
  text: string,
  grantId: string | undefined,
): AccessTokenRecord | undefined {
  const token = decodeRecord<AccessTokenRecord>(text.slice(1))
  if (token.grantId !== grantId || token.expiresAt <= redis.now()) return undefined
  return text.startsWith('L') ? token : { ...token, revoked: true }
}
