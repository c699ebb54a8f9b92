/** Backpressure: what is refused under load, how it is said, and what never is. */
import { afterEach, expect, test } from 'vitest'
import { createMetrics, type Metrics } from '../observability/metrics.ts'
import type { ErrorStyle } from './error-answer.ts'
import type { Reply } from './message.ts'
import { createPressure, type Pressure, type PressureLimits } from './pressure.ts'
import { buildServer, type Endpoint } from './server.ts'

let metrics: Metrics
const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

/** `late`: how late each look of the thread is. */
function pressureOf(
  limits: Partial<PressureLimits>,
  late: readonly number[] = [],
  random = () => 0,
  requests = 50,
): Pressure {
  let nowMs = 0
  metrics = createMetrics('test')
  const { pressure } = metrics
  const made = createPressure({ inFlight: 0, lagMs: 0, ...limits, metrics: pressure, nowMs: () => nowMs, random })
  // Looked at by hand.
  made.close()
  metrics.pressure.shed.reset()
  for (const lag of late) {
    for (let request = 0; request < requests; request++) made.refuses()
    nowMs += 50 + lag
    made.look()
  }
  return made
}

const shed = async () => (await metrics.pressure.shed.get()).values.map(({ labels, value }) => [labels.reason, value])

test('refuses nothing while the thread keeps up, and nothing for one pause', () => {
  expect(pressureOf({ lagMs: 100 }, [0, 5, 20]).refuses()).toBe(false)
  expect(pressureOf({ lagMs: 100 }, [0, 900]).refuses()).toBe(false)
  expect(pressureOf({ lagMs: 100 }, [900, 0]).refuses()).toBe(false)
  expect(pressureOf({ lagMs: 0 }, [900, 900]).refuses()).toBe(false)
})

test('refuses nothing where few came: it is not they who make the thread late', () => {
  expect(pressureOf({ lagMs: 100 }, [900, 900], () => 0, 49).refuses()).toBe(false)
})

test.each([
  [101, 0],
  [200, 0.49],
  [300, 0.99],
  [5000, 0.999],
])('a lasting lag of %i ms refuses a share over %d', async (lag, share) => {
  expect(pressureOf({ lagMs: 100 }, [lag, lag], () => share).refuses()).toBe(true)
  expect(await shed()).toEqual([['event_loop_lag', 1]])
  expect((await metrics.pressure.lag.get()).values[0]?.value).toBeCloseTo(lag / 1000)
})

test('the share grows with the lag, so that the rest is served in time', () => {
  expect(pressureOf({ lagMs: 100 }, [200, 200], () => 0.51).refuses()).toBe(false)
  expect(pressureOf({ lagMs: 100 }, [250, 250], () => 0.51).refuses()).toBe(true)
})

function serverWith(pressure: Pressure, handler: Endpoint['handler'], errors: ErrorStyle = 'oauth') {
  const failures: unknown[] = []
  const row = (path: string): Endpoint => ({ method: 'GET', path, errors, handler })
  const server = buildServer({
    endpoints: [row('/here'), row('/health'), row('/health/live'), row('/metrics')],
    issuer: 'http://localhost',
    tenant: 'default',
    clock: { nowMs: () => 0 },
    trustedProxies: [],
    pressure,
    renderErrorPage: ({ status, description }) => ({
      status,
      headers: { 'content-type': 'text/html' },
      body: description,
    }),
    onFailure: (error) => failures.push(error),
  })
  open.push(server)
  return { server, failures }
}

