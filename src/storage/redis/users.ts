/**
 * Users in Redis. Names are one hash of a tenant (name → sub), and so are verified addresses, in the slot of its users, so that each
 * step is one script.
 */
import type { UserStore } from '../port.ts'
import { type UserRecord, userNameKey } from '../records.ts'
import { emailKey, verifiedEmailKey } from '../verified-email.ts'
import { type RedisClient, script } from './client.ts'
import { endDeviceGrantsOf } from './device-grants.ts'
import { indexEmails } from './index-emails.ts'
import { dropPointers } from './one-use.ts'
import { oneOf, textOrNothing } from './replies.ts'
import { endInteractionsOf } from './sessions.ts'
import { decodeVersioned, listVersioned, REVOKE_ALL, readVersioned, written } from './versioned.ts'

/** Whether somebody else has the address. */
const EMAIL_TAKEN = `
  local function email_taken(emails, email, sub)
    local holder = email ~= '' and redis.call('HGET', emails, email)
    return holder and holder ~= sub
  end`

/** KEYS: the person, names, e-mail addresses, index, sequence. ARGV: sub, name, e-mail address or '', body, version, epoch, active. */
export const CREATE_USER = `
  ${EMAIL_TAKEN}
  if email_taken(KEYS[3], ARGV[3], ARGV[1]) then return 'email_taken' end
  if redis.call('EXISTS', KEYS[1]) == 1 then return 'conflict' end
  if redis.call('HSETNX', KEYS[2], ARGV[2], ARGV[1]) == 0 then return 'conflict' end
  if ARGV[3] ~= '' then redis.call('HSET', KEYS[3], ARGV[3], ARGV[1]) end
  redis.call('HSET', KEYS[1], 'body', ARGV[4], 'version', ARGV[5], 'epoch', ARGV[6], 'active', ARGV[7],
    'name', ARGV[2], 'email', ARGV[3])
  redis.call('ZADD', KEYS[4], redis.call('INCR', KEYS[5]), ARGV[1])
  return 'written'`

const CREATE = script(CREATE_USER)

/** KEYS: the person, names, e-mail addresses. ARGV: sub, expected version, then as above. */
const REPLACE = script(`
  ${EMAIL_TAKEN}
  local stored = redis.call('HMGET', KEYS[1], 'version', 'epoch', 'active', 'name', 'email')
  local name, email = ARGV[3], ARGV[4]
  if not stored[1] then return 'missing' end
  if stored[1] ~= ARGV[2] then return 'conflict' end
  local taken = email_taken(KEYS[3], email, ARGV[1])
  if taken and stored[5] then return 'email_taken' end
  if stored[4] ~= name then
    if redis.call('HSETNX', KEYS[2], name, ARGV[1]) == 0 then return 'conflict' end
    redis.call('HDEL', KEYS[2], stored[4])
  end
  -- Written before addresses were indexed, and proven by another since: found by it no more, but written.
  if not taken then
    if stored[5] and stored[5] ~= '' and stored[5] ~= email then redis.call('HDEL', KEYS[3], stored[5]) end
    if email ~= '' then redis.call('HSET', KEYS[3], email, ARGV[1]) end
    redis.call('HSET', KEYS[1], 'email', email)
  end
  if stored[3] == '1' and ARGV[8] == '0' then redis.call('HINCRBY', KEYS[1], 'epoch', 1) end
  if tonumber(ARGV[7]) > tonumber(redis.call('HGET', KEYS[1], 'epoch')) then
    redis.call('HSET', KEYS[1], 'epoch', ARGV[7])
  end
  redis.call('HSET', KEYS[1], 'body', ARGV[5], 'version', ARGV[6], 'active', ARGV[8], 'name', name)
  return 'written'`)

const DELETE = script(`
  local name, email = unpack(redis.call('HMGET', KEYS[1], 'name', 'email'))
  if not name then return 'missing' end
  redis.call('HDEL', KEYS[2], name)
  if email and email ~= '' then redis.call('HDEL', KEYS[9], email) end
  redis.call('ZREM', KEYS[3], ARGV[1])
  for _, key in ipairs(redis.call('HKEYS', KEYS[5])) do redis.call('HDEL', KEYS[4], key) end
  for _, field in ipairs(redis.call('HKEYS', KEYS[6])) do
    if string.sub(field, 1, 8) == 'passkey:' then redis.call('HDEL', KEYS[7], string.sub(field, 9)) end
  end
  redis.call('ZREM', KEYS[8], ARGV[1])
  local oneUse = redis.call('HKEYS', KEYS[11])
  redis.call('DEL', KEYS[1], KEYS[5], KEYS[6], unpack(KEYS, 10))
  return oneUse`)

