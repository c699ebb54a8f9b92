/** The load client: a process of its own, so that its work never counts as the server's. Keep-alive, fixed concurrency. */
import { Pool } from 'undici'
import { percentile } from '../stats.ts'
import type { Chain, LoadOrder, LoadOutcome, LoadReply, LoadRequest } from './message.ts'

const ANSWER_WITHIN_MS = 10_000

async function send(pool: Pool, one: LoadRequest, { expect, status = 200 }: LoadOrder): Promise<string> {
  const { method, path, headers, body } = one
  const answer = await pool.request({ method, path, headers, ...(method === 'POST' && { body }) })
  const text = await answer.body.text()
  const { location } = answer.headers
  if (answer.statusCode !== status || !`${text}${typeof location === 'string' ? location : ''}`.includes(expect)) {
    const got = `${answer.statusCode}, not ${status} with ${expect}: ${location ?? ''} ${text.slice(0, 300)}`
    throw new Error(`${method} ${path} answered ${got}`)
  }
  return text
}

/** Values of chains by name: what one run leaves is where the next begins. */
const chains = new Map<string, string[]>()

function next(chain: Chain, values: string[], connection: number, text: string): void {
  const value: unknown = JSON.parse(text)[chain.member]
  if (typeof value !== 'string') throw new Error(`an answer has no ${chain.member}`)
  values[connection] = value
}

async function run(order: LoadOrder): Promise<LoadOutcome> {
  const { chain, requests } = order
  const values = chain === undefined ? [] : (chains.get(chain.name) ?? [...chain.first])
  if (chain !== undefined) chains.set(chain.name, values)
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
  const user = async (connection: number) => {
    while (sent < order.maxRequests && performance.now() < endsAt) {
      const turn = sent++
      const one = requests[(chain === undefined ? turn : connection) % requests.length]
      if (one === undefined) throw new Error('nothing to send')
      const value = values[connection] ?? ''
      const asked = chain === undefined ? one : { ...one, body: one.body.replace(chain.placeholder, value) }
      const before = performance.now()
      const text = await send(pool, asked, order)
      latencies.push(performance.now() - before)
      if (chain !== undefined) next(chain, values, connection, text)
    }
  }
  try {
    await Promise.all(Array.from({ length: order.concurrency }, (_, connection) => user(connection)))
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
