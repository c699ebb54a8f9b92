/**
 * Letters that wait, in memory: they hold links that no store may hold. A failed one is tried again, later each time, until
 * it is refused, worth nothing any more, or was tried often enough. Bounded: a flood of letters costs no more than the queue.
 */
import type { Clock } from '../kernel/clock.ts'
import { type Mail, type Mailer, MailRefused, type MailTransport } from './mailer.ts'

export type MailOutcome = 'sent' | 'again' | 'refused' | 'given_up' | 'late' | 'no_room'

export interface QueueOptions {
  readonly clock: Clock
  /** Waits before the second, third … attempt. */
  readonly againMs?: readonly number[]
  /** Letters that wait or are on their way. */
  readonly most?: number
  /** Letters on their way at once. */
  readonly concurrent: number
  /** For how long `close` sends on. */
  readonly closingMs?: number
  readonly onOutcome: (kind: Mail['kind'], outcome: MailOutcome, error?: unknown) => void
}

const AGAIN_MS = [1000, 5 * 1000, 30 * 1000, 2 * 60 * 1000, 10 * 60 * 1000]
const MOST = 1000
const CLOSING_MS = 5000

interface Queued {
  readonly mail: Mail
  attempts: number
}

export function queuedMailer(transport: MailTransport, options: QueueOptions): Mailer {
  const { clock, againMs = AGAIN_MS, most = MOST, concurrent, closingMs = CLOSING_MS, onOutcome } = options
  const ready: Queued[] = []
  const timers = new Map<Queued, NodeJS.Timeout>()
  let onTheirWay = 0
  let closing: PromiseWithResolvers<void> | undefined

  const size = (): number => ready.length + timers.size + onTheirWay

  function settle(queued: Queued, error: unknown): void {
    const wait = closing === undefined ? againMs[queued.attempts - 1] : undefined
    const isFinal = error instanceof MailRefused ? 'refused' : wait === undefined && 'given_up'
    onOutcome(queued.mail.kind, isFinal || 'again', error)
    if (isFinal) return
    const timer = setTimeout(() => {
      timers.delete(queued)
      ready.push(queued)
      next()
    }, wait)
    timers.set(queued, timer.unref())
  }

  async function deliver(queued: Queued): Promise<void> {
    const { mail } = queued
    if (mail.until !== undefined && clock.nowMs() >= mail.until) return onOutcome(mail.kind, 'late')
    queued.attempts += 1
    try {
      await transport.deliver(mail)
      onOutcome(mail.kind, 'sent')
    } catch (error) {
      settle(queued, error)
    }
  }

  function next(): void {
    while (onTheirWay < concurrent) {
      const queued = ready.shift()
      if (queued === undefined) break
      onTheirWay += 1
      void deliver(queued).finally(() => {
        onTheirWay -= 1
        next()
      })
    }
    if (closing !== undefined && onTheirWay === 0 && ready.length === 0) closing.resolve()
  }

  return {
    enabled: true,
    send: (mail) => {
      if (closing !== undefined || size() >= most) {
        onOutcome(mail.kind, 'no_room')
        return
      }
      ready.push({ mail, attempts: 0 })
      // After the answer of this turn: putting a letter together is work that an answer must not show.
      setImmediate(next)
    },
    close: async () => {
      closing = Promise.withResolvers<void>()
      for (const [queued, timer] of timers) {
        clearTimeout(timer)
        ready.push(queued)
      }
      timers.clear()
      const late = setTimeout(() => closing?.resolve(), closingMs)
      next()
      await closing.promise
      clearTimeout(late)
      for (const { mail } of ready.splice(0)) onOutcome(mail.kind, 'given_up')
      transport.close()
    },
  }
}
