/** Counters that nodes share by a real store, told in batches. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { StoreUnavailable } from '../../../kernel/errors.ts'
import type { LimitStore, Store } from '../../../storage/port.ts'
import { openSqliteStore } from '../../../storage/sqlite/open.ts'
import { createRollingCounter, type RollingCounter, type RollingCounterOptions } from './rolling-counter.ts'

const folder = mkdtempSync(join(tmpdir(), 'rolling-counter-'))
const START = Date.UTC(2026, 0, 1)
let nowMs = START
let store: Store
let told = 0
let away = false
const limits: Pick<LimitStore, 'hit'> = {
  hit: async (...args) => {
    told += 1
    if (away) throw new StoreUnavailable('away')
    return store.limits.hit(...args)
  },
}
beforeAll(async () => {
  store = await openSqliteStore({ path: join(folder, 'store.db'), clock: { nowMs: () => nowMs } })
})
beforeEach(() => {
  nowMs += 3_600_000
  told = 0
  away = false
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

let names = 0
const node = (over: Partial<RollingCounterOptions> = {}): RollingCounter =>
  createRollingCounter({
    store: limits,
    tenant: 'default',
    name: `n${names}`,
    most: 100,
    windowSeconds: 60,
    batchShare: 0.1,
    ...over,
  })

/** How many of so many come through, with the store's answers in between. */
async function admitted(counters: readonly RollingCounter[], hits: number, key = 'k'): Promise<number> {
  let through = 0
  for (let hit = 0; hit < hits; hit++) {
    const counter = counters[hit % counters.length]
    if ((await counter?.hit(key, nowMs)) === undefined) through += 1
    await turn()
  }
  return through
}

test('admits as many as configured, tells the store in batches, and says when to come again (RFC 6585 4; checklist 20)', async () => {
  names += 1
  const counter = node()
  expect(await admitted([counter], 150)).toBe(100)
  expect(told).toBe(10)
  nowMs += 45_000
  expect(await counter.hit('k', nowMs)).toEqual({ first: false, retryAfterSeconds: 15 })
})

test('the first refusal of a key in a window is told apart', async () => {
  names += 1
  const counter = node({ most: 10 })
  await admitted([counter], 10)
  expect(await counter.hit('k', nowMs)).toMatchObject({ first: true })
  expect(await counter.hit('k', nowMs)).toMatchObject({ first: false })
  await admitted([counter], 10, 'other')
  expect(await counter.hit('other', nowMs)).toMatchObject({ first: true })
})

test('a key of its own is untouched by others', async () => {
  names += 1
  const counter = node()
  await admitted([counter], 120)
  expect(await admitted([counter], 10, 'other')).toBe(10)
})

test.each([2, 5])(
  '%i nodes together admit no more than the limit and one batch each (docs/adr/0016)',
  async (count) => {
    names += 1
    const nodes = Array.from({ length: count }, () => node())
    const through = await admitted(nodes, 100 * count)
    expect(through).toBeGreaterThanOrEqual(100)
    expect(through).toBeLessThanOrEqual(100 + count * 10)
  },
)

test('a batch of one is exact on any number of nodes, at once too', async () => {
  names += 1
  const nodes = Array.from({ length: 5 }, () => node({ most: 20, batchShare: 0 }))
  const all = await Promise.all(Array.from({ length: 100 }, (_, hit) => nodes[hit % 5]?.hit('k', nowMs)))
  expect(all.filter((refusal) => refusal === undefined)).toHaveLength(20)
})

test('the window slides: a burst at its end is not followed by another at the next one’s beginning', async () => {
  names += 1
  const counter = node()
  const windowMs = 60_000
  nowMs = Math.ceil(nowMs / windowMs) * windowMs + 59_000
  expect(await admitted([counter], 100)).toBe(100)
  nowMs += 2_000
  expect(await admitted([counter], 100)).toBeLessThanOrEqual(2)
  nowMs += 29_000
  expect(await admitted([counter], 100)).toBeGreaterThanOrEqual(45)
  nowMs += 3 * windowMs
  expect(await admitted([counter], 150)).toBe(100)
})

test('a node that starts anew learns from the store what others admitted', async () => {
  names += 1
  await admitted([node()], 100)
  expect(await admitted([node()], 100)).toBeLessThanOrEqual(10)
})

test('while the store is away each node counts by itself, and asks it seldom; back again, it is told all', async () => {
  names += 1
  const failures: unknown[] = []
  const counter = node({ onFailure: (error) => failures.push(error) })
  away = true
  expect(await admitted([counter], 55)).toBe(55)
  expect(told).toBe(5)
  expect(failures).toHaveLength(5)
  away = false
  expect(await admitted([counter], 95)).toBe(45)
  expect(await admitted([node()], 50)).toBeLessThanOrEqual(10)
})

test('an exact limit that cannot be counted admits nobody', async () => {
  names += 1
  away = true
  await expect(node({ most: 5, batchShare: 0 }).hit('k', nowMs)).rejects.toThrow(StoreUnavailable)
})

test('keys that are spared are never refused, nor told', async () => {
  names += 1
  const counter = node({ spares: (key) => key === 'k' })
  expect(await admitted([counter], 200)).toBe(200)
  expect(told).toBe(0)
})

test('no number of keys fills the memory: the oldest are forgotten, and known again by the store', async () => {
  names += 1
  const counter = node({ capacity: 10 })
  await admitted([counter], 100)
  for (let other = 0; other < 50; other++) await counter.hit(`other ${other}`, nowMs)
  expect(await admitted([counter], 100)).toBeLessThanOrEqual(10)
})

test('the store holds digests, no names', async () => {
  names += 1
  const keys: string[] = []
  const spy: Pick<LimitStore, 'hit'> = {
    hit: async (_tenant, key) => {
      keys.push(key)
      return 1
    },
  }
  await node({ store: spy, batchShare: 0, most: 5 }).hit('203.0.113.7', nowMs)
  expect(keys).toHaveLength(1)
  expect(keys.join()).not.toContain('203.0.113.7')
})