/** What `CREATE_USER` takes. */
export const valuesOfNewUser = (user: UserRecord): readonly (string | number)[] => [
  ...[user.sub, userNameKey(user.userName), verifiedEmailKey(user) ?? ''],
  ...[JSON.stringify(user), user.version, user.revocationEpoch, user.active ? '1' : '0'],
]

/** Of a verified address, else of a user name: both are read, whoever is found. Who has proven it is who it means. */
export async function subOfSignInName(redis: RedisClient, tenant: string, name: string): Promise<string | undefined> {
  const { keys } = redis
  const [named, proven] = await redis.readTogether([
    ['hget', keys.userNames(tenant), userNameKey(name)],
    ['hget', keys.userEmails(tenant), emailKey(name)],
  ])
  return textOrNothing(proven) ?? textOrNothing(named)
}

export function redisUsers(redis: RedisClient): UserStore {
  const { keys } = redis
  const find = async (tenant: string, sub: string): Promise<UserRecord | undefined> =>
    decodeVersioned<UserRecord>(await redis.read(...readVersioned(keys.user(tenant, sub))))
  const keysOf = (user: UserRecord) => [userNameKey(user.userName), verifiedEmailKey(user) ?? ''] as const
  /** Nobody has the empty one: it is read all the same, so that an unknown name is as much work as a known one. */
  const heldBy = async (tenant: string, sub: string | undefined, holds: (user: UserRecord) => boolean) => {
    const user = await find(tenant, sub ?? '')
    // Between the two reads the person may have taken another.
    return user !== undefined && holds(user) ? user : undefined
  }

  return {
    find,
    findByUserName: async (tenant, userName) => {
      const name = userNameKey(userName)
      const sub = textOrNothing(await redis.read('hget', keys.userNames(tenant), name))
      return heldBy(tenant, sub, (user) => userNameKey(user.userName) === name)
    },
    findByVerifiedEmail: async (tenant, address) => {
      const email = emailKey(address)
      const sub = textOrNothing(await redis.read('hget', keys.userEmails(tenant), email))
      return heldBy(tenant, sub, (user) => verifiedEmailKey(user) === email)
    },
    findBySignInName: async (tenant, name) =>
      heldBy(tenant, await subOfSignInName(redis, tenant, name), (user) =>
        [userNameKey(name), emailKey(name)].some((key, index) => keysOf(user)[index] === key),
      ),
    create: async (tenant, user) => {
      const touched = [keys.user(tenant, user.sub), keys.userNames(tenant), keys.userEmails(tenant)]
      const index = [keys.userIndex(tenant), keys.userSequence(tenant)]
      const written = await redis.run(CREATE, [...touched, ...index], valuesOfNewUser(user))
      return oneOf(written, 'written', 'conflict', 'email_taken')
    },
    replace: async (tenant, user, expectedVersion) => {
      const version = Math.max(user.version, expectedVersion + 1)
      const touched = [keys.user(tenant, user.sub), keys.userNames(tenant), keys.userEmails(tenant)]
      const values = [user.sub, expectedVersion, ...keysOf(user), JSON.stringify(user), version]
      const state = [user.revocationEpoch, user.active ? '1' : '0']
      const written = await redis.runDurably(REPLACE, touched, [...values, ...state])
      return oneOf(written, 'written', 'conflict', 'missing', 'email_taken')
    },
    delete: async (tenant, sub) => {
      const touched = [keys.user(tenant, sub), keys.userNames(tenant), keys.userIndex(tenant)]
      const identities = [keys.identities(tenant), keys.identitiesOf(tenant, sub)]
      const factors = [keys.factors(tenant, sub), keys.passkeyIndex(tenant), keys.totpIndex(tenant)]
      const hanging = [
        ...identities,
        ...factors,
        keys.userEmails(tenant),
        keys.consents(tenant, sub),
        keys.oneUseOf(tenant, sub),
        keys.devices(tenant, sub),
        keys.presence(tenant, sub),
        keys.activity(tenant, sub, 'done'),
        keys.activity(tenant, sub, 'refused'),
      ]
      // What names the person in slots of its own goes first: a deletion that was cut short can be done again.
      await Promise.all([endInteractionsOf(redis, tenant, sub), endDeviceGrantsOf(redis, tenant, sub)])
      const reply = await redis.runDurably(DELETE, [...touched, ...hanging], [sub])
      if (!Array.isArray(reply)) return written(reply)
      await dropPointers(redis, tenant, reply)
      return 'written'
    },
    indexEmails: (tenant) => indexEmails(redis, tenant),
    list: (tenant, offset, limit) =>
      listVersioned<UserRecord>(redis, keys.userIndex(tenant), offset, limit, (sub) => keys.user(tenant, sub)),
    revokeAll: async (tenant, sub) => written(await redis.runDurably(REVOKE_ALL, [keys.user(tenant, sub)])),
  }
}
