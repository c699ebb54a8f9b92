/** What belongs to the whole platform, not to a tenant, in Redis: check record, first keys, setup credential, marks. */
import type { MarkStore, PlatformStore } from '../port.ts'
import { type RedisClient, script } from './client.ts'
import { number, oneOf, textOrNothing, texts } from './replies.ts'

const INITIALISE = script(`
  if redis.call('HSETNX', KEYS[1], 'check', ARGV[1]) == 0 then return 'already' end
  if KEYS[3] then redis.call('SET', KEYS[3], ARGV[2], 'EX', ARGV[3]) end
  for at = KEYS[3] and 4 or 2, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[at]) end
  return 'initialised'`)

const REPLACE_CHECK = script(`
  if redis.call('HGET', KEYS[1], 'check') ~= ARGV[1] then return 'conflict' end
  redis.call('HSET', KEYS[1], 'check', ARGV[2])
  return 'written'`)

/** The credential is looked up by its digest, so nothing is compared that time could tell about. */
const TAKE_SETUP = script(`
  local expires = redis.call('GET', KEYS[1])
  if not expires or tonumber(expires) <= tonumber(ARGV[1]) then return 0 end
  return redis.call('DEL', KEYS[1])`)

const RAISE = script(`
  local mark = redis.call('HMGET', KEYS[1], 'version', 'revision')
  if mark[1] then
    local stands, raised = tonumber(mark[1]), tonumber(ARGV[1])
    if stands > raised or (stands == raised and mark[2] ~= ARGV[2]) then return 'conflict' end
  end
  redis.call('HSET', KEYS[1], 'version', ARGV[1], 'revision', ARGV[2])
  return 'raised'`)

export function redisPlatform(redis: RedisClient): PlatformStore {
  const { keys } = redis
  return {
    initialise: async ({ checkRecord, signingKeys, setup }) => {
      const touched = [keys.platform(), keys.signingKeys(), ...(setup ? [keys.setup(setup.digest)] : [])]
      const setupValues = setup ? [setup.expiresAt, redis.ttl(setup.expiresAt)] : []
      const values = [checkRecord, ...setupValues, ...signingKeys.map((key) => JSON.stringify(key))]
      return oneOf(await redis.runDurably(INITIALISE, touched, values), 'initialised', 'already')
    },
    checkRecord: async () => textOrNothing(await redis.read('hget', keys.platform(), 'check')),
    replaceCheckRecord: async (expected, next) =>
      oneOf(await redis.runDurably(REPLACE_CHECK, [keys.platform()], [expected, next]), 'written', 'conflict'),
    takeSetup: async (digest, nowSeconds) =>
      number(await redis.runDurably(TAKE_SETUP, [keys.setup(digest)], [nowSeconds])) === 1,
    peekSetup: async (digest, nowSeconds) => {
      const expires = textOrNothing(await redis.read('get', keys.setup(digest)))
      return expires !== undefined && number(expires) > nowSeconds
    },
  }
}

export function redisMarks(redis: RedisClient): MarkStore {
  const { keys } = redis
  return {
    read: async (bundle) => {
      const [version, revision] = texts(await redis.read('hmget', keys.mark(bundle), 'version', 'revision'))
      return version === undefined || revision === undefined ? undefined : { version: number(version), revision }
    },
    raise: async (bundle, version, revision) =>
      oneOf(await redis.runDurably(RAISE, [keys.mark(bundle)], [version, revision]), 'raised', 'conflict'),
  }
}
