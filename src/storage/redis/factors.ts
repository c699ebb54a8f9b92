/**
 * Second factors in Redis: one hash a person, in the slot of the tenant's users, so that each step is one script and they end
 * with the person. Beside the records stand the fields that scripts compare: the last step, each passkey's counter.
 */
import type { FactorStore, Factors, PasskeyRecord, TotpRecord } from '../factors.ts'
import { decodeRecord } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { keptWay, REQUIRE_KEPT } from './kept-way.ts'
import { oneOf, textOrNothing, texts } from './replies.ts'

const READ = script(`return redis.call('HGETALL', KEYS[1])`)
const ADD_TOTP = script(`
  if redis.call('EXISTS', KEYS[2]) == 0 then return 'missing' end
  if redis.call('HSETNX', KEYS[1], 'totp', ARGV[2]) == 0 then return 'conflict' end
  redis.call('HSET', KEYS[1], 'totp.sealed', ARGV[3], 'totp.step', '0')
  redis.call('ZADD', KEYS[3], 0, ARGV[1])
  return 'written'`)
const REMOVE_TOTP = script(`
  redis.call('ZREM', KEYS[2], ARGV[1])
  if redis.call('HDEL', KEYS[1], 'totp') == 0 then return 'missing' end
  redis.call('HDEL', KEYS[1], 'totp.sealed', 'totp.step', 'totp.used')
  return 'written'`)
const USE_STEP = script(`
  local stored = redis.call('HMGET', KEYS[1], 'totp.sealed', 'totp.step')
  if stored[1] ~= ARGV[1] then return 'missing' end
  if tonumber(stored[2]) >= tonumber(ARGV[2]) then return 'replayed' end
  redis.call('HSET', KEYS[1], 'totp.step', ARGV[2], 'totp.used', ARGV[3])
  return 'used'`)
const RESEAL = script(`
  local stored = redis.call('HGET', KEYS[1], 'totp.sealed')
  if not stored then return 'missing' end
  if stored ~= ARGV[1] then return 'conflict' end
  redis.call('HSET', KEYS[1], 'totp.sealed', ARGV[2])
  return 'written'`)
const ADD_PASSKEY = script(`
  if redis.call('EXISTS', KEYS[3]) == 0 then return 'missing' end
  if redis.call('HSETNX', KEYS[2], ARGV[2], ARGV[1]) == 0 then return 'conflict' end
  redis.call('HSET', KEYS[1], 'passkey:' .. ARGV[2], ARGV[3], 'counter:' .. ARGV[2], ARGV[4],
    'backed_up:' .. ARGV[2], ARGV[5], 'name:' .. ARGV[2], ARGV[6])
  return 'written'`)
const USE_PASSKEY = script(`
  local stored = redis.call('HGET', KEYS[1], 'counter:' .. ARGV[1])
  if not stored then return 'missing' end
  local last, counter = tonumber(stored), tonumber(ARGV[2])
  if (counter > 0 or last > 0) and counter <= last then return 'regressed' end
  redis.call('HSET', KEYS[1], 'counter:' .. ARGV[1], ARGV[2], 'backed_up:' .. ARGV[1], ARGV[3], 'used:' .. ARGV[1], ARGV[4])
  return 'used'`)
const RENAME_PASSKEY = script(`
  if redis.call('HEXISTS', KEYS[1], 'passkey:' .. ARGV[1]) == 0 then return 'missing' end
  redis.call('HSET', KEYS[1], 'name:' .. ARGV[1], ARGV[2])
  return 'written'`)
const REMOVE_PASSKEY = script(`${REQUIRE_KEPT}
  if redis.call('HDEL', KEYS[1], 'passkey:' .. ARGV[1]) == 0 then return 'missing' end
  for _, part in ipairs({'counter:', 'backed_up:', 'name:', 'used:'}) do redis.call('HDEL', KEYS[1], part .. ARGV[1]) end
  redis.call('HDEL', KEYS[2], ARGV[1])
  return 'written'`)
const REPLACE_CODES = script(`
  if redis.call('EXISTS', KEYS[2]) == 0 then return 'missing' end
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if string.sub(field, 1, 5) == 'code:' then redis.call('HDEL', KEYS[1], field) end
  end
  for _, digest in ipairs(ARGV) do redis.call('HSET', KEYS[1], 'code:' .. digest, '1') end
  return 'written'`)
const USE_CODE = script(`return redis.call('HDEL', KEYS[1], 'code:' .. ARGV[1]) == 1 and 'used' or 'missing'`)

type Fields = ReadonlyMap<string, string>

function toFields(reply: unknown): Fields {
  const all = texts(reply)
  const fields = new Map<string, string>()
  for (let index = 0; index < all.length; index += 2) fields.set(all[index] ?? '', all[index + 1] ?? '')
  return fields
}

const lastUsed = (at: string | undefined) => (at === undefined ? {} : { lastUsedAt: Number(at) })

function toPasskey(fields: Fields, credentialId: string): PasskeyRecord | undefined {
  const body = fields.get(`passkey:${credentialId}`)
  if (body === undefined) return undefined
  return {
    ...decodeRecord<PasskeyRecord>(body),
    counter: Number(fields.get(`counter:${credentialId}`)),
    backedUp: fields.get(`backed_up:${credentialId}`) === '1',
    name: fields.get(`name:${credentialId}`) ?? '',
    ...lastUsed(fields.get(`used:${credentialId}`)),
  }
}

