/** The decision cache: keys, time, bounds in bytes, purging, and one evaluation for equal questions. */
import { describe, expect, it } from 'vitest'
import { type CacheScope, createDecisionCache, type DecisionCache, type KeptAnswer } from './decision-cache.ts'
import { roundTime } from './round-time.ts'

const answer = (result: unknown): KeptAnswer => ({ result, text: JSON.stringify(result), recorded: new Map() })
const scopeIn = (cache: DecisionCache, name = 's'): CacheScope => {
  const scope = cache.scope(name)
  if (scope === undefined) throw new Error('it keeps nothing')
  return scope
}
const keep = (cache: DecisionCache, input: unknown, result: unknown, subject?: string, ttlSeconds = 60) =>
  scopeIn(cache).keep(JSON.stringify(input), answer(result), { ttlSeconds, subject, epoch: cache.epoch })
const get = (cache: DecisionCache, input: unknown, name = 's') =>
  scopeIn(cache, name).get(JSON.stringify(input))?.answer.result

describe('decision cache', () => {
  it('keeps an answer for its ttl and no longer, and tells its age', () => {
    let nowMs = 1000
    const cache = createDecisionCache(undefined, { nowMs: () => nowMs })
    keep(cache, 'k', 'v', undefined, 30)
    nowMs = 30_999
    expect(scopeIn(cache).get('"k"')).toMatchObject({ answer: { result: 'v' }, maxAgeSeconds: 30, ageSeconds: 29 })
    nowMs = 31_000
    expect(get(cache, 'k')).toBeUndefined()
    expect(cache.stats).toMatchObject({ entries: 0, bytes: 0, hits: 1, misses: 1 })
  })

  it('forgets what the clock says was decided in the future', () => {
    let nowMs = 1_000_000
    const cache = createDecisionCache(undefined, { nowMs: () => nowMs })
    keep(cache, 'k', 'v')
    nowMs -= 1
    expect(get(cache, 'k')).toBeUndefined()
  })

  it('is bounded in bytes, and gives up what was used longest ago', () => {
    const cache = createDecisionCache(64 * 1024)
    for (let at = 0; at < 1000; at++) {
      keep(cache, { at }, 'x'.repeat(200), `subject-${at}`)
      expect(get(cache, { at: 0 })).toBeDefined()
      expect(cache.stats.bytes).toBeLessThanOrEqual(64 * 1024)
    }
    expect(get(cache, { at: 1 })).toBeUndefined()
    expect(get(cache, { at: 999 })).toBeDefined()
    const { entries, evicted } = cache.stats
    expect(entries + evicted).toBe(1000)
    cache.purge()
    expect(cache.stats).toMatchObject({ entries: 0, bytes: 0 })
  })

  it('keeps no answer that would push out a large part of all others', () => {
    const cache = createDecisionCache(64 * 1024)
    keep(cache, 'small', 1)
    keep(cache, 'large', 'x'.repeat(10_000))
    keep(cache, 'x'.repeat(10_000), 1)
    expect([get(cache, 'small'), get(cache, 'large'), cache.stats.entries]).toEqual([1, undefined, 1])
  })

  it('keeps nothing where it may hold nothing', () => {
    expect(createDecisionCache(0).scope('s')).toBeUndefined()
  })

  it('purges by subject, and whole', () => {
    const cache = createDecisionCache()
    keep(cache, 'a', 1, 'alice')
    keep(cache, 'b', 2, 'bob')
    keep(cache, 'c', 3, 'alice')
    cache.purge('alice')
    cache.purge('nobody')
    expect([get(cache, 'a'), get(cache, 'b'), get(cache, 'c')]).toEqual([undefined, 2, undefined])
    cache.purge()
    expect(cache.stats.entries).toBe(0)
  })

  it('does not keep what was being judged while it was purged', () => {
    const cache = createDecisionCache()
    const { epoch } = cache
    cache.purge('alice')
    scopeIn(cache).keep('"a"', answer(1), { ttlSeconds: 60, subject: 'alice', epoch })
    expect(get(cache, 'a')).toBeUndefined()
  })

  it('finds equal inputs whatever the order of their members', () => {
    const cache = createDecisionCache()
    keep(cache, { a: 1, b: [{ c: 2, d: 3 }] }, 'v')
    expect(get(cache, { b: [{ d: 3, c: 2 }], a: 1 })).toBe('v')
    expect(cache.stats.entries).toBe(1)
  })

  it.each([
    ['another value', { a: 1 }, { a: 2 }],
    ['text for a number', { a: 1 }, { a: '1' }],
    ['null for absence', { a: 1 }, { a: 1, b: null }],
    ['another order of elements', [1, 2], [2, 1]],
    ['a member called __proto__', JSON.parse('{"a":1,"__proto__":{"b":1}}'), { a: 1 }],
    ['another member called __proto__', JSON.parse('{"__proto__":{"b":1}}'), JSON.parse('{"__proto__":{"b":2}}')],
    ['a long text of the same length', 'x'.repeat(5000), `${'x'.repeat(4999)}y`],
  ])('does not take %s for equal', (_title, known, asked) => {
    const cache = createDecisionCache()
    keep(cache, known, 'v')
    expect(get(cache, asked)).toBeUndefined()
    expect(get(cache, known)).toBe('v')
  })

  it('tells numbers apart by their text, and from objects that look like one', () => {
    const scope = scopeIn(createDecisionCache())
    const options = { ttlSeconds: 60, subject: undefined, epoch: 0 }
    scope.keep('{"a":1.50}', answer('number'), options)
    scope.keep('{"a":{"rawJSON":"1.50"}}', answer('object'), options)
    expect(scope.get('{ "a":1.50}')?.answer.result).toBe('number')
    expect(scope.get('{ "a":{"rawJSON":"1.50"}}')?.answer.result).toBe('object')
    expect(scope.get('{"a":1.5}')).toBeUndefined()
  })

  it('keeps the questions of one kind apart from those of another', () => {
    const cache = createDecisionCache()
    keep(cache, 'k', 'v')
    expect(get(cache, 'k', 'other')).toBeUndefined()
  })

  it('does not grow with the ways in which callers write one input', () => {
    const cache = createDecisionCache()
    keep(cache, { a: 1 }, 'v')
    const before = cache.stats.bytes
    for (let spaces = 1; spaces < 1000; spaces++) scopeIn(cache).get(`{"a":${' '.repeat(spaces)}1}`)
    expect(cache.stats.bytes - before).toBeLessThan(100)
  })
})

