/** The set of signing keys: read as of one moment, replaced as a whole, by one of any number at once. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import { KEY_SET_SECONDS } from '../../kernel/key-times.ts'
import type { SigningKeyRecord } from '../records.ts'
import type { Conformance, Subject } from './subject.ts'

export const aSigningKey = (kid: string, now: number): SigningKeyRecord => ({
  v: 2,
  kid,
  alg: 'ES256',
  publicJwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' },
  sealed: `sealed-${kid}`,
  kekId: 'kek',
  createdAt: now,
  state: 'current',
  since: now,
  readyAt: now,
})

export function signingKeyConformance({ clock }: Conformance, openEmpty: () => Promise<Subject>): void {
  const initialised = async (...names: string[]) => {
    const opened = await openEmpty()
    const keys = names.map((name) => aSigningKey(name, clock.seconds()))
    await opened.store.platform.initialise({ checkRecord: 'check', signingKeys: keys })
    return { ...opened, second: await opened.another(), keys }
  }

  describe('signing keys', () => {
    it('reads what was written, in its order, as every node sees it', async () => {
      const { store, second, keys, close } = await initialised('b', 'a', 'c')
      const set = await second.signingKeys.read()
      expect(set.keys).toEqual(keys)
      expect(await store.signingKeys.tag()).toBe(set.tag)
      expect((await store.signingKeys.read()).nowSeconds).toBeGreaterThanOrEqual(set.nowSeconds)
      expect(set.nowSeconds).toBeGreaterThan(1_700_000_000)
      await close()
    })

    it('replaces the whole set, and says by its tag that it did', async () => {
      const { store, second, keys, close } = await initialised('a', 'b')
      const set = await store.signingKeys.read()
      const [first] = keys
      const next: SigningKeyRecord[] = [
        { ...aSigningKey('z', 9), alg: 'RS256', state: 'next', readyAt: 99, asked: true },
        ...(first ? [{ ...first, state: 'retiring' as const, since: 7 }] : []),
      ]
      expect(await store.signingKeys.replace(set, next)).toBe('written')
      const read = await second.signingKeys.read()
      expect(read.keys).toEqual(next)
      expect(read.tag).not.toBe(set.tag)
      expect(await second.signingKeys.tag()).toBe(read.tag)
      expect(await second.signingKeys.replace(read, next)).toBe('written')
      expect(await store.signingKeys.tag()).not.toBe(read.tag)
      await close()
    })

    it('is not replaced by who read it before another did, nor with times that are late', async () => {
      const { store, second, keys, close } = await initialised('a')
      const set = await store.signingKeys.read()
      expect(await second.signingKeys.replace(await second.signingKeys.read(), [...keys, aSigningKey('b', 1)])).toBe(
        'written',
      )
      expect(await store.signingKeys.replace(set, keys)).toBe('conflict')
      const fresh = await store.signingKeys.read()
      expect(fresh.keys.map(({ kid }) => kid)).toEqual(['a', 'b'])
      const late = { ...fresh, nowSeconds: fresh.nowSeconds - KEY_SET_SECONDS - 1 }
      expect(await store.signingKeys.replace(late, keys)).toBe('conflict')
      expect(await second.signingKeys.read()).toMatchObject({ tag: fresh.tag, keys: fresh.keys })
      await close()
    })

    it('of 40 replacements at once, from two nodes, one is written', async () => {
      const { store, second, keys, close } = await initialised('a')
      const set = await store.signingKeys.read()
      const contenders = Array.from({ length: 40 }, () => aSigningKey(randomId(8), 1))
      const results = await Promise.all(
        contenders.map((key, index) => (index % 2 ? store : second).signingKeys.replace(set, [...keys, key])),
      )
      expect(results.filter((result) => result === 'written')).toHaveLength(1)
      const winner = contenders[results.indexOf('written')]
      expect((await second.signingKeys.read()).keys).toEqual([...keys, winner])
      await close()
    })

    it('loses no change of nodes that try again after a conflict', async () => {
      const { store, second, close } = await initialised('a')
      const names = Array.from({ length: 12 }, (_, index) => `k${index}`)
      const add = async (name: string, index: number) => {
        const { signingKeys } = index % 2 ? store : second
        for (;;) {
          const set = await signingKeys.read()
          if ((await signingKeys.replace(set, [...set.keys, aSigningKey(name, 1)])) === 'written') return
        }
      }
      await Promise.all(names.map(add))
      const { keys } = await store.signingKeys.read()
      expect(keys.map(({ kid }) => kid).sort()).toEqual(['a', ...names].sort())
      await close()
    })

    it('puts a check record in the place of the one that was read, once of 20 at once', async () => {
      const { store, second, close } = await initialised('a')
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? store : second).platform.replaceCheckRecord('check', `check-${index}`),
        ),
      )
      expect(results.filter((result) => result === 'written')).toHaveLength(1)
      expect(await second.platform.checkRecord()).toBe(`check-${results.indexOf('written')}`)
      expect(await store.platform.replaceCheckRecord('check', 'x')).toBe('conflict')
      await close()
    })
  })
}
