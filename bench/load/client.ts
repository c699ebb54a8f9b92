/** The load client: a process of its own, so that its work never counts as the server's. Keep-alive, fixed concurrency. */
import { Pool } from 'undici'
import { percentile } from '../stats.ts'
import type { LoadOrder, LoadOutcome, LoadReply, LoadRequest } from './message.ts'

const ANSWER_WITHIN_MS = 10_000

async function send(pool: Pool, one: LoadRequest, expect: string): Promise<void> {
  const { method, path, headers, body } = one
  const answer = await pool.request({ method, path, headers, ...(method === 'POST' && { body }) })
  const text = await answer.body.text()
  if (answer.statusCode !== 200 || !text.includes(expect)) {
    throw new Error(`${method} ${path} answered ${answer.statusCode}, not 200 with ${expect}: ${text.slice(0, 300)}`)
  }
}

async function run(order: LoadOrder): Promise<LoadOutcome> {
  const pool = new Pool(order.origin, {
    connections: order.concurrency,
    pipelining: 1,
    headersTimeout: ANSWER_WITHIN_MS,
    bodyTimeout: ANSWER_WITHIN_MS,
  })
  const latencies: number[] = []
  let sent = 0
  const startedAt = performance.now()
  const endsAt = startedAt + order.seconds * 1000
  const user = async () => {
    while (sent < order.maxRequests && performance.now() < endsAt) {
      const one = order.requests[sent++ % order.requests.length]
      if (one === undefined) throw new Error('nothing to send')
      const before = performance.now()
      await send(pool, one, order.expect)
      latencies.push(performance.now() - before)
    }
  }
  try {
    await Promise.all(Array.from({ length: order.concurrency }, user))
    const wallSeconds = (performance.now() - startedAt) / 1000
    await pool.close()
    return {
      requests: latencies.length,
      wallSeconds,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
    }
  } catch (failure) {
    await pool.destroy()
    throw failure
  }
}

const reply = (message: LoadReply) => process.send?.(message)

process.on('disconnect', () => process.exit())
process.on('message', (order: LoadOrder) => {
  run(order).then(
    (outcome) => reply({ outcome }),
    (failure: unknown) => reply({ failure: failure instanceof Error ? failure.message : String(failure) }),
  )
})