describe('equal questions at a time', () => {
  it('ask once, and all get what was answered', async () => {
    const cache = createDecisionCache()
    const scope = scopeIn(cache)
    const asked = Promise.withResolvers<string>()
    let times = 0
    const ask = () => {
      times += 1
      return asked.promise
    }
    const waiting = [scope.once('1', ask), scope.once('1', ask), scope.once('2', ask)]
    expect([times, ...waiting.map(({ joined }) => joined)]).toEqual([2, false, true, false])
    asked.resolve('v')
    expect(await Promise.all(waiting.map(({ answer }) => answer))).toEqual(['v', 'v', 'v'])
    scope.once('1', ask)
    expect([times, cache.stats.joined]).toEqual([3, 1])
  })

  it('ask again after a failure, and after a purge', async () => {
    const cache = createDecisionCache()
    const fail = async () => {
      throw new Error('no answer')
    }
    await expect(scopeIn(cache).once('1', fail).answer).rejects.toThrow()
    expect(scopeIn(cache).once('1', fail).joined).toBe(false)
    const slow = scopeIn(cache).once('2', () => new Promise(() => {}))
    cache.purge('somebody')
    expect([slow.joined, scopeIn(cache).once('2', async () => 1).joined]).toEqual([false, false])
    await expect(scopeIn(cache).once('1', fail).answer).rejects.toThrow()
  })
})

describe('the time of a request', () => {
  it('is rounded down, minute and weekday with it', () => {
    // 2026-11-24 is a Tuesday.
    const epoch = Date.UTC(2026, 10, 24, 0, 0, 10) / 1000
    const input = { request: { address: '::1', time: { epoch_seconds: epoch, minute_of_day: 0, weekday: 2 } } }
    expect(roundTime(input, 60).request.time).toEqual({ epoch_seconds: epoch - 10, minute_of_day: 0, weekday: 2 })
    expect(roundTime(input, 7).request.time.epoch_seconds % 7).toBe(0)
    expect(roundTime({ a: 1 }, 60)).toEqual({ a: 1 })
  })
})
