/**
 * What becomes of latency when more comes than can be served: token requests at fixed rates, with backpressure and without.
 * Figures in docs/results/2026-11-28-overload.md.
 *
 *     node bench/probes/overload.ts [seconds of each rate, default 5]
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { openEnvironment } from '../environment.ts'
import type { LoadRequest } from '../load/message.ts'
import { JWT_RESOURCE } from '../population.ts'
import { tokenRequest } from '../rows/http.ts'
import { type ServerProcess, startServer } from '../server-process.ts'
import { percentile } from '../stats.ts'

const SECONDS = Number(process.argv[2] ?? 5)
/** Of what one connection after the other gets through. */
const FACTORS = [0.5, 1, 2, 4]
const CONNECTIONS = 3000
/** Opened at once; more would wait for the kernel to try again. */
const OPENED_TOGETHER = 100
/** Whoever asked goes away. */
const PATIENCE_MS = 10_000

const WITHOUT = { SALLYPORT_LIMITS__EVENT_LOOP_LAG_MS: '0', SALLYPORT_LIMITS__IN_FLIGHT: '0' }

/** Open connections of HTTP/1.1 with keep-alive, as a proxy holds them, one request on each at a time. */
class Connections {
  readonly #free: Socket[] = []

  async open(port: number, count: number): Promise<void> {
    for (let opened = 0; opened < count; opened += OPENED_TOGETHER)
      await Promise.all(
        Array.from({ length: OPENED_TOGETHER }, async () => {
          const socket = connect({ port, host: '127.0.0.1', noDelay: true })
          await once(socket, 'connect')
          socket.setEncoding('utf8').on('error', () => {})
          this.#free.unshift(socket)
        }),
      )
  }

  /** Its status; 0 where no connection was free, or nothing was answered. */
  ask(text: string, answered: (status: number) => void): void {
    // The one that has been idle for the longest.
    const socket = this.#free.pop()
    if (socket === undefined) {
      answered(0)
      return
    }
    let said = ''
    const late = setTimeout(() => socket.destroy(), PATIENCE_MS)
    const done = (status: number) => {
      clearTimeout(late)
      socket.removeAllListeners('data').removeAllListeners('close')
      if (status !== 0) this.#free.unshift(socket)
      answered(status)
    }
    socket.once('close', () => done(0))
    socket.on('data', (chunk: string) => {
      said += chunk
      const head = said.indexOf('\r\n\r\n')
      const length = head < 0 ? undefined : /\r\ncontent-length: (\d+)/i.exec(said)?.[1]
      if (length !== undefined && Buffer.byteLength(said) >= head + 4 + Number(length)) done(Number(said.slice(9, 12)))
    })
    socket.write(text)
  }

  close(): void {
    for (const socket of this.#free) socket.destroy()
  }
}

const written = ({ method, path, headers, body }: LoadRequest): string => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\nhost: a\r\n${lines.join('')}content-length: ${body.length}\r\n\r\n${body}`
}

interface Outcome {
  readonly served: number[]
  readonly refused: number[]
  lost: number
}

/** Requests come when they come, whether or not those before them were answered. */
async function offer(port: number, requests: readonly string[], perSecond: number): Promise<Outcome> {
  const connections = new Connections()
  await connections.open(port, CONNECTIONS)
  const outcome: Outcome = { served: [], refused: [], lost: 0 }
  const total = Math.round(perSecond * SECONDS)
  const began = performance.now()
  let sent = 0
  let open = 0
  const send = () => {
    const at = performance.now()
    open += 1
    connections.ask(requests[sent++ % requests.length] ?? '', (status) => {
      open -= 1
      const tookMs = performance.now() - at
      if (status === 200) outcome.served.push(tookMs)
      else if (status === 503) outcome.refused.push(tookMs)
      else outcome.lost += 1
    })
  }
  while (sent < total || open > 0) {
    const due = Math.min(total, ((performance.now() - began) / 1000) * perSecond)
    while (sent < due) send()
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  connections.close()
  return outcome
}

/** How many are answered a second on sixteen connections. */
async function capacityOf(port: number, requests: readonly string[]): Promise<number> {
  const connections = new Connections()
  await connections.open(port, OPENED_TOGETHER)
  const ends = performance.now() + SECONDS * 1000
  let answered = 0
  const user = async () => {
    while (performance.now() < ends) {
      await new Promise((resolve) => connections.ask(requests[answered % requests.length] ?? '', resolve))
      answered += 1
    }
  }
  await Promise.all(Array.from({ length: 16 }, user))
  connections.close()
  return answered / SECONDS
}

const ms = (values: readonly number[], share: number): string =>
  values.length === 0 ? '' : `${percentile([...values], share).toFixed(0)} ms`

const progress = (line: string) => console.error(line)
const options = {
  rounds: 1,
  seconds: SECONDS,
  warmUpSeconds: 1,
  againstItself: false,
  profileFolder: undefined,
  progress,
}
const environment = openEnvironment(options)
let server: ServerProcess | undefined
try {
  const { at, start } = await environment.instance()
  const { clients, scope } = environment.population
  const requests = clients.map((client) => written(tokenRequest(at, client, scope, JWT_RESOURCE)))
  const port = Number(new URL(at.origin).port)
  const sides = [
    ['without', WITHOUT],
    ['with', {}],
  ] as const
  console.log(
    '| backpressure | offered / s | served / s, / CPU s | p50, p99 served | refused | p99 refused | no connection free |',
  )
  console.log('|---|---|---|---|---|---|---|')
  let capacity: number | undefined
  for (const factor of FACTORS)
    for (const [name, env] of sides) {
      server = await startServer({ ...start, env: { ...start.env, ...env } })
      const warm = await capacityOf(port, requests)
      capacity ??= warm
      const before = server.cpuSeconds()
      const { served, refused, lost } = await offer(port, requests, capacity * factor)
      const cpuSeconds = server.cpuSeconds() - before
      await server.stop()
      server = undefined
      const all = served.length + refused.length + lost
      const share = (count: number) => `${((100 * count) / all).toFixed(0)} %`
      const rates = `${(served.length / SECONDS).toFixed(0)}, ${(served.length / cpuSeconds).toFixed(0)}`
      const times = [`${ms(served, 0.5)}, ${ms(served, 0.99)}`, share(refused.length), ms(refused, 0.99), share(lost)]
      console.log(`| ${[name, (capacity * factor).toFixed(0), rates, ...times].join(' | ')} |`)
    }
} finally {
  await server?.stop()
  await environment.close()
}
