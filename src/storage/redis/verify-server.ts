/**
 * Refuses a Redis that would forget what it was told: one that evicts keys when memory is short, and one that loses the
 * scripts' writes when it loads its append-only file. For the latter, Redis 7 (until a later release) replays each script as the
 * default user and drops it, with a line in its log only, where that user lacks permissions, as after `user default off`.
 * `user default off ~* &* +@all` is as closed, and loses nothing.
 */
import type { Redis } from 'ioredis'
import { ConfigError, StoreUnavailable } from '../../kernel/errors.ts'
import { type Connection, codeOf } from './connection.ts'
import { texts } from './replies.ts'
import { primaries } from './topology.ts'

/** Undefined when this user may not ask. */
async function allowed<T>(question: Promise<T>): Promise<T | undefined> {
  try {
    return await question
  } catch (cause) {
    if (codeOf(cause) === 'NOPERM' || codeOf(cause) === 'ERR') return undefined
    throw new StoreUnavailable(`redis: ${codeOf(cause)}`)
  }
}

async function evictionPolicy(node: Redis): Promise<string | undefined> {
  const info = await allowed(node.info('memory'))
  const told = info && /^maxmemory_policy:(\S+)/m.exec(info)?.[1]
  if (told) return told
  const reply = await allowed(node.config('GET', 'maxmemory-policy'))
  return reply === undefined ? undefined : texts(reply)[1]
}

async function verifyEviction(node: Redis): Promise<string | undefined> {
  const policy = await evictionPolicy(node)
  if (policy === undefined) return 'Redis denies INFO and CONFIG GET: see to it that maxmemory-policy is noeviction'
  if (policy === 'noeviction') return undefined
  throw new ConfigError(`Redis must run with maxmemory-policy noeviction, not ${policy}: the store may forget nothing`)
}

async function verifyReplay(node: Redis): Promise<string | undefined> {
  const info = await allowed(node.info('persistence'))
  if (info !== undefined && !/^aof_enabled:1/m.test(info)) return undefined
  const remedy = 'the default user replays the append-only file: write "user default off ~* &* +@all"'
  const rules = await allowed(node.call('ACL', 'GETUSER', 'default'))
  if (!Array.isArray(rules)) return `Redis denies ACL GETUSER: ${remedy}, or its restart loses data`
  const fieldOf = (name: string): unknown => rules[rules.indexOf(name) + 1]
  if (String(fieldOf('commands')).startsWith('+@all') && String(fieldOf('keys')).includes('~*')) return undefined
  throw new ConfigError(`Redis would lose data at its restart, since ${remedy}`)
}

/** Tells each thing that this user may not ask, once. */
export async function verifyServer(connection: Connection, onWarning?: (message: string) => void): Promise<void> {
  const nodes = primaries(connection)
  const doubts = await Promise.all(nodes.flatMap((node) => [verifyEviction(node), verifyReplay(node)]))
  for (const doubt of new Set(doubts)) if (doubt !== undefined) onWarning?.(doubt)
}
