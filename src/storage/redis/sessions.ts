/** Sessions, interactions and consents in Redis: what is put under a key until it expires. */

import { type InteractionRecord, MAX_LISTED, peopleOf } from '../interaction-records.ts'
import type { ConsentStore, InteractionStore, SessionStore } from '../port.ts'
import { type ConsentRecord, decodeRecord, type SessionRecord } from '../records.ts'
import { type RedisClient, script } from './client.ts'
import { addToIndex, idsInIndex, pageOfIndex, removeFromIndex } from './expiring-index.ts'
import { textOrNothing, texts } from './replies.ts'
import { written } from './versioned.ts'

const PUT = script(`redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])`)
/** A session that goes on for longer keeps its clients for as long. */
const PUT_MARK = script(`
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
  if tonumber(ARGV[2]) > redis.call('TTL', KEYS[2]) then redis.call('EXPIRE', KEYS[2], ARGV[2]) end`)
/** KEYS: record. ARGV: record, now, the revision it was read at. */
const REPLACE_SESSION = script(`
  local text = redis.call('GET', KEYS[1])
  local stored = text and cjson.decode(text)
  if not stored or stored.expiresAt <= tonumber(ARGV[2]) then return 'missing' end
  if (stored.revision or 0) ~= tonumber(ARGV[3]) then return 'conflict' end
  redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL')
  return 'written'`)
/**
 * KEYS: record. ARGV: record without its revision, ttl, now, the revision it was read at or nothing. The revision is written onto
 * the end of the text: Lua's own JSON would lose what is empty.
 */
