/** A question by way of the cache, where its evaluation waits for something outside. */
import { describe, expect, it } from 'vitest'
import type { RecordedCall } from '../engine.ts'
import { createDecisionCache } from './decision-cache.ts'
import { type Cacheable, type Evaluated, throughCache } from './through-cache.ts'

const CLOCK: RecordedCall = { name: 'time.now_ns', args: [], value: 1 }

function setUp(over: Partial<Cacheable> = {}) {
  const cache = createDecisionCache()
  const scope = cache.scope('s')
  if (scope === undefined) throw new Error('it keeps nothing')
  const question = { scope, text: '1', ttlSeconds: 60, subject: 'alice', nondeterministic: false, ...over }
  const waiting: PromiseWithResolvers<Evaluated>[] = []
  const ask = () =>
    throughCache(cache, question, () => {
      const one = Promise.withResolvers<Evaluated>()
      waiting.push(one)
      return one.promise
    })
  const evaluated = (result: unknown, over: Partial<Evaluated> = {}): Evaluated => ({
    result,
    isFit: true,
    recorded: new Map(),
    ...over,
  })
  return { cache, ask, waiting, evaluated }
}

describe('equal questions that wait', () => {
  it('are evaluated once; all but the first say that they were not evaluated', async () => {
    const { ask, waiting, evaluated, cache } = setUp()
    const asked = [ask(), ask(), ask()]
    expect(waiting).toHaveLength(1)
    waiting[0]?.resolve(evaluated('v'))
    expect(await Promise.all(asked)).toMatchObject([
      { result: 'v', cached: false },
      { result: 'v', cached: true },
      { result: 'v', cached: true },
    ])
    expect(await ask()).toMatchObject({ result: 'v', cached: true })
    expect(cache.stats).toMatchObject({ entries: 1, joined: 2 })
  })

  it('fail together, and nothing of that is kept', async () => {
    const { ask, waiting, evaluated } = setUp()
    const asked = [ask(), ask()]
    waiting[0]?.reject(new Error('no answer'))
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const again = ask()
    waiting[1]?.resolve(evaluated('v'))
    expect(await again).toMatchObject({ result: 'v', cached: false })
  })

  it('are evaluated each where the first asked what answers anew each time', async () => {
    const { ask, waiting, evaluated, cache } = setUp()
    const recorded = new Map([['k', CLOCK]])
    const asked = [ask(), ask()]
    waiting[0]?.resolve(evaluated('first', { recorded }))
    expect(await asked[0]).toMatchObject({ result: 'first', cached: false })
    await expect.poll(() => waiting.length).toBe(2)
    waiting[1]?.resolve(evaluated('second', { recorded }))
    expect(await asked[1]).toMatchObject({ result: 'second', cached: false })
    expect(cache.stats.entries).toBe(0)
  })

  it('share that where the rule declares that it may be kept', async () => {
    const { ask, waiting, evaluated } = setUp({ nondeterministic: true })
    const asked = [ask(), ask()]
    waiting[0]?.resolve(evaluated('v', { recorded: new Map([['k', CLOCK]]) }))
    expect(await Promise.all(asked)).toMatchObject([{ cached: false }, { cached: true, result: 'v' }])
  })

  it('are not joined by one that comes after a purge, and what began before it is not kept', async () => {
    const { ask, waiting, evaluated, cache } = setUp()
    const before = ask()
    cache.purge('alice')
    const after = ask()
    expect(waiting).toHaveLength(2)
    waiting[1]?.resolve(evaluated('new'))
    await after
    waiting[0]?.resolve(evaluated('old'))
    expect(await before).toMatchObject({ result: 'old' })
    expect(await ask()).toMatchObject({ result: 'new', cached: true })
  })

  it.each([
    ['undefined', undefined, true],
    ['out of contract', { allow: 1 }, false],
  ])('keep nothing where the result is %s', async (_title, result, isFit) => {
    const { ask, waiting, evaluated, cache } = setUp()
    const asked = ask()
    waiting[0]?.resolve(evaluated(result, { isFit }))
    expect(await asked).toMatchObject({ cached: false })
    expect(cache.stats.entries).toBe(0)
  })
})
