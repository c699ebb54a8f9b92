/**
 * Ends this process when one input takes too long: a loop without an end leaves no other way. What it was is said first.
 * The count is watched from another thread.
 */
import { Worker } from 'node:worker_threads'

const DEADLINE_MS = 30_000

const WATCH = `
const { workerData } = require('node:worker_threads')
const { writeSync } = require('node:fs')
const { turns, what, deadlineMs, pid } = workerData
let seen = -1
setInterval(() => {
  const now = Atomics.load(turns, 0)
  if (now === seen) {
    writeSync(2, 'fuzz: ' + what + ': input ' + now + ' did not end in ' + deadlineMs + ' ms\\n')
    process.kill(pid, 'SIGKILL')
  }
  seen = now
}, deadlineMs)
`

export interface Watchdog {
  /** Before each input. */
  turn(at: number): void
  stop(): Promise<void>
}

export function startWatchdog(what: string): Watchdog {
  const turns = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(WATCH, {
    eval: true,
    workerData: { turns, what, deadlineMs: DEADLINE_MS, pid: process.pid },
  })
  return {
    turn: (at) => {
      Atomics.store(turns, 0, at)
    },
    stop: async () => void (await worker.terminate()),
  }
}
