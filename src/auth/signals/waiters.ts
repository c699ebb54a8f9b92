/** Polls that wait for an event, RFC 8936 2.2. A few for each stream: who asks once more is answered at once. */
import { pause } from '../../kernel/work-through.ts'

export interface Waiters {
  /**
   * Looks, and looks again whenever the queue is woken, until there is something or the time is over. What another node
   * brings is seen within a second.
   */
  until<T>(queue: string, look: () => Promise<T | undefined>): Promise<T | undefined>
  wake(queue: string): void
  /** Nobody waits any more, now or later. */
  release(): void
}

const AT_ONCE_EACH = 4
const LOOK_EVERY_MS = 1_000

export function waiters(longestMs: number): Waiters {
  const asleep = new Map<string, Set<AbortController>>()
  let released = false

  const sleep = async (queue: string, own: Set<AbortController>, ms: number): Promise<void> => {
    const woken = new AbortController()
    own.add(woken)
    asleep.set(queue, own)
    await pause(ms, woken.signal)
    own.delete(woken)
    if (own.size === 0) asleep.delete(queue)
  }
  const wakeAll = (own: Iterable<AbortController> = []) => {
    for (const woken of own) woken.abort()
  }
  return {
    until: async (queue, look) => {
      const endsAt = performance.now() + longestMs
      for (;;) {
        const found = await look()
        const leftMs = endsAt - performance.now()
        const own = asleep.get(queue) ?? new Set()
        if (found !== undefined || released || leftMs <= 0 || own.size >= AT_ONCE_EACH) return found
        await sleep(queue, own, Math.min(leftMs, LOOK_EVERY_MS))
      }
    },
    wake: (queue) => wakeAll(asleep.get(queue)),
    release: () => {
      released = true
      for (const own of asleep.values()) wakeAll(own)
    },
  }
}