const REPLACE = script(`
  local text = redis.call('GET', KEYS[1])
  local stored = text and cjson.decode(text)
  if not stored or stored.expiresAt <= tonumber(ARGV[3]) then return 'missing' end
  local revision = stored.revision or 0
  if ARGV[4] ~= '' and revision ~= tonumber(ARGV[4]) then return 'conflict' end
  local body = string.sub(ARGV[1], 1, -2) .. string.format(',"revision":%d}', revision + 1)
  redis.call('SET', KEYS[1], body, 'EX', ARGV[2])
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

function readMark(reply: unknown): { readonly digest: string; readonly sub: string } | undefined {
  const text = textOrNothing(reply)
  if (text === undefined) return undefined
  const colon = text.indexOf(':')
  return { digest: text.slice(0, colon), sub: text.slice(colon + 1) }
}

/**
 * The record lies under the cookie's digest; a mark under its sid names that digest and the person, `<digest>:<sub>`, and is
 * what grants are issued against.
 * The record goes first and the mark last, so that an end that was cut short is found and done again.
 */
export function redisSessions(redis: RedisClient): SessionStore {
  const { keys } = redis
  const find = async (tenant: string, digest: string): Promise<SessionRecord | undefined> =>
    decodeLive<SessionRecord>(redis, textOrNothing(await redis.read('get', keys.session(tenant, digest))))
  const remove = async (tenant: string, digest: string): Promise<void> => {
    await redis.runDurably(DELETE, [keys.session(tenant, digest)])
  }
  const readAll = async (tenant: string, sids: readonly string[]): Promise<readonly (SessionRecord | undefined)[]> => {
    const marks = await redis.readTogether(sids.map((sid) => ['get', keys.sessionMark(tenant, sid)]))
    const digests = marks.map((mark) => readMark(mark)?.digest).filter((digest) => digest !== undefined)
    if (digests.length === 0) return []
    const bodies = await redis.readTogether(digests.map((digest) => ['get', keys.session(tenant, digest)]))
    return bodies.map((body) => decodeLive<SessionRecord>(redis, textOrNothing(body)))
  }
  return {
    put: async (tenant, digest, session) => {
      const { sid, sub, expiresAt } = session
      const ttl = redis.ttl(expiresAt)
      await Promise.all([
        addToIndex(redis, keys.sessionIndex(tenant), sid, expiresAt),
        addToIndex(redis, keys.sessionsOf(tenant, sub), sid, expiresAt),
        redis.run(
          PUT_MARK,
          [keys.sessionMark(tenant, sid), keys.sessionClients(tenant, sid)],
          [`${digest}:${sub}`, ttl],
        ),
      ])
      await redis.run(PUT, [keys.session(tenant, digest)], [JSON.stringify(session), ttl])
    },
    find,
    findById: async (tenant, sid) => (await readAll(tenant, [sid]))[0],
    replace: async (tenant, digest, session, expectedRevision) => {
      const text = JSON.stringify({ ...session, revision: expectedRevision + 1 })
      return written(
        await redis.run(REPLACE_SESSION, [keys.session(tenant, digest)], [text, redis.now(), expectedRevision]),
      )
    },
    delete: remove,
    end: async (tenant, sid) => {
      const mark = keys.sessionMark(tenant, sid)
      const first = readMark(await redis.read('get', mark))
      if (first !== undefined) await remove(tenant, first.digest)
      const last = readMark(await redis.runDurably(TAKE, [mark]))
      if (last !== undefined && last.digest !== first?.digest) await remove(tenant, last.digest)
      const sub = (last ?? first)?.sub
      await Promise.all([
        removeFromIndex(redis, keys.sessionIndex(tenant), sid),
        ...(sub === undefined ? [] : [removeFromIndex(redis, keys.sessionsOf(tenant, sub), sid)]),
      ])
    },
    clients: async (tenant, sid) =>
      texts(await redis.read('smembers', keys.sessionClients(tenant, sid))).filter((id) => id !== undefined),
    list: (tenant, { sub }, offset, limit) => {
      const index = sub === undefined ? keys.sessionIndex(tenant) : keys.sessionsOf(tenant, sub)
      return pageOfIndex(redis, index, { offset, limit }, (sids) => readAll(tenant, sids))
    },
  }
}

export function redisInteractions(redis: RedisClient): InteractionStore {
  const { keys } = redis
  const decode = (reply: unknown) => decodeLive<InteractionRecord>(redis, textOrNothing(reply))
  /** Before the record is: one that is deleted with its person is found. */
  const nameAll = (tenant: string, digest: string, interaction: InteractionRecord) =>
    Promise.all(
      peopleOf(interaction).map((sub) =>
        addToIndex(redis, keys.interactionsOf(tenant, sub), digest, interaction.expiresAt),
      ),
    )
  return {
    put: async (tenant, digest, interaction) => {
      await nameAll(tenant, digest, interaction)
      const values = [JSON.stringify(interaction), redis.ttl(interaction.expiresAt)]
      await redis.run(PUT, [keys.interaction(tenant, digest)], values)
    },
    find: async (tenant, digest) => decode(await redis.read('get', keys.interaction(tenant, digest))),
    replace: async (tenant, digest, interaction, expectedRevision) => {
      await nameAll(tenant, digest, interaction)
      const { revision: _counted, ...rest } = interaction
      const values = [JSON.stringify(rest), redis.ttl(interaction.expiresAt), redis.now(), expectedRevision ?? '']
      return written(await redis.run(REPLACE, [keys.interaction(tenant, digest)], values))
    },
    take: async (tenant, digest) => decode(await redis.runDurably(TAKE, [keys.interaction(tenant, digest)])),
    list: async (tenant, sub) => {
      const { ids } = await idsInIndex(redis, keys.interactionsOf(tenant, sub))
      if (ids.length === 0) return []
      const found = await redis.readTogether(
        ids.slice(0, MAX_LISTED).map((digest) => ['get', keys.interaction(tenant, digest)]),
      )
      return found
        .map(decode)
        .filter((interaction) => interaction !== undefined)
        .filter((interaction) => peopleOf(interaction).includes(sub))
    },
  }
}

export async function endInteractionsOf(redis: RedisClient, tenant: string, sub: string): Promise<void> {
  const index = redis.keys.interactionsOf(tenant, sub)
  const { ids } = await idsInIndex(redis, index)
  await Promise.all(ids.map((digest) => redis.runDurably(DELETE, [redis.keys.interaction(tenant, digest)])))
  await redis.runDurably(DELETE, [index])
}

export function redisConsents(redis: RedisClient): ConsentStore {
  const { keys } = redis
  const incarnation = (reply: unknown): string => textOrNothing(reply) ?? ''
  const readConsent = (consent: string | undefined, client: unknown): ConsentRecord | undefined => {
    const [, given, text] = /^([^:]*):(.*)$/s.exec(consent ?? '') ?? []
    return given === incarnation(client) ? decodeLive<ConsentRecord>(redis, text) : undefined
  }
  return {
    find: async (tenant, sub, clientId) => {
      const [consent, client] = await redis.readTogether([
        ['hget', keys.consents(tenant, sub), clientId],
        ['hget', keys.client(tenant, clientId), 'incarnation'],
      ])
      return readConsent(textOrNothing(consent), client)
    },
    put: async (tenant, sub, clientId, consent) => {
      const client = incarnation(await redis.read('hget', keys.client(tenant, clientId), 'incarnation'))
      const values = [clientId, `${client}:${JSON.stringify(consent)}`, redis.ttl(consent.expiresAt)]
      await redis.run(PUT_CONSENT, [keys.consents(tenant, sub)], values)
    },
    delete: async (tenant, sub, clientId) => {
      await redis.runDurably(DELETE_CONSENT, [keys.consents(tenant, sub)], [clientId])
    },
    list: async (tenant, sub, offset, limit) => {
      // ioredis makes an object of it.
      const stored = Object.entries(Object(await redis.read('hgetall', keys.consents(tenant, sub))))
      if (stored.length === 0) return { total: 0, records: [] }
      const incarnations = await redis.readTogether(
        stored.map(([clientId]) => ['hget', keys.client(tenant, clientId), 'incarnation']),
      )
      const live = stored.flatMap(([clientId, text], index) => {
        const consent = readConsent(textOrNothing(text), incarnations[index])
        return consent === undefined ? [] : [{ ...consent, clientId }]
      })
      const sorted = live.toSorted((a, b) => b.grantedAt - a.grantedAt || (a.clientId < b.clientId ? -1 : 1))
      return { total: sorted.length, records: sorted.slice(offset, offset + limit) }
    },
  }
}
