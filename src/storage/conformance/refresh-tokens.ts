/** RefreshTokenStore: rotation, and reuse that ends the family (RFC 9700 4.14.2). */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import type { GrantRecord } from '../records.ts'
import { aCode, aGrant, aPair, aRefreshToken, type Conformance, newTenant } from './subject.ts'

export function refreshTokenConformance({ clock, subject }: Conformance): void {
  const redeemed = async () => {
    const [tenant, code, grant] = [newTenant(), randomId(32), aGrant(clock.seconds())]
    await subject().store.codes.issue(tenant, grant, code, aCode(clock.seconds()))
    const pair = aPair(clock.seconds(), grant)
    await subject().store.codes.redeem(tenant, grant.grantId, code, pair.successors)
    return { tenant, grant, grantId: grant.grantId, digest: pair.digest, code, jti: pair.jti }
  }

  describe('refresh tokens', () => {
    it('rotates: the new pair lives, the old token is known as used (RFC 9700 4.14.2)', async () => {
      const { refreshTokens, accessTokens } = subject().store
      const { tenant, grant, grantId, digest } = await redeemed()
      clock.advance(100)
      const next = aPair(clock.seconds(), grant)
      expect(await refreshTokens.rotate(tenant, grantId, digest, next.successors)).toBe('rotated')
      expect((await refreshTokens.peek(tenant, grantId, digest))?.used).toBe(true)
      const fresh = await refreshTokens.peek(tenant, grantId, next.digest)
      expect(fresh).toMatchObject({ used: false, token: next.successors.refreshToken?.record })
      expect(fresh?.grant.expiresAt).toBe(next.successors.grantExpiresAt)
      const state = await accessTokens.state(tenant, { jti: next.jti, grantId, clientId: 'client' })
      expect(state.token).toEqual(next.successors.accessToken)
    })

    it('knows when a grant last gave a refresh token, however old the last one is', async () => {
      const { grants, codes, refreshTokens } = subject().store
      const { tenant, grant, grantId, digest } = await redeemed()
      const first = clock.seconds()
      expect(await grants.lastRefreshedAt(tenant, grantId)).toBe(first)
      clock.advance(100)
      await refreshTokens.rotate(tenant, grantId, digest, aPair(clock.seconds(), grant).successors)
      clock.advance(1)
      expect(await grants.lastRefreshedAt(tenant, grantId)).toBe(first + 100)
      expect(await grants.lastRefreshedAt(newTenant(), grantId)).toBeUndefined()
      const online = aGrant(clock.seconds())
      await codes.issue(tenant, online, randomId(32), aCode(clock.seconds()))
      expect(await grants.lastRefreshedAt(tenant, online.grantId)).toBeUndefined()
    })

    it('revokes the family when a used token is rotated again, its newest token included', async () => {
      const { refreshTokens, grants } = subject().store
      const { tenant, grant, grantId, digest } = await redeemed()
      const next = aPair(clock.seconds(), grant)
      await refreshTokens.rotate(tenant, grantId, digest, next.successors)
      const stolen = aPair(clock.seconds(), grant)
      expect(await refreshTokens.rotate(tenant, grantId, digest, stolen.successors)).toBe('reused')
      expect((await grants.find(tenant, grantId))?.revoked).toBe(true)
      expect(await refreshTokens.peek(tenant, grantId, stolen.digest)).toBeUndefined()
      const later = aPair(clock.seconds(), grant)
      expect(await refreshTokens.rotate(tenant, grantId, next.digest, later.successors)).toBe('revoked')
    })

    it('ends the family by reuse of a used token only, again and again', async () => {
      const { refreshTokens, grants } = subject().store
      const { tenant, grant, grantId, digest } = await redeemed()
      expect(await refreshTokens.reuse(tenant, grantId, randomId(32))).toBe('missing')
      expect(await refreshTokens.reuse(tenant, grantId, digest)).toBe('missing')
      expect((await grants.find(tenant, grantId))?.revoked).toBe(false)
      await refreshTokens.rotate(tenant, grantId, digest, aPair(clock.seconds(), grant).successors)
      expect(await refreshTokens.reuse(tenant, grantId, digest)).toBe('reused')
      expect(await refreshTokens.reuse(tenant, grantId, digest)).toBe('reused')
      expect((await grants.find(tenant, grantId))?.revoked).toBe(true)
    })

    it('sees the reuse of a token that expired since it was used', async () => {
      const { refreshTokens, codes, grants } = subject().store
      const [tenant, code, grant] = [newTenant(), randomId(32), aGrant(clock.seconds())]
      await codes.issue(tenant, grant, code, aCode(clock.seconds()))
      const { successors, digest } = aPair(clock.seconds(), grant)
      const record = aRefreshToken(clock.seconds(), { expiresAt: clock.seconds() + 20 })
      await codes.redeem(tenant, grant.grantId, code, { ...successors, refreshToken: { digest, record } })
      await refreshTokens.rotate(tenant, grant.grantId, digest, aPair(clock.seconds(), grant).successors)
      clock.advance(20)
      const late = aPair(clock.seconds(), grant)
      expect(await refreshTokens.rotate(tenant, grant.grantId, digest, late.successors)).toBe('reused')
      expect((await grants.find(tenant, grant.grantId))?.revoked).toBe(true)
    })

    it('answers missing for an unknown or expired token, and a code is no refresh token', async () => {
      const { refreshTokens, grants } = subject().store
      const { tenant, grant, grantId, digest, code } = await redeemed()
      const next = aPair(clock.seconds(), grant)
      expect(await refreshTokens.peek(tenant, grantId, code)).toBeUndefined()
      expect(await refreshTokens.rotate(tenant, grantId, code, next.successors)).toBe('missing')
      expect(await refreshTokens.rotate(tenant, randomId(), digest, next.successors)).toBe('missing')
      expect((await grants.find(tenant, grantId))?.revoked).toBe(false)
      clock.advance(60 * 60)
      expect(await refreshTokens.peek(tenant, grantId, digest)).toBeUndefined()
      expect(await refreshTokens.rotate(tenant, grantId, digest, next.successors)).toBe('missing')
    })

    /** A pair whose predecessor may be presented again. */
    const graced = (grant: GrantRecord, seconds = 30, uses = 3) => {
      const pair = aPair(clock.seconds(), grant)
      const { refreshToken, ...rest } = pair.successors
      if (refreshToken === undefined) throw new Error('aPair gives a refresh token')
      const grace = { until: clock.seconds() + seconds, uses, sealed: `sealed_${pair.digest}` }
      return { ...pair, sealed: grace.sealed, successors: { ...rest, refreshToken: { ...refreshToken, grace } } }
    }
    const again = async (at: Awaited<ReturnType<typeof redeemed>>, pair = aPair(clock.seconds(), at.grant)) => {
      const { refreshTokens, grants, accessTokens } = subject().store
      const answer = await refreshTokens.rotate(at.tenant, at.grantId, at.digest, pair.successors)
      const { token } = await accessTokens.state(at.tenant, { jti: pair.jti, grantId: at.grantId, clientId: 'client' })
      const stored = await refreshTokens.peek(at.tenant, at.grantId, pair.digest)
      const revoked = (await grants.find(at.tenant, at.grantId))?.revoked
      return { answer, written: token !== undefined, another: stored !== undefined, revoked }
    }

    it('gives the same successor within its grace, with a new access token, and writes no other (checklist 21)', async () => {
      const { refreshTokens } = subject().store
      const at = await redeemed()
      const first = graced(at.grant)
      expect(await refreshTokens.rotate(at.tenant, at.grantId, at.digest, first.successors)).toBe('rotated')
      expect(await refreshTokens.peek(at.tenant, at.grantId, at.digest)).toMatchObject({ used: true, inGrace: true })
      const answered = { answer: { again: first.sealed }, written: true, another: false, revoked: false }
      expect(await again(at)).toEqual(answered)
      expect(await again(at, graced(at.grant))).toEqual(answered)
      const next = aPair(clock.seconds(), at.grant)
      expect(await refreshTokens.rotate(at.tenant, at.grantId, first.digest, next.successors)).toBe('rotated')
    })

    it.each([
      ['its time is over', async () => clock.advance(30)],
      ['its uses are spent', async (at, again) => Promise.all([again(at), again(at), again(at)])],
      [
        'its successor was used',
        async (at, _again, first) =>
          subject().store.refreshTokens.rotate(
            at.tenant,
            at.grantId,
            first,
            aPair(clock.seconds(), at.grant).successors,
          ),
      ],
    ] satisfies [string, (at: Awaited<ReturnType<typeof redeemed>>, more: typeof again, first: string) => unknown][])(
      'sees reuse where a grace has ended: %s (checklist 21)',
      async (_title, end) => {
        const { refreshTokens } = subject().store
        const at = await redeemed()
        const first = graced(at.grant)
        await refreshTokens.rotate(at.tenant, at.grantId, at.digest, first.successors)
        await end(at, again, first.digest)
        expect(await refreshTokens.peek(at.tenant, at.grantId, at.digest)).toMatchObject({ used: true, inGrace: false })
        expect(await again(at)).toEqual({ answer: 'reused', written: false, another: false, revoked: true })
      },
    )

    it('answers nothing from the grace of a grant that was revoked', async () => {
      const { refreshTokens, grants } = subject().store
      const at = await redeemed()
      await refreshTokens.rotate(at.tenant, at.grantId, at.digest, graced(at.grant).successors)
      await grants.revoke(at.tenant, at.grantId)
      expect(await again(at)).toMatchObject({ answer: 'reused', written: false, revoked: true })
    })

    it('reports reuse of a token in its grace where policy grants none any more', async () => {
      const { refreshTokens, grants } = subject().store
      const at = await redeemed()
      await refreshTokens.rotate(at.tenant, at.grantId, at.digest, graced(at.grant).successors)
      expect(await refreshTokens.reuse(at.tenant, at.grantId, at.digest)).toBe('reused')
      expect((await grants.find(at.tenant, at.grantId))?.revoked).toBe(true)
    })
  })
}
