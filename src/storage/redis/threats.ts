/** What is counted about attacks, in Redis. Windows are measured by our clock, the keys' TTL only clears away. */
import { bitOf, countOf } from '../sketch.ts'
import {
  MAX_RISES,
  MAX_THROTTLES,
  NETWORKS_REMEMBERED,
  type PresenceRecord,
  RISE_KINDS,
  type Rise,
  type ThreatStore,
  type Throttle,
} from '../threat-port.ts'
import { type RedisClient, script } from './client.ts'
import { number, texts } from './replies.ts'

export function redisThreats(redis: RedisClient): ThreatStore {
  return {
    ...attemptsOf(redis),
    ...distinctOf(redis),
    ...seriesOf(redis),
    ...presenceOf(redis),
    ...throttlesOf(redis),
    ...risesOf(redis),
  }
}

const ATTEMPT = script(`
  local stored = redis.call('HMGET', KEYS[1], 'failures', 'last', 'ends')
  if not stored[3] or tonumber(stored[3]) <= tonumber(ARGV[1]) then stored = { '0', '', false } end
  redis.call('HSET', KEYS[1], 'failures', tonumber(stored[1]) + 1, 'last', ARGV[1], 'ends', ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  return { stored[1], stored[2] }`)

const UNDO = script(`
  local stored = redis.call('HMGET', KEYS[1], 'failures', 'last', 'ends')
  if not stored[3] or tonumber(stored[3]) <= tonumber(ARGV[3]) then return end
  if stored[2] == ARGV[1] then redis.call('HSET', KEYS[1], 'last', ARGV[2]) end
  if tonumber(stored[1]) > 0 then redis.call('HINCRBY', KEYS[1], 'failures', -1) end`)

const REMOVE = script(`redis.call('DEL', KEYS[1])`)

type AttemptMethods = Pick<ThreatStore, 'attempt' | 'attempts' | 'undoAttempt' | 'forgetAttempts'>

function attemptsOf(redis: RedisClient): AttemptMethods {
  const { keys } = redis
  const attempts = (count: unknown, last: string | undefined) =>
    last === undefined || last === '' ? { count: number(count) } : { count: number(count), lastAtMs: number(last) }
  return {
    attempt: async (tenant, key, forgetSeconds) => {
      const atMs = redis.nowMs()
      const values = [atMs, atMs + forgetSeconds * 1000, redis.ttl(redis.now() + forgetSeconds)]
      const [count, last] = texts(await redis.run(ATTEMPT, [keys.attempts(tenant, key)], values))
      return { before: attempts(count, last), atMs }
    },
    attempts: async (tenant, key) => {
      const stored = texts(await redis.read('hmget', keys.attempts(tenant, key), 'failures', 'last', 'ends'))
      const [count, last, ends] = stored
      return ends === undefined || number(ends) <= redis.nowMs() ? { count: 0 } : attempts(count, last)
    },
    undoAttempt: async (tenant, key, { atMs, before }) => {
      await redis.run(UNDO, [keys.attempts(tenant, key)], [atMs, before.lastAtMs ?? '', redis.nowMs()])
    },
    forgetAttempts: async (tenant, key) => {
      await redis.run(REMOVE, [keys.attempts(tenant, key)])
    },
  }
}

// The end of its window stands in a key beside the bits, in their slot.
const ADD_DISTINCT = script(`
  local ends = redis.call('GET', KEYS[2])
  if not ends or tonumber(ends) <= tonumber(ARGV[2]) then
    redis.call('DEL', KEYS[1])
    redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
    redis.call('SETBIT', KEYS[1], ARGV[1], 1)
    redis.call('EXPIRE', KEYS[1], ARGV[4])
    return 1
  end
  redis.call('SETBIT', KEYS[1], ARGV[1], 1)
  return redis.call('BITCOUNT', KEYS[1])`)

const COUNT_DISTINCT = script(`
  local ends = redis.call('GET', KEYS[2])
  if not ends or tonumber(ends) <= tonumber(ARGV[1]) then return 0 end
  return redis.call('BITCOUNT', KEYS[1])`)

