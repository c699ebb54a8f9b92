/** Races on one grant, from two nodes at once: exactly one wins, and nothing outlives a revocation. */
import { describe, expect, it } from 'vitest'
import type { Store } from '../port.ts'
import { aGrant, aPair, type Conformance, isLive, issueCode } from './subject.ts'

const CONTENDERS = 50

export function raceConformance({ clock, subject }: Conformance): void {
  const issued = async () => {
    const { store } = subject()
    const { tenant, client, user, grant, code } = await issueCode(store, clock.seconds())
    const live = async (jti: string) =>
      isLive(await store.accessTokens.state(tenant, { jti, grantId: grant.grantId, ...client, sub: user.sub }))
    return { tenant, grant, grantId: grant.grantId, code, live }
  }
  const contend = async <T>(run: (store: Store, pair: ReturnType<typeof aPair>) => Promise<T>, grant = aGrant(0)) => {
    const { store, another } = subject()
    const second = await another()
    const pairs = Array.from({ length: CONTENDERS }, () => aPair(clock.seconds(), grant))
    const results = await Promise.all(pairs.map((pair, index) => run(index % 2 ? store : second, pair)))
    return pairs.map((pair, index) => ({ ...pair, result: results[index] }))
  }

  describe('races', () => {
    it('redeems a code once of 50 at once; the losers revoke what it gave (RFC 6749 4.1.2; checklist 51)', async () => {
      const { tenant, grant, grantId, code, live } = await issued()
      const all = await contend(({ codes }, { successors }) => codes.redeem(tenant, grantId, code, successors), grant)
      expect(all.filter(({ result }) => result === 'redeemed')).toHaveLength(1)
      expect(all.filter(({ result }) => result === 'reused')).toHaveLength(CONTENDERS - 1)
      expect((await subject().store.grants.find(tenant, grantId))?.revoked).toBe(true)
      for (const { jti } of all) expect(await live(jti)).toBe(false)
      const winner = all.find(({ result }) => result === 'redeemed')
      const next = aPair(clock.seconds(), grant).successors
      const rotated = await subject().store.refreshTokens.rotate(tenant, grantId, winner?.digest ?? '', next)
      expect(rotated).toBe('revoked')
    })

    it('within a grace one of 50 rotates, all others get its successor, and one family lives on (checklist 21)', async () => {
      const { tenant, grant, grantId, code, live } = await issued()
      const first = aPair(clock.seconds(), grant)
      await subject().store.codes.redeem(tenant, grantId, code, first.successors)
      const all = await contend(({ refreshTokens }, { digest, successors }) => {
        const { refreshToken, ...rest } = successors
        const grace = { until: clock.seconds() + 30, uses: CONTENDERS, sealed: digest }
        return refreshTokens.rotate(tenant, grantId, first.digest, {
          ...rest,
          ...(refreshToken && { refreshToken: { ...refreshToken, grace } }),
        })
      }, grant)
      const [winner, ...more] = all.filter(({ result }) => result === 'rotated')
      expect(more).toEqual([])
      const losers = all.filter((one) => one !== winner)
      for (const { result } of losers) expect(result).toEqual({ again: winner?.digest })
      for (const { jti } of all) expect(await live(jti)).toBe(true)
      for (const { digest } of losers)
        expect(await subject().store.refreshTokens.peek(tenant, grantId, digest)).toBeUndefined()
    })

    it('rotates a refresh token once of 50 at once; the losers end the family (RFC 9700 4.14.2; checklist 51)', async () => {
      const { tenant, grant, grantId, code, live } = await issued()
      const first = aPair(clock.seconds(), grant)
      await subject().store.codes.redeem(tenant, grantId, code, first.successors)
      expect(await live(first.jti)).toBe(true)
      const all = await contend(
        ({ refreshTokens }, { successors }) => refreshTokens.rotate(tenant, grantId, first.digest, successors),
        grant,
      )
      expect(all.filter(({ result }) => result === 'rotated')).toHaveLength(1)
      expect(all.filter(({ result }) => result === 'reused')).toHaveLength(CONTENDERS - 1)
      for (const { jti } of [first, ...all]) expect(await live(jti)).toBe(false)
    })

    it('lets no rotation in flight outlive a revocation', async () => {
      for (let round = 0; round < 10; round++) {
        const { tenant, grant, grantId, code, live } = await issued()
        const { store, another } = subject()
        const second = await another()
        const pairs = Array.from({ length: 6 }, () => aPair(clock.seconds(), grant))
        await store.codes.redeem(tenant, grantId, code, pairs[0]?.successors ?? aPair(0, grant).successors)
        const rotations = (async () => {
          for (const [index, { successors }] of pairs.entries()) {
            const used = pairs[index - 1]?.digest
            if (used !== undefined) await store.refreshTokens.rotate(tenant, grantId, used, successors)
          }
        })()
        await second.grants.revoke(tenant, grantId)
        for (const { jti } of pairs) expect(await live(jti)).toBe(false)
        await rotations
        for (const { jti } of pairs) expect(await live(jti)).toBe(false)
        const results = await Promise.all(
          pairs.map(({ digest }) =>
            store.refreshTokens.rotate(tenant, grantId, digest, aPair(clock.seconds(), grant).successors),
          ),
        )
        expect(results).not.toContain('rotated')
      }
    })

    it('burns or redeems a code, never both (checklist 51)', async () => {
      const { tenant, grant, grantId, code } = await issued()
      const { store, another } = subject()
      const { successors } = aPair(clock.seconds(), grant)
      const results = await Promise.all([
        store.codes.redeem(tenant, grantId, code, successors),
        (await another()).codes.burn(tenant, grantId, code),
      ])
      expect(results.toSorted()).toEqual(['redeemed', 'reused'])
      expect((await store.grants.find(tenant, grantId))?.revoked).toBe(true)
    })
  })
}
