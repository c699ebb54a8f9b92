/**
 * What clients and users have in common in Redis: a hash with `body` and, beside it, what scripts change alone (`version`,
 * `epoch`), and an index of ids in order of creation. Numbers pass through as text: Lua's would lose digits.
 */
import type { Page } from '../port.ts'
import { decodeRecord } from '../records.ts'
import type { Written } from '../written.ts'
import { type RedisClient, script } from './client.ts'
import type { Command } from './read-batch.ts'
import { number, oneOf, texts } from './replies.ts'

interface Versioned {
  readonly v: 1
  readonly version: number
  readonly revocationEpoch: number
}

export const REVOKE_ALL = script(`
  if redis.call('EXISTS', KEYS[1]) == 0 then return 'missing' end
  redis.call('HINCRBY', KEYS[1], 'epoch', 1)
  redis.call('HINCRBY', KEYS[1], 'version', 1)
  return 'written'`)

export const written = (reply: unknown): Written => oneOf(reply, 'written', 'conflict', 'missing')

export const readVersioned = (key: string): Command => ['hmget', key, 'body', 'version', 'epoch']

/** Records by the very text that Redis answered: what is read over and over is parsed once. */
const parsed = new Map<string, Versioned>()
const MAX_PARSED = 2000

/** Takes the reply to `readVersioned`. Every reader of one state gets the same object. */
export function decodeVersioned<R extends Versioned>(reply: unknown): R | undefined {
  const [body, version, epoch] = texts(reply)
  if (body === undefined) return undefined
  const key = `${version}:${epoch}:${body}`
  const known = parsed.get(key)
  // The text is the state, and what a key holds decides of what kind it is.
  if (known !== undefined) return known as R
  const record = { ...decodeRecord<R>(body), version: number(version), revocationEpoch: number(epoch) }
  if (parsed.size >= MAX_PARSED) parsed.clear()
  parsed.set(key, record)
  return record
}

/** A record deleted between the two rounds is left out. */
export async function listVersioned<R extends Versioned>(
  redis: RedisClient,
  index: string,
  offset: number,
  limit: number,
  keyOf: (id: string) => string,
): Promise<Page<R>> {
  const [total, ids] = await redis.readTogether([
    ['zcard', index],
    limit > 0 ? ['zrange', index, offset, offset + limit - 1] : ['zrange', index, 1, 0],
  ])
  const commands = texts(ids).flatMap((id) => (id === undefined ? [] : [readVersioned(keyOf(id))]))
  const replies = commands.length === 0 ? [] : await redis.readTogether(commands)
  const records = replies.map((reply) => decodeVersioned<R>(reply)).filter((record) => record !== undefined)
  return { total: number(total), records }
}