function distinctOf(redis: RedisClient): Pick<ThreatStore, 'addDistinct' | 'countDistinct'> {
  const keysOf = (tenant: string, key: string) => [redis.keys.sketch(tenant, key), redis.keys.sketchEnd(tenant, key)]
  return {
    addDistinct: async (tenant, key, item, windowSeconds) => {
      const now = redis.nowMs()
      const values = [bitOf(item), now, now + windowSeconds * 1000, redis.ttl(redis.now() + windowSeconds)]
      return countOf(number(await redis.run(ADD_DISTINCT, keysOf(tenant, key), values)))
    },
    countDistinct: async (tenant, key) =>
      countOf(number(await redis.run(COUNT_DISTINCT, keysOf(tenant, key), [redis.nowMs()]))),
  }
}

const TALLY = script(`
  if tonumber(ARGV[2]) > 0 then
    redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[2])
    redis.call('EXPIRE', KEYS[1], ARGV[4])
  end
  local oldest = tonumber(ARGV[1]) - tonumber(ARGV[3])
  local all = redis.call('HGETALL', KEYS[1])
  for index = 1, #all, 2 do
    if tonumber(all[index]) <= oldest then redis.call('HDEL', KEYS[1], all[index]) end
  end
  return all`)

function seriesOf(redis: RedisClient): Pick<ThreatStore, 'tally'> {
  return {
    tally: async (tenant, key, { bucket, bucketSeconds, keep }, hits) => {
      const values = [bucket, hits, keep, redis.ttl(redis.now() + bucketSeconds * keep)]
      const stored = texts(await redis.run(TALLY, [redis.keys.series(tenant, key)], values))
      const all = Array<number>(keep).fill(0)
      for (let index = 0; index < stored.length; index += 2) {
        const place = keep - 1 - (bucket - number(stored[index]))
        if (place >= 0 && place < keep) all[place] = number(stored[index + 1])
      }
      return all
    },
  }
}

// Fields: `n` and a digest, when the network was last seen and the how-manieth arrival that was; `place`.
const NOTE_ARRIVAL = script(`
  if redis.call('EXISTS', KEYS[2]) == 0 then return end
  local ends = redis.call('HGET', KEYS[1], 'ends')
  if ends and tonumber(ends) <= tonumber(ARGV[6]) then redis.call('DEL', KEYS[1]) end
  local order = redis.call('HINCRBY', KEYS[1], 'arrivals', 1)
  redis.call('HSET', KEYS[1], 'n' .. ARGV[1], order)
  if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'place', ARGV[2]) end
  redis.call('HSET', KEYS[1], 'ends', ARGV[3])
  redis.call('EXPIRE', KEYS[1], ARGV[4])
  local networks = {}
  local all = redis.call('HGETALL', KEYS[1])
  for index = 1, #all, 2 do
    if string.sub(all[index], 1, 1) == 'n' then networks[#networks + 1] = { all[index], tonumber(all[index + 1]) } end
  end
  table.sort(networks, function(a, b) return a[2] > b[2] end)
  for index = tonumber(ARGV[5]) + 1, #networks do redis.call('HDEL', KEYS[1], networks[index][1]) end`)

const ALL = script(`return redis.call('HGETALL', KEYS[1])`)

function placeOf(text: string): NonNullable<PresenceRecord['place']> {
  const [latitude = 0, longitude = 0, at = 0] = text.split(' ').map(Number)
  return { latitude, longitude, at }
}

