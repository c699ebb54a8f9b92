/** Sessions, interactions and consents in Redis: what is put under a key until it expires. */
import type { ConsentStore, InteractionStore, SessionStore } from '../port.ts'
import { type ConsentRecord, decodeRecord, type InteractionRecord, type SessionRecord } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { oneOf, textOrNothing } from './replies.ts'

const PUT = script(`redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])`)
const REPLACE = script(`
  local stored = redis.call('GET', KEYS[1])
  if not stored or cjson.decode(stored).expiresAt <= tonumber(ARGV[3]) then return 'missing' end
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
  return 'written'`)
const DELETE = script(`redis.call('DEL', KEYS[1])`)
const TAKE = script(`return redis.call('GETDEL', KEYS[1])`)

/** Consents of a person share a hash that lives as long as the longest; each field carries the client's incarnation. */
const PUT_CONSENT = script(`
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  if redis.call('TTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('EXPIRE', KEYS[1], ARGV[3]) end`)
const DELETE_CONSENT = script(`redis.call('HDEL', KEYS[1], ARGV[1])`)

function decodeLive<R extends { readonly v: 1; readonly expiresAt: number }>(
  redis: RedisClient,
  text: string | undefined,
): R | undefined {
  const record = text === undefined ? undefined : decodeRecord<R>(text)
  return record !== undefined && record.expiresAt > redis.now() ? record : undefined
}

export function redisSessions(redis: RedisClient): SessionStore {
  const { keys } = redis
  return {
    put: async (tenant, digest, session) => {
      const values = [JSON.stringify(session), redis.ttl(session.expiresAt)]
      await redis.run(PUT, [keys.session(tenant, digest)], values)
    },
    find: async (tenant, digest) =>
      decodeLive<SessionRecord>(redis, textOrNothing(await redis.read('get', keys.session(tenant, digest)))),
    delete: async (tenant, digest) => {
      await redis.runDurably(DELETE, [keys.session(tenant, digest)])
    },
  }
}

export function redisInteractions(redis: RedisClient): InteractionStore {
  const { keys } = redis
  const decode = (reply: unknown) => decodeLive<InteractionRecord>(redis, textOrNothing(reply))
  return {
    put: async (tenant, digest, interaction) => {
      const values = [JSON.stringify(interaction), redis.ttl(interaction.expiresAt)]
      await redis.run(PUT, [keys.interaction(tenant, digest)], values)
    },
    find: async (tenant, digest) => decode(await redis.read('get', keys.interaction(tenant, digest))),
    replace: async (tenant, digest, interaction) => {
      const values = [JSON.stringify(interaction), redis.ttl(interaction.expiresAt), redis.now()]
      return oneOf(await redis.run(REPLACE, [keys.interaction(tenant, digest)], values), 'written', 'missing')
    },
    take: async (tenant, digest) => decode(await redis.runDurably(TAKE, [keys.interaction(tenant, digest)])),
  }
}

export function redisConsents(redis: RedisClient): ConsentStore {
  const { keys } = redis
  const incarnation = (reply: unknown): string => textOrNothing(reply) ?? ''
  return {
    find: async (tenant, sub, clientId) => {
      const [consent, client] = await redis.readTogether([
        ['hget', keys.consents(tenant, sub), clientId],
        ['hget', keys.client(tenant, clientId), 'incarnation'],
      ])
      const [, given, text] = /^([^:]*):(.*)$/s.exec(textOrNothing(consent) ?? '') ?? []
      return given === incarnation(client) ? decodeLive<ConsentRecord>(redis, text) : undefined
    },
    put: async (tenant, sub, clientId, consent) => {
      const client = incarnation(await redis.read('hget', keys.client(tenant, clientId), 'incarnation'))
      const values = [clientId, `${client}:${JSON.stringify(consent)}`, redis.ttl(consent.expiresAt)]
      await redis.run(PUT_CONSENT, [keys.consents(tenant, sub)], values)
    },
    delete: async (tenant, sub, clientId) => {
      await redis.runDurably(DELETE_CONSENT, [keys.consents(tenant, sub)], [clientId])
    },
  }
}
