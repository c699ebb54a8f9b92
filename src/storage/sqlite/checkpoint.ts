/** Keeps the write-ahead log short from a thread of its own, so that no checkpoint's sync holds the event loop. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { EXPUNGE_MS, type Expunged } from '../port.ts'
import { checkpointThread } from './checkpoint-thread.ts'

export interface CheckpointTimes {
  /** Before the thread is started: a store opened for a moment needs none. */
  readonly afterMs: number
  readonly everyMs: number
}

const TIMES: CheckpointTimes = { afterMs: 2000, everyMs: 500 }

/** It runs one statement over and over. */
const LIMITS = { maxYoungGenerationSizeMb: 1 }

/** The writer checkpoints itself only when its log has this many pages, 64 MB: the thread is behind or gone. */
export const LAST_RESORT_PAGES = 16 * 1024

export interface Checkpoints {
  /** What was committed before is in the file, and the log is empty. What was blocked is tried on, turn by turn. */
  expunge(): Promise<Expunged>
  /** The thread has let go of the file when that resolves. */
  stop(): Promise<void>
}

export function startCheckpoints(path: string, { afterMs, everyMs } = TIMES): Checkpoints {
  let worker: Worker | undefined
  let asked = 0
  const waiting = new Map<number, () => void>()
  const start = (): Worker => {
    if (worker !== undefined) return worker
    const started = new Worker(`(${checkpointThread})()`, {
      eval: true,
      workerData: { path, everyMs },
      env: {},
      execArgv: [],
      name: 'checkpoint',
      resourceLimits: LIMITS,
    })
    started.once('error', () => {
      worker = undefined
    })
    // It was empty once after the latest that had been asked for by then.
    started.on('message', (done: number) => {
      for (const [nth, tell] of waiting) if (nth <= done) tell()
    })
    started.unref()
    worker = started
    return started
  }
  const timer = setTimeout(start, afterMs).unref()
  return {
    expunge: () =>
      new Promise((resolve) => {
        const nth = ++asked
        const answer = (expunged: Expunged) => () => {
          waiting.delete(nth)
          clearTimeout(late)
          resolve(expunged)
        }
        const late = setTimeout(answer('blocked'), EXPUNGE_MS)
        waiting.set(nth, answer('expunged'))
        start().postMessage(nth)
      }),
    stop: async () => {
      clearTimeout(timer)
      if (worker === undefined) return
      worker.ref()
      const ended = once(worker, 'exit')
      worker.postMessage('end')
      await ended
    },
  }
}
