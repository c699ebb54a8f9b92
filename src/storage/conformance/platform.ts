/** Limits, marks and the once-only steps of `init`. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import { aSigningKey as aKey } from './signing-keys.ts'
import { type Conformance, newTenant, type Subject } from './subject.ts'

export function platformConformance({ clock, subject }: Conformance, openEmpty: () => Promise<Subject>): void {
  describe('limits', () => {
    it('counts hits, starting anew when the window after the first has passed', async () => {
      const { limits } = subject().store
      const [tenant, key] = [newTenant(), 'login:{a}']
      expect(await limits.count(tenant, key)).toBe(0)
      expect(await limits.hit(tenant, key, 60)).toBe(1)
      clock.advance(59)
      expect(await limits.hit(tenant, key, 60)).toBe(2)
      expect(await limits.count(tenant, key)).toBe(2)
      clock.advance(1)
      expect(await limits.count(tenant, key)).toBe(0)
      expect(await limits.hit(tenant, key, 60)).toBe(1)
      await limits.clear(tenant, key)
      expect(await limits.count(tenant, key)).toBe(0)
    })

    it('adds many hits in one step, and none of them is lost beside others', async () => {
      const { store, another } = subject()
      const tenant = newTenant()
      const second = await another()
      expect(await store.limits.hit(tenant, 'k', 60, 40)).toBe(40)
      const values = await Promise.all([1, 2, 3, 4].map((hits) => second.limits.hit(tenant, 'k', 60, hits)))
      expect(Math.max(...values)).toBe(50)
      expect(await store.limits.count(tenant, 'k')).toBe(50)
      clock.advance(60)
      expect(await second.limits.hit(tenant, 'k', 60, 7)).toBe(7)
    })

    it('loses none of 50 hits at once', async () => {
      const { store, another } = subject()
      const tenant = newTenant()
      const second = await another()
      const values = await Promise.all(
        Array.from({ length: 50 }, (_, index) => (index % 2 ? store : second).limits.hit(tenant, 'k', 60)),
      )
      expect(values.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    })
  })

  describe('marks', () => {
    it('raises and never lowers; the same version stands for one revision only', async () => {
      const { marks } = subject().store
      const bundle = `bundle-${randomId(4)}`
      const high = 1_795_562_371_234
      expect(await marks.read(bundle)).toBeUndefined()
      expect(await marks.raise(bundle, high, 'r1')).toBe('raised')
      expect(await marks.raise(bundle, high, 'r1')).toBe('raised')
      expect(await marks.raise(bundle, high, 'r2')).toBe('conflict')
      expect(await marks.raise(bundle, high - 1, 'r0')).toBe('conflict')
      expect(await marks.read(bundle)).toEqual({ version: high, revision: 'r1' })
      expect(await marks.raise(bundle, high + 1, 'r2')).toBe('raised')
      expect(await marks.read(bundle)).toEqual({ version: high + 1, revision: 'r2' })
    })

    it('ends at the highest of parallel raises', async () => {
      const { store, another } = subject()
      const bundle = `bundle-${randomId(4)}`
      const second = await another()
      await Promise.all(
        Array.from({ length: 30 }, (_, index) => {
          const version = ((index * 7) % 30) + 1
          return (index % 2 ? store : second).marks.raise(bundle, version, `r${version}`)
        }),
      )
      expect(await store.marks.read(bundle)).toEqual({ version: 30, revision: 'r30' })
    })
  })

  describe('initialisation', () => {
    it('begins empty, and of two nodes at once one initialises', async () => {
      const empty = await openEmpty()
      const second = await empty.another()
      const { platform, signingKeys } = empty.store
      expect(await platform.checkRecord()).toBeUndefined()
      expect((await signingKeys.read()).keys).toEqual([])
      const seed = (name: string) => ({
        checkRecord: `check-${name}`,
        signingKeys: [aKey(name, clock.seconds()), aKey(`${name}-next`, clock.seconds())],
        setup: { digest: `setup-${name}`, expiresAt: clock.seconds() + 60 * 60 },
      })
      const results = await Promise.all([platform.initialise(seed('a')), second.platform.initialise(seed('b'))])
      expect(results.toSorted()).toEqual(['already', 'initialised'])
      const winner = results[0] === 'initialised' ? 'a' : 'b'
      const loser = winner === 'a' ? 'b' : 'a'
      expect(await second.platform.checkRecord()).toBe(`check-${winner}`)
      expect(await platform.checkRecord()).toBe(`check-${winner}`)
      expect((await second.signingKeys.read()).keys).toEqual([
        aKey(winner, clock.seconds()),
        aKey(`${winner}-next`, clock.seconds()),
      ])
      expect(await platform.peekSetup(`setup-${loser}`, clock.seconds())).toBe(false)
      expect(await platform.peekSetup(`setup-${winner}`, clock.seconds())).toBe(true)
      expect(await platform.initialise(seed('c'))).toBe('already')
      await empty.close()
    })

    it('gives the setup credential to one taker, within its time', async () => {
      const empty = await openEmpty()
      const second = await empty.another()
      const expiresAt = clock.seconds() + 60 * 60
      await empty.store.platform.initialise({
        checkRecord: 'check',
        signingKeys: [aKey('k', clock.seconds())],
        setup: { digest: 'setup', expiresAt },
      })
      const { platform } = empty.store
      expect(await platform.takeSetup('other', clock.seconds())).toBe(false)
      expect(await platform.peekSetup('setup', expiresAt)).toBe(false)
      expect(await platform.takeSetup('setup', expiresAt)).toBe(false)
      const taken = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? platform : second.platform).takeSetup('setup', clock.seconds()),
        ),
      )
      expect(taken.filter(Boolean)).toHaveLength(1)
      expect(await platform.peekSetup('setup', clock.seconds())).toBe(false)
      await empty.close()
    })

    it('initialises without a setup credential', async () => {
      const empty = await openEmpty()
      const { platform, signingKeys } = empty.store
      const keys = [aKey('k', clock.seconds())]
      expect(await platform.initialise({ checkRecord: 'check', signingKeys: keys })).toBe('initialised')
      expect((await signingKeys.read()).keys).toEqual(keys)
      await empty.close()
    })
  })
}
