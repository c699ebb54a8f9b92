/** The breaker: opens on outages only, answers at once while open, spends no caller's question on probing, and closes by itself. */
import { afterEach, describe, expect, it } from 'vitest'
import type { BreakerState } from '../../observability/breaker-state.ts'
import { type Breaker, BreakerOpen, createBreaker } from './breaker.ts'

class Outage extends Error {}

let breaker: Breaker | undefined
let states: BreakerState[]
/** What the service is like just now. */
let alive: boolean
let probes: number

const open = (resetMs = 5) => {
  states = []
  alive = true
  probes = 0
  breaker = createBreaker({
    name: 'service',
    probe: async () => {
      probes += 1
      if (!alive) throw new Error('nobody is there')
    },
    isOutage: (error) => error instanceof Outage,
    onChange: (state) => states.push(state),
    resetMs,
  })
  return breaker
}
const fail = async () => {
  throw new Outage('no answer')
}
const times = async (count: number, of: Breaker, action: () => Promise<unknown>) => {
  for (let at = 0; at < count; at++) await of.run(action).catch(() => {})
}
afterEach(() => breaker?.close())

describe('breaker', () => {
  it('opens after five outages in a row, and then turns away without asking', async () => {
    const breaker = open(60_000)
    alive = false
    await times(4, breaker, fail)
    expect(breaker.state).toBe('closed')
    await times(1, breaker, fail)
    expect(breaker.state).toBe('open')
    let asked = false
    const ask = async () => {
      asked = true
    }
    await expect(breaker.run(ask)).rejects.toBeInstanceOf(BreakerOpen)
    expect([asked, breaker.stats]).toEqual([false, { opened: 1, rejected: 1 }])
  })

  it('takes an outage now and then for no outage', async () => {
    const breaker = open()
    for (let round = 0; round < 50; round++) {
      await times(1, breaker, fail)
      await times(2, breaker, async () => 'answer')
    }
    expect(states).toEqual([])
  })

  it('opens where half of many fail, also between successes', async () => {
    const breaker = open(60_000)
    for (let round = 0; round < 50 && breaker.state === 'closed'; round++) {
      await times(1, breaker, async () => 'answer')
      await times(2, breaker, fail)
    }
    expect(breaker.state).toBe('open')
  })

  it('takes an answer that is an error for an answer', async () => {
    const breaker = open()
    const refuse = async () => {
      throw new Error('the policy traps')
    }
    for (let at = 0; at < 50; at++) await expect(breaker.run(refuse)).rejects.toThrow('the policy traps')
    expect(states).toEqual([])
  })

  it('probes by itself, turns callers away meanwhile, and closes once somebody is there', async () => {
    const breaker = open()
    alive = false
    await times(5, breaker, fail)
    await expect.poll(() => probes, { interval: 1 }).toBeGreaterThan(2)
    expect(await breaker.run(async () => 'answer').catch((error: unknown) => error)).toBeInstanceOf(BreakerOpen)
    alive = true
    await expect.poll(() => breaker.state, { interval: 1 }).toBe('closed')
    expect(await breaker.run(async () => 'answer')).toBe('answer')
    expect(new Set(states)).toEqual(new Set(['open', 'half_open', 'closed']))
  })

  it('opens again where what a probe found does not last', async () => {
    const breaker = open()
    for (let round = 1; round <= 3; round++) {
      await times(5, breaker, fail)
      expect(breaker.stats.opened).toBe(round)
      await expect.poll(() => breaker.state, { interval: 1 }).toBe('closed')
    }
  })
})
