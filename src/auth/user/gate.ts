/** A bounded semaphore: so many at work, so many waiting, and beyond that refusal at once. Keeps password hashing from starving the server. */

/** The queue is full; the caller answers "slow down". */
export class GateFull extends Error {
  override readonly name = 'GateFull'
}

export interface Turn {
  /** Before all who are not: their queue is one of its own, so that those who crowd the other keep nobody out of it. */
  readonly ahead: boolean
}

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

  const leave = (): void => {
    const next = ahead.shift() ?? queue.shift()
    if (next) next()
    else active -= 1
  }

  return {
    get active() {
      return active
    },
    get waiting() {
      return queue.length + ahead.length
    },
    async run(work, turn) {
      const own = turn?.ahead === true ? ahead : queue
      if (active >= limits.concurrent) {
        if (own.length >= limits.waiting) {
          limits.onRefused?.()
          throw new GateFull('too many waiting')
        }
        await new Promise<void>((resolve) => own.push(resolve))
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