function toFactors(fields: Fields): Factors {
  const [totp, names] = [fields.get('totp'), [...fields.keys()]]
  const passkeys = names
    .filter((name) => name.startsWith('passkey:'))
    .map((name) => toPasskey(fields, name.slice('passkey:'.length)))
    .filter((passkey) => passkey !== undefined)
  return {
    ...(totp !== undefined && {
      totp: {
        ...decodeRecord<TotpRecord>(totp),
        sealed: fields.get('totp.sealed') ?? '',
        ...lastUsed(fields.get('totp.used')),
      },
    }),
    passkeys: passkeys.toSorted((a, b) => a.createdAt - b.createdAt || (a.credentialId < b.credentialId ? -1 : 1)),
    recoveryCodes: names.filter((name) => name.startsWith('code:')).length,
  }
}

const written = (reply: unknown) => oneOf(reply, 'written', 'conflict', 'missing')
const removed = (reply: unknown) => oneOf(reply, 'written', 'missing')

export function redisFactors(redis: RedisClient): FactorStore {
  const { keys } = redis
  const fieldsOf = async (tenant: string, sub: string): Promise<Fields> =>
    toFields(await redis.run(READ, [keys.factors(tenant, sub)]))
  return {
    of: async (tenant, sub) => toFactors(await fieldsOf(tenant, sub)),
    totp: totpOf(redis),
    passkeys: passkeysIn(redis, fieldsOf),
    recoveryCodes: {
      replace: async (tenant, sub, digests) => {
        const touched = [keys.factors(tenant, sub), keys.user(tenant, sub)]
        return removed(await redis.runDurably(REPLACE_CODES, touched, digests))
      },
      use: async (tenant, sub, digest) =>
        oneOf(await redis.runDurably(USE_CODE, [keys.factors(tenant, sub)], [digest]), 'used', 'missing'),
    },
  }
}

function totpOf(redis: RedisClient): FactorStore['totp'] {
  const { keys } = redis
  return {
    // What is sealed lies in its field alone: it moves to another envelope key.
    add: async (tenant, sub, { sealed, ...rest }) => {
      const touched = [keys.factors(tenant, sub), keys.user(tenant, sub), keys.totpIndex(tenant)]
      return written(await redis.runDurably(ADD_TOTP, touched, [sub, JSON.stringify(rest), sealed]))
    },
    remove: async (tenant, sub) =>
      removed(await redis.runDurably(REMOVE_TOTP, [keys.factors(tenant, sub), keys.totpIndex(tenant)], [sub])),
    useStep: async (tenant, sub, { sealed, step, usedAt }) => {
      const reply = await redis.runDurably(USE_STEP, [keys.factors(tenant, sub)], [sealed, step, usedAt])
      return oneOf(reply, 'used', 'replayed', 'missing')
    },
    reseal: async (tenant, sub, before, sealed) =>
      written(await redis.runDurably(RESEAL, [keys.factors(tenant, sub)], [before, sealed])),
    list: async (tenant, after, limit) => {
      const from = after === '' ? '-' : `(${after}`
      const range = [keys.totpIndex(tenant), from, '+', 'BYLEX', 'LIMIT', 0, limit] as const
      const subs = texts(await redis.read('zrange', ...range)).filter((sub) => sub !== undefined)
      const sealed = await redis.readTogether(subs.map((sub) => ['hget', keys.factors(tenant, sub), 'totp.sealed']))
      return subs.map((sub, index) => ({ sub, sealed: textOrNothing(sealed[index]) ?? '' }))
    },
  }
}

function passkeysIn(
  redis: RedisClient,
  fieldsOf: (tenant: string, sub: string) => Promise<Fields>,
): FactorStore['passkeys'] {
  const { keys } = redis
  const owner = async (tenant: string, credentialId: string): Promise<string | undefined> =>
    textOrNothing(await redis.read('hget', keys.passkeyIndex(tenant), credentialId))
  return {
    add: async (tenant, passkey) => {
      const { sub, credentialId, counter, backedUp, name } = passkey
      const touched = [keys.factors(tenant, sub), keys.passkeyIndex(tenant), keys.user(tenant, sub)]
      const values = [sub, credentialId, JSON.stringify(passkey), counter, backedUp ? '1' : '0', name]
      return written(await redis.runDurably(ADD_PASSKEY, touched, values))
    },
    find: async (tenant, credentialId) => {
      const sub = await owner(tenant, credentialId)
      return sub === undefined ? undefined : toPasskey(await fieldsOf(tenant, sub), credentialId)
    },
    use: async (tenant, credentialId, { counter, backedUp, usedAt }) => {
      const sub = await owner(tenant, credentialId)
      if (sub === undefined) return 'missing'
      const values = [credentialId, counter, backedUp ? '1' : '0', usedAt]
      const reply = await redis.runDurably(USE_PASSKEY, [keys.factors(tenant, sub)], values)
      return oneOf(reply, 'used', 'regressed', 'missing')
    },
    rename: async (tenant, sub, credentialId, name) =>
      removed(await redis.run(RENAME_PASSKEY, [keys.factors(tenant, sub)], [credentialId, name])),
    remove: async (tenant, sub, credentialId, kept) => {
      const must = keptWay(redis, tenant, sub, kept)
      const touched = [keys.factors(tenant, sub), keys.passkeyIndex(tenant), ...must.key]
      return written(await redis.runDurably(REMOVE_PASSKEY, touched, [credentialId, ...must.field]))
    },
  }
}
