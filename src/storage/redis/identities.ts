/**
 * Identities in Redis. One hash of a tenant (key → sub) carries the uniqueness, in the slot of its users; one of each person
 * holds the records. Both change in one script, and end in the one that deletes the person.
 */
import { type IdentityStore, MAX_IDENTITIES_OF_PERSON } from '../port.ts'
import { decodeRecord, type IdentityRecord } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { keptWay, REQUIRE_KEPT } from './kept-way.ts'
import { oneOf, textOrNothing, texts } from './replies.ts'
import { CREATE_USER, valuesOfNewUser } from './users.ts'
import { written } from './versioned.ts'

/** KEYS: the person, all identities, the person's. ARGV: key, sub, body, most. */
const LINK = script(`
  if redis.call('EXISTS', KEYS[1]) == 0 then return 'missing' end
  if redis.call('HLEN', KEYS[3]) >= tonumber(ARGV[4]) then return 'conflict' end
  if redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[2]) == 0 then return 'conflict' end
  redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
  return 'written'`)

/** As a person is created; then KEYS: all identities, the person's. ARGV: key, body. */
const CREATE_PERSON = script(`
  if redis.call('HEXISTS', KEYS[6], ARGV[8]) == 1 then return 'conflict' end
  local function create() ${CREATE_USER} end
  local created = create()
  if created ~= 'written' then return created end
  redis.call('HSET', KEYS[6], ARGV[8], ARGV[1])
  redis.call('HSET', KEYS[7], ARGV[8], ARGV[9])
  return 'written'`)

/** KEYS: all identities, the person's, and where the way is that is kept. ARGV: key, that way. */
const UNLINK = script(`${REQUIRE_KEPT}
  if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return 'missing' end
  redis.call('HDEL', KEYS[1], ARGV[1])
  return 'written'`)

const decode = (body: string): IdentityRecord => decodeRecord<IdentityRecord>(body)

/** A hash has no order; the key settles what came in one second. */
const inOrder = (a: IdentityRecord, b: IdentityRecord): number => a.linkedAt - b.linkedAt || (a.key < b.key ? -1 : 1)

export function redisIdentities(redis: RedisClient): IdentityStore {
  const { keys } = redis
  return {
    find: async (tenant, key) => {
      const sub = textOrNothing(await redis.read('hget', keys.identities(tenant), key))
      if (sub === undefined) return undefined
      const body = textOrNothing(await redis.read('hget', keys.identitiesOf(tenant, sub), key))
      return body === undefined ? undefined : decode(body)
    },
    list: async (tenant, sub) => {
      const bodies = texts(await redis.read('hvals', keys.identitiesOf(tenant, sub)))
      return bodies.flatMap((body) => (body === undefined ? [] : [decode(body)])).sort(inOrder)
    },
    link: async (tenant, identity) => {
      const { key, sub } = identity
      const touched = [keys.user(tenant, sub), keys.identities(tenant), keys.identitiesOf(tenant, sub)]
      const values = [key, sub, JSON.stringify(identity), MAX_IDENTITIES_OF_PERSON]
      return written(await redis.runDurably(LINK, touched, values))
    },
    createPerson: async (tenant, user, identity) => {
      const { sub } = user
      const touched = [
        ...[keys.user(tenant, sub), keys.userNames(tenant), keys.userEmails(tenant)],
        ...[keys.userIndex(tenant), keys.userSequence(tenant)],
        ...[keys.identities(tenant), keys.identitiesOf(tenant, sub)],
      ]
      const values = [...valuesOfNewUser(user), identity.key, JSON.stringify(identity)]
      return oneOf(await redis.runDurably(CREATE_PERSON, touched, values), 'written', 'conflict', 'email_taken')
    },
    unlink: async (tenant, sub, key, kept) => {
      const must = keptWay(redis, tenant, sub, kept)
      const touched = [keys.identities(tenant), keys.identitiesOf(tenant, sub), ...must.key]
      return written(await redis.runDurably(UNLINK, touched, [key, ...must.field]))
    },
  }
}
