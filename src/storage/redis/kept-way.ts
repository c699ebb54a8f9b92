/** Whether the way in that a removal leaves is there still: asked in the script that removes. */
import type { Way } from '../records.ts'
import type { RedisClient } from './client.ts'

/** Opens the script: KEYS[3] and ARGV[2] are the hash and the field that must be there, or are both absent. */
export const REQUIRE_KEPT = `
  if KEYS[3] and redis.call('HEXISTS', KEYS[3], ARGV[2]) == 0 then return 'conflict' end`

/** Its key and its argument. */
export function keptWay(
  { keys }: Pick<RedisClient, 'keys'>,
  tenant: string,
  sub: string,
  kept: Way | undefined,
): { readonly key: readonly string[]; readonly field: readonly string[] } {
  if (kept === undefined) return { key: [], field: [] }
  return 'identity' in kept
    ? { key: [keys.identitiesOf(tenant, sub)], field: [kept.identity] }
    : { key: [keys.factors(tenant, sub)], field: [`passkey:${kept.passkey}`] }
}
