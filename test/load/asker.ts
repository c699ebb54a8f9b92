/**
 * The questions on a thread of their own: what else is measured meanwhile must not wait for them. Runs itself as that
 * thread.
 */
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { MarkedBundle } from './marked-policies.ts'
import { type Asked, Questions } from './questions.ts'

interface Start {
  readonly origin: string
  readonly marks: ReadonlyMap<string, string>
}

type Order = { readonly ceilingFor: number } | { readonly perSecond: number; readonly seconds: number }

export interface Asker {
  /** Answers a second with every connection busy. */
  ceiling(seconds: number): Promise<number>
  /** Those of the ceiling included, but for the latencies. */
  steadily(perSecond: number, seconds: number): Promise<Asked>
  close(): Promise<void>
}

export function startAsker(origin: string, bundles: readonly MarkedBundle[]): Asker {
  const marks = new Map(bundles.map(({ revision, mark }) => [revision, mark]))
  const worker = new Worker(new URL(import.meta.url), { workerData: { origin, marks } satisfies Start })
  const ask = async (order: Order): Promise<unknown> => {
    worker.postMessage(order)
    const [answer]: unknown[] = await once(worker, 'message')
    return answer
  }
  return {
    ceiling: async (seconds) => Number(await ask({ ceilingFor: seconds })),
    steadily: async (perSecond, seconds) => (await ask({ perSecond, seconds })) as Asked,
    close: async () => void (await worker.terminate()),
  }
}

if (!isMainThread && parentPort !== null && isStart(workerData)) {
  const port = parentPort
  const questions = new Questions(workerData.origin, workerData.marks)
  const obey = async (order: Order): Promise<void> => {
    if ('ceilingFor' in order) return port.postMessage(await questions.ceiling(order.ceilingFor))
    questions.asked.latenciesMs.length = 0
    await questions.steadily(order.perSecond, order.seconds)
    port.postMessage(questions.asked)
  }
  port.on('message', (order: Order) => void obey(order))
}

function isStart(data: unknown): data is Start {
  return typeof data === 'object' && data !== null && 'origin' in data && 'marks' in data
}
