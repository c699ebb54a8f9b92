/**
 * The Data API at half its ceiling while the bundle is swapped every second and a policy hits its deadline now and then.
 * No decision is wrong, of two revisions, or lost; memory stays; the auth service goes on. SCALE 1: two minutes.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { basic } from '../flows/requests.ts'
import { type Deployment, deploy } from '../servers/deployment.ts'
import { startAsker } from './asker.ts'
import { type MarkedBundle, markedBundles, SPIN } from './marked-policies.ts'
import { loggedDecisions, median, percentile, residentMb, sample } from './observe.ts'

const SCALE = Number(process.env.SCALE ?? '0.1')
const FULL = SCALE >= 1
const SECONDS = FULL ? 120 : Math.max(4, Math.round(60 * SCALE))
const CEILING_SECONDS = FULL ? 8 : 2
const IDLE_SECONDS = FULL ? 20 : 2
const SWAP_EVERY_MS = 1000
const SPIN_EVERY_MS = 1000
const AUTH_EVERY_MS = 20
/** What runs to it holds the thread of the policy API for so long. */
const DEADLINE_MS = 50
/** Of the first quarter's memory: what caches and the collector may still take. */
const GROWTH = 1.15

let bundles: readonly [MarkedBundle, MarkedBundle]
let ours: Deployment

beforeAll(async () => {
  bundles = await markedBundles()
  ours = await deploy('one-process', { bundle: bundles[0].files, settings: { policy: { deadline_ms: DEADLINE_MS } } })
})
afterAll(() => ours?.stop())

async function introspectMs(): Promise<number> {
  const began = performance.now()
  const answer = await fetch(`${ours.issuer}/oauth/introspect`, {
    method: 'POST',
    headers: {
      authorization: basic(ours.population.resourceServer),
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'token=no-such-token',
  })
  await answer.text()
  expect(answer.status).toBe(200)
  return performance.now() - began
}

async function spin(): Promise<number> {
  const answer = await ours.askPolicy('/v1/data/probe/spin', { method: 'POST', body: JSON.stringify(SPIN) })
  await answer.text()
  return answer.status
}

it(`half the ceiling for ${SECONDS} s, a swap each second, deadlines now and then`, { timeout: 900_000 }, async () => {
  const pid = ours.auth.process.pid ?? 0
  const asker = startAsker(ours.policy, bundles)
  const ceiling = await asker.ceiling(CEILING_SECONDS)
  const idle = sample(AUTH_EVERY_MS, introspectMs)
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000))
  await idle.stop()

  const memory = sample(500, () => residentMb(pid))
  const busy = sample(AUTH_EVERY_MS, introspectMs)
  const spins = sample(SPIN_EVERY_MS, spin)
  const swaps = sample(SWAP_EVERY_MS, () => ours.bundle.publish(bundles[ours.bundle.version % 2]?.files ?? new Map()))
  const asked = await asker.steadily(ceiling / 2, SECONDS)
  await Promise.all([memory.stop(), busy.stop(), spins.stop(), swaps.stop()])
  await asker.close()

  const quarter = Math.floor(memory.samples.length / 4)
  const [first, last] = [median(memory.samples.slice(0, quarter)), median(memory.samples.slice(-quarter))]
  const auth = { idle: percentile(idle.samples, 0.99), busy: percentile(busy.samples, 0.99) }
  console.log(
    [
      `ceiling ${Math.round(ceiling)}/s; ${asked.answered.size} answers, p50 ${percentile(asked.latenciesMs, 0.5).toFixed(1)} ms, p99 ${percentile(asked.latenciesMs, 0.99).toFixed(1)} ms`,
      `${swaps.samples.length} swaps, ${asked.flips} flips; ${spins.samples.length} deadlines`,
      `memory ${first.toFixed(0)} MB in the first quarter, ${last.toFixed(0)} MB in the last`,
      `introspection p99 ${auth.idle.toFixed(1)} ms idle, ${auth.busy.toFixed(1)} ms under load`,
    ].join('\n'),
  )
  expect(asked.wrong).toEqual([])
  expect(new Set(spins.samples)).toEqual(new Set([503]))
  expect(asked.flips).toBeGreaterThan(swaps.samples.length / 2)

  await ours.auth.stop()
  const unlogged = new Map(asked.answered)
  const [twice, elsewise]: [string[], string[]] = [[], []]
  let timeouts = 0
  const seen = new Set<string>()
  for await (const { id, revision, error } of loggedDecisions(join(ours.folder, 'log'), 'probe/')) {
    if (seen.has(id)) twice.push(id)
    seen.add(id)
    if (error === 'timeout') timeouts += 1
    else if (unlogged.get(id) !== revision) elsewise.push(`${id}: logged ${revision}, answered ${unlogged.get(id)}`)
    unlogged.delete(id)
  }
  expect({ lost: [...unlogged.keys()].slice(0, 5), twice: twice.slice(0, 5), elsewise: elsewise.slice(0, 5) }).toEqual({
    lost: [],
    twice: [],
    elsewise: [],
  })
  expect(timeouts).toBe(spins.samples.length)
  if (FULL) expect(last).toBeLessThan(first * GROWTH)
})
