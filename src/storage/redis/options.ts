/** Which Redis, and how it is reached. */
import type { Clock } from '../../kernel/clock.ts'
import { ConfigError } from '../../kernel/errors.ts'

/** Asked at each new connection. */
export interface RedisTls {
  readonly ca?: string | Buffer | undefined
  readonly cert?: string | Buffer | undefined
  readonly key?: string | Buffer | undefined
  readonly servername?: string
}

export interface RedisStoreOptions {
  /** `host:port`: the server; some of a cluster's nodes; or the sentinels. */
  readonly nodes: readonly string[]
  readonly mode?: 'single' | 'sentinel' | 'cluster'
  /** The name under which the sentinels know the primary. */
  readonly sentinelName?: string
  readonly sentinelUsername?: string
  readonly sentinelPassword?: string
  readonly username?: string
  readonly password?: string
  /** Present: TLS, to sentinels too. */
  readonly tls?: RedisTls
  readonly keyPrefix?: string
  /** How many replicas must confirm what happens once and what takes rights away. */
  readonly replicas?: number
  /** After this an operation is unavailable, whatever the network does. */
  readonly deadlineMs?: number
  readonly clock: Clock
  /** Told, once, of what could not be verified at start. */
  readonly onWarning?: (message: string) => void
}

export function parseNode(node: string): { host: string; port: number } {
  const colon = node.lastIndexOf(':')
  const host = node.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  const port = Number(node.slice(colon + 1))
  if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65535) {
    throw new ConfigError('a Redis node must read host:port')
  }
  return { host, port }
}