async function listening({ server }: ReturnType<typeof serverWith>): Promise<string> {
  await server.listen({ port: 0, host: '127.0.0.1' })
  const address = server.server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

const fine = async (): Promise<Reply> => ({ status: 200, body: 'here' })

test.each<[ErrorStyle, string, string]>([
  ['oauth', 'application/json', '"error":"temporarily_unavailable"'],
  ['bearer', 'application/json', '"error":"temporarily_unavailable"'],
  ['scim', 'application/scim+json', '"status":"503"'],
  ['problem', 'application/problem+json', '"code":"unavailable"'],
  ['page', 'text/html', 'Try again'],
])(
  'under lag answers 503 with Retry-After as %s does, and says nothing to the log (RFC 9110 15.6.4)',
  async (style, type, text) => {
    const under = serverWith(pressureOf({ lagMs: 100 }, [500, 500]), fine, style)
    const answer = await fetch(`${await listening(under)}/here?a=b`)
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('content-type')).toContain(type)
    expect(answer.headers.get('sallyport-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect((await answer.text()).toLowerCase()).toContain(text.toLowerCase())
    expect(under.failures).toEqual([])
  },
)

test('health and metrics are answered under any load', async () => {
  const pressure = pressureOf({ lagMs: 100, inFlight: 1 }, [5000, 5000])
  pressure.enter()
  const address = await listening(serverWith(pressure, fine))
  for (const path of ['/health', '/health/live', '/metrics'])
    expect((await fetch(`${address}${path}`)).status).toBe(200)
  expect((await fetch(`${address}/here`)).status).toBe(503)
})

test('one request more than may be in work is refused at once, and a place that is free again is given', async () => {
  const waiting: PromiseWithResolvers<Reply>[] = []
  const url = await listening(
    serverWith(pressureOf({ inFlight: 2 }), () => {
      const answer = Promise.withResolvers<Reply>()
      waiting.push(answer)
      return answer.promise
    }),
  )
  const [first, second] = [fetch(`${url}/here`), fetch(`${url}/here`)]
  while (waiting.length < 2) await new Promise(setImmediate)
  const refused = await fetch(`${url}/here`)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  expect(await shed()).toEqual([['in_flight', 1]])
  waiting[0]?.resolve({ status: 204 })
  expect((await first).status).toBe(204)
  const third = fetch(`${url}/here`)
  while (waiting.length < 3) await new Promise(setImmediate)
  waiting[1]?.reject(new Error('it fails'))
  waiting[2]?.resolve({ status: 204 })
  expect([(await second).status, (await third).status]).toEqual([500, 204])
  const fourth = [fetch(`${url}/here`), fetch(`${url}/here`)]
  while (waiting.length < 5) await new Promise(setImmediate)
  for (const { resolve } of waiting) resolve({ status: 204 })
  for (const answer of fourth) expect((await answer).status).toBe(204)
})

test('a caller that goes away gives its place back', async () => {
  const waiting: PromiseWithResolvers<Reply>[] = []
  const url = await listening(
    serverWith(pressureOf({ inFlight: 1 }), () => {
      const answer = Promise.withResolvers<Reply>()
      waiting.push(answer)
      return answer.promise
    }),
  )
  const gone = new AbortController()
  const first = fetch(`${url}/here`, { signal: gone.signal })
  while (waiting.length < 1) await new Promise(setImmediate)
  gone.abort()
  await expect(first).rejects.toThrow()
  waiting[0]?.resolve({ status: 204 })
  const second = fetch(`${url}/here`)
  while (waiting.length < 2) await new Promise(setImmediate)
  waiting[1]?.resolve({ status: 204 })
  expect((await second).status).toBe(204)
})

/** Keeps the thread busy, as work on it does. */
function burn(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

test('a flood of real requests is shed until it passes, health is answered meanwhile, and then all are served', async () => {
  metrics = createMetrics('test')
  const pressure = createPressure({ inFlight: 0, lagMs: 50, metrics: metrics.pressure })
  open.push(pressure)
  const url = await listening(
    serverWith(pressure, async () => {
      burn(1)
      return { status: 204 }
    }),
  )
  const seen = new Map<number, number>()
  const user = async () => {
    while ((seen.get(503) ?? 0) < 50) {
      const { status } = await fetch(`${url}/here`)
      seen.set(status, (seen.get(status) ?? 0) + 1)
    }
  }
  const flood = Promise.all(Array.from({ length: 400 }, user))
  const health = fetch(`${url}/health`)
  await flood
  expect((await health).status).toBe(204)
  expect([...seen.keys()].toSorted()).toEqual([204, 503])
  let status = 503
  while (status === 503) status = (await fetch(`${url}/here`)).status
  expect(status).toBe(204)
  expect((await shed())[0]?.[0]).toBe('event_loop_lag')
})
