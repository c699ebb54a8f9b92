/** One server under load as a side of a row: its value is requests per CPU second of the whole process. */
import type { LoadDriver } from './load/driver.ts'
import type { Chain, LoadRequest } from './load/message.ts'
import type { Side } from './row.ts'
import type { Endpoints } from './rows/http.ts'
import type { ServerProcess } from './server-process.ts'

export const CONCURRENCY = 16
const MAX_REQUESTS = 1_000_000
/** Work put off until after the answer (a write behind it, a garbage collection) still counts. */
const SETTLE_MS = 100

export interface Running {
  readonly server: ServerProcess
  readonly at: Endpoints
  cookies(): Promise<readonly string[]>
}

export interface HttpLoad {
  readonly server: ServerProcess
  readonly origin: string
  readonly requests: readonly LoadRequest[]
  readonly expect: string
  /** 200 where it is absent. */
  readonly status?: number
  readonly chain?: Chain
  /** Requests in flight; 16 where it is absent. */
  readonly concurrency?: number
  /** Decisions of each request, where that is what is counted. */
  readonly decisions?: number
}

export function httpSide(driver: LoadDriver, load: HttpLoad): Side {
  return {
    async sample(seconds) {
      const { origin, requests, expect, status, chain, server, concurrency = CONCURRENCY, decisions = 1 } = load
      const before = server.cpuSeconds()
      const more = { ...(status !== undefined && { status }), ...(chain && { chain }) }
      const order = { origin, requests, expect, seconds, concurrency, maxRequests: MAX_REQUESTS, ...more }
      const outcome = await driver.run(order).catch((cause: unknown) => {
        const reason = cause instanceof Error ? cause.message : String(cause)
        throw new Error(`${reason}\n${server.output()}`, { cause })
      })
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
      return {
        value: (outcome.requests * decisions) / (server.cpuSeconds() - before),
        p50: outcome.p50Ms,
        p99: outcome.p99Ms,
        wallRate: (outcome.requests * decisions) / outcome.wallSeconds,
      }
    },
  }
}
