/**
 * Signals that wait for their answer: behind the requests that raised them, one after the other, tried again where policy or
 * the store is away. Bounded; what finds no room is told by metric and log. A node that stops answers those it has first.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type AnswerSignalDeps, answerSignal, recordSignal } from './answer-signal.ts'
import type { Raise, Signal } from './signal.ts'

export interface Answers {
  readonly raise: Raise
  /** Every signal so far has been answered or given up. */
  settled(): Promise<void>
  close(): Promise<void>
}

const MOST_WAITING = 1_000
const AGAIN_MS = [200, 1_000, 5_000]

export function openAnswers(
  deps: AnswerSignalDeps & { readonly onFailure: (error: unknown, signal: Signal['signal']) => void },
): Answers {
  const closing = new AbortController()
  let last: Promise<void> = Promise.resolve()
  let waiting = 0

  const answer = async (signal: Signal): Promise<void> => {
    try {
      await recordSignal(deps, signal)
      await untilDone(() => answerSignal(deps, signal), closing.signal)
    } catch (error) {
      deps.onFailure(error, signal.signal)
    } finally {
      waiting -= 1
    }
  }
  return {
    raise: (signal) => {
      if (waiting >= MOST_WAITING) return deps.onFailure(new Error('too many signals wait'), signal.signal)
      waiting += 1
      last = last.then(() => answer(signal))
    },
    settled: () => last,
    close: () => {
      closing.abort()
      return last
    },
  }
}

async function untilDone(run: () => Promise<void>, closing: AbortSignal): Promise<void> {
  for (const again of AGAIN_MS) {
    try {
      return await run()
    } catch (error) {
      if (closing.aborted) throw error
      await wait(again, undefined, { ref: false, signal: closing }).catch(() => undefined)
    }
  }
  await run()
}
