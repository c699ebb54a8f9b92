/**
 * Reads that are asked for in one turn of the event loop, sent in one write: a system call costs more than the command
 * that it carries. One deadline for the batch; one reply that is an error fails only who asked for it.
 */
import { StoreUnavailable } from '../../kernel/errors.ts'
import type { Connection } from './connection.ts'

export type Argument = string | number
/** A read. */
export type Command = readonly [
  name: 'get' | 'hget' | 'hmget' | 'zrange' | 'zcard' | 'hgetall' | 'hvals' | 'lrange' | 'smembers',
  ...Argument[],
]

interface Asked {
  readonly commands: readonly Command[]
  readonly resolve: (replies: readonly unknown[]) => void
  readonly reject: (cause: unknown) => void
}

/** Runs within a deadline; every failure is a StoreUnavailable. */
type Bounded = <T>(run: () => Promise<T>) => Promise<T>

export class ReadBatch {
  readonly #connection: Connection
  readonly #bounded: Bounded
  #asked: Asked[] = []

  constructor(connection: Connection, bounded: Bounded) {
    this.#connection = connection
    this.#bounded = bounded
  }

  read(commands: readonly Command[]): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      // After the sockets of this turn were read: whatever they ask for comes along.
      if (this.#asked.push({ commands, resolve, reject }) === 1) setImmediate(() => this.#send())
    })
  }

  #send(): void {
    const asked = this.#asked
    this.#asked = []
    const pipeline = this.#connection.pipeline()
    for (const { commands } of asked) for (const [name, ...args] of commands) pipeline.call(name, ...args)
    const exec = () => pipeline.exec()
    this.#bounded(exec).then(
      (replies) => {
        if (replies === null) return refuse(asked, new StoreUnavailable('redis: no reply'))
        let next = 0
        for (const one of asked) {
          const end = next + one.commands.length
          settle(one, replies.slice(next, end))
          next = end
        }
      },
      (cause: unknown) => refuse(asked, cause),
    )
  }
}

type Replies = readonly (readonly [error: Error | null, result: unknown])[]

function settle({ resolve, reject }: Asked, replies: Replies): void {
  const failed = replies.find(([error]) => error !== null)
  if (failed === undefined) resolve(replies.map(([, result]) => result))
  else reject(failed[0])
}

function refuse(asked: readonly Asked[], cause: unknown): void {
  for (const { reject } of asked) reject(cause)
}