function presenceOf(redis: RedisClient): Pick<ThreatStore, 'presence' | 'noteArrival'> {
  const { keys } = redis
  return {
    presence: async (tenant, sub) => {
      const stored = texts(await redis.run(ALL, [keys.presence(tenant, sub)]))
      const fields = new Map<string, string>()
      for (let index = 0; index < stored.length; index += 2) fields.set(stored[index] ?? '', stored[index + 1] ?? '')
      if (number(fields.get('ends') ?? 0) <= redis.now()) return undefined
      const networks = [...fields]
        .filter(([name]) => name.startsWith('n'))
        .toSorted(([, a], [, b]) => number(b) - number(a))
        .map(([name]) => name.slice(1))
      const place = fields.get('place')
      return { v: 1, networks, ...(place !== undefined && { place: placeOf(place) }) }
    },
    noteArrival: async (tenant, sub, { network, place, at, expiresAt }) => {
      const values = [
        network,
        place === undefined ? '' : `${place.latitude} ${place.longitude} ${at}`,
        expiresAt,
        redis.ttl(expiresAt),
        NETWORKS_REMEMBERED,
        redis.now(),
      ]
      await redis.run(NOTE_ARRIVAL, [keys.presence(tenant, sub), keys.user(tenant, sub)], values)
    },
  }
}

// Names with their ends, and a hash of what each says. Those that have ended go first, then those that end first.
const PUT_UNTIL = script(`
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
  local over = redis.call('ZRANGE', KEYS[1], 0, -1 - tonumber(ARGV[4]))
  for _, key in ipairs(over) do
    redis.call('ZREM', KEYS[1], key)
    redis.call('HDEL', KEYS[2], key)
  end
  for _, name in ipairs(KEYS) do redis.call('EXPIRE', name, math.max(redis.call('TTL', name), tonumber(ARGV[5]))) end`)

const ALL_UNTIL = script(`
  local all = {}
  local live = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'WITHSCORES')
  for index = 1, #live, 2 do
    all[#all + 1] = live[index]
    all[#all + 1] = redis.call('HGET', KEYS[2], live[index])
    all[#all + 1] = live[index + 1]
  end
  return all`)

function throttlesOf(redis: RedisClient): Pick<ThreatStore, 'throttle' | 'throttles'> {
  const keysOf = (tenant: string) => [redis.keys.throttles(tenant), redis.keys.throttleRates(tenant)]
  return {
    throttle: async (tenant, { key, perMinute, untilMs }) => {
      const ttl = redis.ttl(Math.ceil(untilMs / 1000))
      await redis.run(PUT_UNTIL, keysOf(tenant), [key, perMinute, untilMs, MAX_THROTTLES, ttl])
    },
    throttles: async (tenant) => {
      const stored = texts(await redis.run(ALL_UNTIL, keysOf(tenant), [redis.nowMs()]))
      const all: Throttle[] = []
      for (let index = 0; index < stored.length; index += 3)
        all.push({
          key: stored[index] ?? '',
          perMinute: number(stored[index + 1]),
          untilMs: number(stored[index + 2]),
        })
      return all
    },
  }
}

function risesOf(redis: RedisClient): Pick<ThreatStore, 'noteRise' | 'rises'> {
  const keysOf = (tenant: string, { about, signal }: Pick<Rise, 'about' | 'signal'>) => [
    redis.keys.rises(tenant, about, signal),
    redis.keys.riseCounts(tenant, about, signal),
  ]
  const of = async (tenant: string, kind: (typeof RISE_KINDS)[number]): Promise<Rise[]> => {
    const stored = texts(await redis.run(ALL_UNTIL, keysOf(tenant, kind), [redis.nowMs()]))
    const all: Rise[] = []
    for (let index = 0; index < stored.length; index += 3) {
      const [count, atMs] = (stored[index + 1] ?? '').split(' ')
      const key = stored[index] ?? ''
      all.push({ ...kind, key, count: number(count), atMs: number(atMs), untilMs: number(stored[index + 2]) })
    }
    return all
  }
  return {
    noteRise: async (tenant, rise) => {
      const { key, count, atMs, untilMs } = rise
      const ttl = redis.ttl(Math.ceil(untilMs / 1000))
      await redis.run(PUT_UNTIL, keysOf(tenant, rise), [key, `${count} ${atMs}`, untilMs, MAX_RISES, ttl])
    },
    rises: async (tenant) => (await Promise.all(RISE_KINDS.map((kind) => of(tenant, kind)))).flat(),
  }
}
