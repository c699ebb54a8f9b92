/** Refuses a Redis that throws keys away when memory is short. */
import { Cluster, type Redis } from 'ioredis'
import { ConfigError, StoreUnavailable } from '../../kernel/errors.ts'
import { type Connection, codeOf } from './connection.ts'

/** INFO tells it, and CONFIG GET too; a user may be denied either. Undefined when denied both. */
async function evictionPolicy(node: Redis): Promise<string | undefined> {
  const denied = (cause: unknown): undefined => {
    if (codeOf(cause) === 'NOPERM' || codeOf(cause) === 'ERR') return undefined
    throw new StoreUnavailable(`redis: ${codeOf(cause)}`)
  }
  const info = await node.info('memory').catch(denied)
  const told = info && /^maxmemory_policy:(\S+)/m.exec(info)?.[1]
  if (told) return told
  const reply = await node.config('GET', 'maxmemory-policy').catch(denied)
  return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : undefined
}

export async function verifyNoEviction(connection: Connection, onWarning?: (message: string) => void): Promise<void> {
  const nodes = connection instanceof Cluster ? connection.nodes('master') : [connection]
  const policies = await Promise.all(nodes.map(evictionPolicy))
  const wrong = policies.find((policy) => policy !== undefined && policy !== 'noeviction')
  if (wrong !== undefined) {
    throw new ConfigError(`Redis must run with maxmemory-policy noeviction, not ${wrong}: the store may forget nothing`)
  }
  if (policies.includes(undefined)) {
    onWarning?.('Redis denies INFO and CONFIG GET to this user: see to it that maxmemory-policy is noeviction')
  }
}
