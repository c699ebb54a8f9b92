/**
 * Works through tasks that lie in a store and are claimed with a lease: several at once, at once when woken, and else every
 * now and then, since another node may have left some. A task that fails stays claimed, and comes again when its lease ends.
 */
export interface WorkOptions<T> {
  /** How many may be under way at once, as of now; 0: none is taken up. */
  readonly atOnce: () => number
  /** Between two looks where nothing was announced. */
  readonly idleMs: number
  /** Between two looks while there is work. */
  readonly soonMs: number
  /** How many wait. A look costs next to nothing; a claim is a write. */
  readonly waiting: () => Promise<number>
  readonly claim: (limit: number) => Promise<readonly T[]>
  /** `signal`: aborted when the work is to end. */
  readonly settle: (task: T, signal: AbortSignal) => Promise<void>
  /** Of a task, or of a look for some. */
  readonly onFailure: (error: unknown, of: 'task' | 'look') => void
}

export interface Work {
  /** Looks at once. */
  wake(): void
  /** Takes up nothing more, and waits for what is under way. */
  close(): Promise<void>
}

export function workThrough<T>(options: WorkOptions<T>): Work {
  const { idleMs, soonMs } = options
  const ended = new AbortController()
  const underWay = new Set<Promise<void>>()
  let woken = Promise.withResolvers<void>()

  const settle = async (task: T): Promise<void> => {
    try {
      await options.settle(task, ended.signal)
    } catch (error) {
      options.onFailure(error, 'task')
    }
  }
  /** Takes as much as there is room for: one that is slow holds up no other. Says when to look again. */
  const takeUp = async (): Promise<number> => {
    const most = options.atOnce()
    const room = most - underWay.size
    if (room <= 0) return soonMs
    if ((await options.waiting()) === 0) return idleMs
    for (const task of await options.claim(room)) {
      const settling: Promise<void> = settle(task).finally(() => {
        // With a full house more may be due.
        if (underWay.size >= most) woken.resolve()
        underWay.delete(settling)
      })
      underWay.add(settling)
    }
    return soonMs
  }
  const run = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      woken = Promise.withResolvers()
      const asleep = woken.promise
      let sleepMs = idleMs
      try {
        sleepMs = await takeUp()
      } catch (error) {
        options.onFailure(error, 'look')
      }
      if (!ended.signal.aborted) await Promise.race([asleep, pause(sleepMs, ended.signal)])
    }
    await Promise.all(underWay)
  }
  const running = run()
  return {
    wake: () => woken.resolve(),
    close: async () => {
      ended.abort()
      woken.resolve()
      await running
    },
  }
}

/** Ends early where `signal` is aborted. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, ms).unref()
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
