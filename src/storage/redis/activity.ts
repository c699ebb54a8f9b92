/**
 * Activity of people in Redis: a bounded list for each person and shelf, the newest first, in the slot of the tenant's users,
 * since it goes with the person (`users.ts`). An entry reads `<fold>|<at>|<times>|<record>`.
 */
import { StoreUnavailable } from '../../kernel/errors.ts'
import {
  type ActivityEntry,
  type ActivityRecord,
  type ActivityShelf,
  type ActivityStore,
  MAX_ACTIVITY,
} from '../activity-port.ts'
import { decodeRecord } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { oneOf, texts } from './replies.ts'

/** KEYS: list, user. ARGV: fold, since, at, record, most, ttl. */
const APPEND = script(`
  if redis.call('EXISTS', KEYS[2]) == 0 then return 'missing' end
  local times = 1
  if ARGV[1] ~= '' then
    for _, entry in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
      local fold, at, before = string.match(entry, '^([^|]*)|(%d+)|(%d+)|')
      if fold == ARGV[1] and tonumber(at) >= tonumber(ARGV[2]) then
        times = tonumber(before) + 1
        redis.call('LREM', KEYS[1], 1, entry)
        break
      end
    end
  end
  redis.call('LPUSH', KEYS[1], table.concat({ARGV[1], ARGV[3], times, ARGV[4]}, '|'))
  redis.call('LTRIM', KEYS[1], 0, ARGV[5] - 1)
  if redis.call('TTL', KEYS[1]) < tonumber(ARGV[6]) then redis.call('EXPIRE', KEYS[1], ARGV[6]) end
  return 'written'`)

const SHELVES = ['done', 'refused'] as const satisfies readonly ActivityShelf[]

const ENTRY = /^[^|]*\|\d+\|(\d+)\|(.*)$/s

function decodeEntry(text: string, shelf: ActivityShelf): ActivityEntry {
  const [, times, record] = ENTRY.exec(text) ?? []
  if (record === undefined) throw new StoreUnavailable('redis: unexpected reply')
  return { ...decodeRecord<ActivityRecord>(record), shelf, times: Number(times) }
}

export function redisActivity(redis: RedisClient): ActivityStore {
  const { keys } = redis
  const read = (tenant: string, sub: string, shelf: ActivityShelf) =>
    ['lrange', keys.activity(tenant, sub, shelf), 0, -1] as const
  return {
    append: async (tenant, sub, { shelf, record, fold }) => {
      const { at, expiresAt } = record
      const values = [fold?.key ?? '', fold?.since ?? 0, at, JSON.stringify(record), MAX_ACTIVITY[shelf]]
      const touched = [keys.activity(tenant, sub, shelf), keys.user(tenant, sub)]
      return oneOf(await redis.run(APPEND, touched, [...values, redis.ttl(expiresAt)]), 'written', 'missing')
    },
    list: async (tenant, sub) => {
      const shelves = await redis.readTogether(SHELVES.map((shelf) => read(tenant, sub, shelf)))
      const entries = SHELVES.flatMap((shelf, index) =>
        texts(shelves[index]).map((text) => decodeEntry(text ?? '', shelf)),
      )
      return entries.filter(({ expiresAt }) => expiresAt > redis.now()).toSorted((a, b) => b.at - a.at)
    },
  }
}
