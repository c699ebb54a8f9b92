/** Starts the load client and gives it one order at a time. */
import { type ChildProcess, fork } from 'node:child_process'
import type { LoadOrder, LoadOutcome, LoadReply } from './message.ts'

/** Beyond the ordered seconds: time for the last answers and for the client to reckon. */
const OVERTIME_MS = 30_000

export interface LoadDriver {
  run(order: LoadOrder): Promise<LoadOutcome>
  stop(): void
}

export function startLoadDriver(): LoadDriver {
  const child = fork(new URL('./client.ts', import.meta.url), { env: { NODE_ENV: 'production' } })
  return {
    run: (order) => once(child, order),
    stop: () => child.kill('SIGKILL'),
  }
}

function once(child: ChildProcess, order: LoadOrder): Promise<LoadOutcome> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(late)
      child.off('message', answered)
      child.off('exit', ended)
    }
    const answered = (reply: LoadReply) => {
      done()
      if ('outcome' in reply) resolve(reply.outcome)
      else reject(new Error(reply.failure))
    }
    const ended = () => {
      done()
      reject(new Error('the load client ended'))
    }
    const late = setTimeout(ended, order.seconds * 1000 + OVERTIME_MS)
    child.on('message', answered)
    child.on('exit', ended)
    child.send(order)
  })
}
