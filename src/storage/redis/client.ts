/**
 * How operations run: each within its deadline, each failure a StoreUnavailable that quotes nothing. A durable operation
 * ends with WAIT on the connection, hence the node, that wrote; those have a connection of their own, since WAIT blocks it.
 */
import { createHash } from 'node:crypto'
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { StoreUnavailable } from '../../kernel/errors.ts'
import { type Connection, codeOf, disconnect } from './connection.ts'
import type { Keys } from './keys.ts'
import { type Argument, type Command, ReadBatch } from './read-batch.ts'

export interface Script {
  readonly lua: string
  readonly sha: string
}

export const script = (lua: string): Script => ({ lua, sha: createHash('sha1').update(lua).digest('hex') })

/** Kept after its logical end, so that a node whose clock is behind still sees it; reads judge by `expiresAt`. */
const SLACK_SECONDS = 60

export interface ClientOptions {
  readonly reads: Connection
  /** The same as `reads` where no replica must confirm. */
  readonly durable: Connection
  readonly replicas: number
  readonly deadlineMs: number
  readonly keys: Keys
  readonly clock: Clock
}

export class RedisClient {
  readonly keys: Keys
  readonly #options: ClientOptions
  readonly #batch: ReadBatch
  #closed = false

  constructor(options: ClientOptions) {
    this.#options = options
    this.keys = options.keys
    this.#batch = new ReadBatch(options.reads, (run) => this.bounded(run))
  }

  now(): number {
    return epochSeconds(this.#options.clock)
  }

  nowMs(): number {
    return this.#options.clock.nowMs()
  }

  /** For EXPIRE: from our clock, never the server's; at least the slack, so that nothing ends before its reads say so. */
  ttl(expiresAt: number): number {
    return Math.max(0, Math.ceil(expiresAt - this.now())) + SLACK_SECONDS
  }

  /** One read, or one write that a failover may lose without harm. */
  run(code: Script, keys: readonly string[], args: readonly Argument[] = []): Promise<unknown> {
    return this.bounded(() => evaluate(this.#options.reads, code, keys, args))
  }

  /** What happens once, and what takes rights away: done when the replicas have it. */
  runDurably(code: Script, keys: readonly string[], args: readonly Argument[] = []): Promise<unknown> {
    const { durable, replicas, deadlineMs } = this.#options
    if (replicas === 0) return this.run(code, keys, args)
    return this.bounded(async () => {
      // One pipeline, so one connection: on another one, WAIT would confirm nothing of ours.
      const replies = await durable
        .pipeline()
        .eval(code.lua, keys.length, ...keys, ...args)
        .wait(replicas, Math.floor(deadlineMs / 2))
        .exec()
      const [value, confirmed] = unwrap(replies)
      if (typeof confirmed !== 'number' || confirmed < replicas) throw new StoreUnavailable('redis: not replicated')
      return value
    })
  }

  /** One read. */
  async read(...command: Command): Promise<unknown> {
    const [value] = await this.readTogether([command])
    return value
  }

  /** All in one round: one write to one server, or in parallel to the nodes of a cluster. */
  async readTogether(commands: readonly Command[]): Promise<readonly unknown[]> {
    const { reads } = this.#options
    if (reads.isCluster)
      return this.bounded(() => Promise.all(commands.map(([name, ...args]) => reads.call(name, args))))
    try {
      return await this.#batch.read(commands)
    } catch (cause) {
      throw cause instanceof StoreUnavailable ? cause : new StoreUnavailable(`redis: ${codeOf(cause)}`)
    }
  }

  close(): void {
    this.#closed = true
    disconnect(this.#options.reads)
    disconnect(this.#options.durable)
  }

  /** Within the deadline, and every failure as StoreUnavailable. */
  async bounded<T>(run: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreUnavailable('redis: closed')
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new StoreUnavailable('redis: late')), this.#options.deadlineMs)
    })
    try {
      return await Promise.race([run(), late])
    } catch (cause) {
      throw cause instanceof StoreUnavailable ? cause : new StoreUnavailable(`redis: ${codeOf(cause)}`)
    } finally {
      clearTimeout(timer)
    }
  }
}

async function evaluate(
  connection: Connection,
  { lua, sha }: Script,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<unknown> {
  try {
    return await connection.evalsha(sha, keys.length, ...keys, ...args)
  } catch (cause) {
    if (!(cause instanceof Error) || !cause.message.startsWith('NOSCRIPT')) throw cause
    return await connection.eval(lua, keys.length, ...keys, ...args)
  }
}

function unwrap(replies: [error: Error | null, result: unknown][] | null): unknown[] {
  if (replies === null) throw new StoreUnavailable('redis: no reply')
  return replies.map(([error, result]) => {
    if (error) throw error
    return result
  })
}
