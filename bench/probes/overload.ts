/**
 * What becomes of latency when more comes than can be served: so many users at once ask for tokens, with backpressure and
 * without. Who is refused waits as long as it is told. Figures in docs/results/2026-11-28-overload.md.
 *
 *     node bench/probes/overload.ts [requests of each turn, default 12000]
 */
import { Pool } from 'undici'
import { openEnvironment } from '../environment.ts'
import type { LoadRequest } from '../load/message.ts'
import { JWT_RESOURCE } from '../population.ts'
import { tokenRequest } from '../rows/http.ts'
import { startServer } from '../server-process.ts'
import { percentile } from '../stats.ts'

const REQUESTS = Number(process.argv[2] ?? 12_000)
const USERS = [300, 1000, 3000]
const SIDES = [
  ['without', { SALLYPORT_LIMITS__EVENT_LOOP_LAG_MS: '0', SALLYPORT_LIMITS__IN_FLIGHT: '0' }],
  ['with', {}],
] as const

interface Outcome {
  readonly served: number[]
  readonly refused: number[]
  readonly seconds: number
}

async function ask(pool: Pool, requests: readonly LoadRequest[], count: number, users: number): Promise<Outcome> {
  const served: number[] = []
  const refused: number[] = []
  const began = performance.now()
  let sent = 0
  const user = async () => {
    while (sent < count) {
      const one = requests[sent++ % requests.length]
      if (one === undefined) throw new Error('nothing to send')
      const at = performance.now()
      const { statusCode, headers, body } = await pool.request(one)
      await body.dump()
      const times = statusCode === 200 ? served : refused
      times.push(performance.now() - at)
      if (statusCode === 503) await new Promise((resolve) => setTimeout(resolve, Number(headers['retry-after']) * 1000))
      else if (statusCode !== 200) throw new Error(`it answers ${statusCode}`)
    }
  }
  await Promise.all(Array.from({ length: users }, user))
  return { served, refused, seconds: (performance.now() - began) / 1000 }
}

const ms = (values: readonly number[], share: number): string =>
  values.length === 0 ? '' : percentile([...values], share).toFixed(0)

const progress = (line: string) => console.error(line)
const options = { rounds: 1, seconds: 1, warmUpSeconds: 1, againstItself: false, profileFolder: undefined, progress }
const environment = openEnvironment(options)
try {
  const { at, start } = await environment.instance()
  const { clients, scope } = environment.population
  const requests = clients.map((client) => tokenRequest(at, client, scope, JWT_RESOURCE))
  console.log('| users | backpressure | served / s | p50, p99 served | refused | p99 refused | CPU a request |')
  console.log('|---|---|---|---|---|---|---|')
  for (const users of USERS)
    for (const [name, env] of SIDES) {
      const server = await startServer({ ...start, env: { ...start.env, ...env } })
      const pool = new Pool(at.origin, { connections: users })
      try {
        await ask(pool, requests, 5000, 16)
        await ask(pool, requests, users, users)
        const before = server.cpuSeconds()
        const { served, refused, seconds } = await ask(pool, requests, REQUESTS, users)
        const cpu = ((server.cpuSeconds() - before) / REQUESTS) * 1e6
        const share = `${((100 * refused.length) / REQUESTS).toFixed(0)} %`
        const figures = [
          users,
          name,
          (served.length / seconds).toFixed(0),
          `${ms(served, 0.5)}, ${ms(served, 0.99)} ms`,
        ]
        console.log(`| ${[...figures, share, `${ms(refused, 0.99)} ms`, `${cpu.toFixed(0)} µs`].join(' | ')} |`)
      } finally {
        await pool.destroy()
        await server.stop()
      }
    }
} finally {
  await environment.close()
}
