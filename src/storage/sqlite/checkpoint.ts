/** Keeps the write-ahead log short from a thread of its own, so that no checkpoint's sync holds the event loop. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
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

/** Answers how to stop; the thread has let go of the file when that resolves. */
export function startCheckpoints(path: string, { afterMs, everyMs } = TIMES): () => Promise<void> {
  let worker: Worker | undefined
  const start = (): void => {
    worker = new Worker(`(${checkpointThread})()`, {
      eval: true,
      workerData: { path, everyMs },
      env: {},
      execArgv: [],
      name: 'checkpoint',
      resourceLimits: LIMITS,
    })
    worker.once('error', () => {
      worker = undefined
    })
    worker.unref()
  }
  const timer = setTimeout(start, afterMs).unref()
  return async () => {
    clearTimeout(timer)
    if (worker === undefined) return
    worker.ref()
    const ended = once(worker, 'exit')
    worker.postMessage('end')
    await ended
  }
}
