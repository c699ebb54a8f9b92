/** A bounded semaphore: so many at work, so many waiting, and beyond that refusal at once. Keeps password hashing from starving the server. */

/** The queue is full; the caller answers "slow down". */
export class GateFull extends Error {
  override readonly name = 'GateFull'
}

export interface Turn {
  /** Before all who are not: their queue is one of its own, so that those who crowd the other keep nobody out of it. */
  readonly ahead: boolean
  /** Whose it is: of one no more than a few wait ahead, the rest with everybody else. */
  readonly of?: string | undefined
}

/** More than a person needs who types one password at a time. */
const AHEAD_OF_ONE = 2

export interface Gate {
  /** Runs `work` when a place is free; rejects with GateFull when the queue is full already. */
  run<T>(work: () => Promise<T>, turn?: Turn): Promise<T>
  readonly active: number
  readonly waiting: number
}

export interface GateLimits {
  readonly concurrent: number
  readonly waiting: number
  /** Told of each refusal. */
  readonly onRefused?: () => void
}

export function createGate(limits: GateLimits): Gate {
  let active = 0
  const queue: (() => void)[] = []
  const ahead: (() => void)[] = []
  const waitingOf = new Map<string, number>()

  const leave = (): void => {
    const next = ahead.shift() ?? queue.shift()
    if (next) next()
    else active -= 1
  }

  /** Waits ahead until a place is free. */
  async function waitAhead(of: string): Promise<void> {
    waitingOf.set(of, (waitingOf.get(of) ?? 0) + 1)
    await new Promise<void>((resolve) => ahead.push(resolve))
    const left = (waitingOf.get(of) ?? 1) - 1
    if (left > 0) waitingOf.set(of, left)
    else waitingOf.delete(of)
  }

  return {
    get active() {
      return active
    },
    get waiting() {
      return queue.length + ahead.length
    },
    async run(work, turn) {
      const of = turn?.of ?? ''
      const goesAhead = turn?.ahead === true && (of === '' || (waitingOf.get(of) ?? 0) < AHEAD_OF_ONE)
      const own = goesAhead ? ahead : queue
      if (active >= limits.concurrent) {
        if (own.length >= limits.waiting) {
          limits.onRefused?.()
          throw new GateFull('too many waiting')
        }
        await (goesAhead ? waitAhead(of) : new Promise<void>((resolve) => queue.push(resolve)))
      } else {
        active += 1
      }
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}
