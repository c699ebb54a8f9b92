/** The decision cache: keys, time, bounds and purging. */
import { describe, expect, it } from 'vitest'
import { cacheKey, createDecisionCache, roundTime } from './cache.ts'

describe('decision cache', () => {
  it('keeps an answer for its ttl and no longer', () => {
    let nowMs = 0
    const cache = createDecisionCache(10, { nowMs: () => nowMs })
    cache.set('k', 'v', 30, undefined)
    nowMs = 29_999
    expect(cache.get('k')).toBe('v')
    nowMs = 30_000
    expect(cache.get('k')).toBeUndefined()
    expect(cache.size).toBe(0)
  })

  it('is bounded, and gives up what was used longest ago', () => {
    const cache = createDecisionCache(2)
    cache.set('a', 1, 60, undefined)
    cache.set('b', 2, 60, undefined)
    cache.get('a')
    cache.set('c', 3, 60, undefined)
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3])
  })

  it('purges by subject, and whole', () => {
    const cache = createDecisionCache()
    cache.set('a', 1, 60, 'alice')
    cache.set('b', 2, 60, 'bob')
    cache.purge('alice')
    expect([cache.get('a'), cache.get('b')]).toEqual([undefined, 2])
    cache.purge()
    expect(cache.size).toBe(0)
  })

  it('has one key for equal inputs in any key order, another for each bundle, entrypoint and input', () => {
    const key = cacheKey('d', 'authz/x/decision', { a: 1, b: [2] })
    expect(cacheKey('d', 'authz/x/decision', { b: [2], a: 1 })).toBe(key)
    const others = [
      cacheKey('e', 'authz/x/decision', { a: 1, b: [2] }),
      cacheKey('d', 'authz/y/decision', { a: 1, b: [2] }),
      cacheKey('d', 'authz/x/decision', { a: 1, b: ['2'] }),
    ]
    expect(new Set([key, ...others]).size).toBe(4)
  })

  it('rounds the time of the request down, minute and weekday with it', () => {
    // 2026-11-24 is a Tuesday.
    const epoch = Date.UTC(2026, 10, 24, 0, 0, 10) / 1000
    const input = { request: { address: '::1', time: { epoch_seconds: epoch, minute_of_day: 0, weekday: 2 } } }
    expect(roundTime(input, 60).request.time).toEqual({ epoch_seconds: epoch - 10, minute_of_day: 0, weekday: 2 })
    expect(roundTime(input, 7).request.time.epoch_seconds % 7).toBe(0)
    expect(roundTime({ a: 1 }, 60)).toEqual({ a: 1 })
  })
})
