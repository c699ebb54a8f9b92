/**
 * One-use records in Redis. A person's lie in one hash beside the person, in the slot of the tenant's users, so that they
 * end together and with them; a pointer by digest says whose it is, never changes, and goes after what it points to. One of
 * nobody is its own pointer.
 */
import { MAX_ONE_USE_OF_PERSON, type OneUseStore } from '../port.ts'
import { decodeRecord, type OneUseRecord } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { textOrNothing, texts } from './replies.ts'

const POINT = script(`redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])`)
const TAKE = script(`return redis.call('GETDEL', KEYS[1])`)

/** KEYS: the person's. ARGV: field, `<end>:<body>`, ttl, kind, most, now. Of a kind, those that would end first make room. */
const PUT = script(`
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  if tonumber(ARGV[3]) > redis.call('TTL', KEYS[1]) then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
  local all = redis.call('HGETALL', KEYS[1])
  local ends, gone = {}, {}
  for i = 1, #all, 2 do
    local expires = tonumber(string.match(all[i + 1], '^%d+'))
    if expires <= tonumber(ARGV[6]) then gone[#gone + 1] = all[i]
    elseif string.sub(all[i], 1, #ARGV[4] + 1) == ARGV[4] .. ':' then
      ends[#ends + 1] = {all[i] == ARGV[1] and math.huge or expires, all[i]}
    end
  end
  table.sort(ends, function (a, b) return a[1] > b[1] end)
  for i = tonumber(ARGV[5]) + 1, #ends do gone[#gone + 1] = ends[i][2] end
  for _, field in ipairs(gone) do redis.call('HDEL', KEYS[1], field) end
  return gone`)

const TAKE_FIELD = script(`
  local stored = redis.call('HGET', KEYS[1], ARGV[1])
  if stored then redis.call('HDEL', KEYS[1], ARGV[1]) end
  return stored`)

const END = script(`
  local gone = {}
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(field, 1, #ARGV[1] + 1) == ARGV[1] .. ':' then
      redis.call('HDEL', KEYS[1], field)
      gone[#gone + 1] = field
    end
  end
  return gone`)

const DROP = script(`redis.call('DEL', KEYS[1])`)

/** What a pointer holds: `@` and the person, or the record itself. */
const PERSON = '@'

/** Fields read `<kind>:<digest>`; a kind is a plain word, a digest may hold anything. */
export async function dropPointers(redis: RedisClient, tenant: string, fields: unknown): Promise<void> {
  const named = texts(fields).filter((field) => field !== undefined)
  await Promise.all(
    named.map((field) => {
      const colon = field.indexOf(':')
      return redis.run(DROP, [redis.keys.oneUse(tenant, field.slice(0, colon), field.slice(colon + 1))])
    }),
  )
}

export function redisOneUse(redis: RedisClient): OneUseStore {
  const { keys } = redis
  const decode = (text: string | undefined): OneUseRecord | undefined => {
    const record = text === undefined ? undefined : decodeRecord<OneUseRecord>(text)
    return record !== undefined && record.expiresAt > redis.now() ? record : undefined
  }
  const decodeField = (reply: unknown): OneUseRecord | undefined => {
    const stored = textOrNothing(reply)
    return decode(stored?.slice(stored.indexOf(':') + 1))
  }
  const pointer = async (tenant: string, kind: string, digest: string): Promise<string | undefined> =>
    textOrNothing(await redis.read('get', keys.oneUse(tenant, kind, digest)))
  const fieldOf = (kind: string, digest: string): string => `${kind}:${digest}`

  return {
    put: async (tenant, digest, record) => {
      const { kind, sub, expiresAt } = record
      const [body, ttl] = [JSON.stringify(record), redis.ttl(expiresAt)]
      const points = sub === undefined ? body : `${PERSON}${sub}`
      await redis.run(POINT, [keys.oneUse(tenant, kind, digest)], [points, ttl])
      if (sub === undefined) return
      const values = [fieldOf(kind, digest), `${expiresAt}:${body}`, ttl, kind, MAX_ONE_USE_OF_PERSON, redis.now()]
      await dropPointers(redis, tenant, await redis.run(PUT, [keys.oneUseOf(tenant, sub)], values))
    },
    find: async (tenant, kind, digest) => {
      const found = await pointer(tenant, kind, digest)
      if (!found?.startsWith(PERSON)) return decode(found)
      return decodeField(await redis.read('hget', keys.oneUseOf(tenant, found.slice(1)), fieldOf(kind, digest)))
    },
    take: async (tenant, kind, digest) => {
      const found = await pointer(tenant, kind, digest)
      if (found === undefined) return undefined
      if (!found.startsWith(PERSON))
        return decode(textOrNothing(await redis.runDurably(TAKE, [keys.oneUse(tenant, kind, digest)])))
      const whose = keys.oneUseOf(tenant, found.slice(1))
      const taken = await redis.runDurably(TAKE_FIELD, [whose], [fieldOf(kind, digest)])
      await dropPointers(redis, tenant, [fieldOf(kind, digest)])
      return decodeField(taken)
    },
    endOf: async (tenant, sub, kind) => {
      await dropPointers(redis, tenant, await redis.runDurably(END, [keys.oneUseOf(tenant, sub)], [kind]))
    },
    list: async (tenant, sub) =>
      texts(await redis.read('hvals', keys.oneUseOf(tenant, sub)))
        .map(decodeField)
        .filter((record) => record !== undefined)
        .toSorted((a, b) => b.expiresAt - a.expiresAt),
  }
}
