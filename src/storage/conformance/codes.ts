/** CodeStore and GrantStore: a code gives tokens once, in one step with its grant (RFC 6749 4.1.2). */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import type { GrantRecord } from '../records.ts'
import { aCode, aGrant, aPair, type Conformance, newTenant } from './subject.ts'

export function codeConformance({ clock, subject }: Conformance): void {
  const issue = async (values: Partial<GrantRecord> = {}) => {
    const [tenant, digest, grant] = [newTenant(), randomId(32), aGrant(clock.seconds(), values)]
    await subject().store.codes.issue(tenant, grant, digest, aCode(clock.seconds()))
    return { tenant, digest, grant, grantId: grant.grantId }
  }

  describe('codes and grants', () => {
    it('redeems once, writing the tokens and the longer grant in the same step (RFC 6749 4.1.2)', async () => {
      const { codes, accessTokens, refreshTokens, grants } = subject().store
      const { tenant, digest, grant, grantId } = await issue()
      const code = aCode(clock.seconds())
      expect(await codes.peek(tenant, grantId, digest)).toEqual({ grant, code, used: false })
      expect(await codes.peek(tenant, grantId, digest)).toEqual({ grant, code, used: false })
      const { successors, jti, digest: next } = aPair(clock.seconds(), grant)
      expect(await codes.redeem(tenant, grantId, digest, successors)).toBe('redeemed')
      const longer = { ...grant, expiresAt: successors.grantExpiresAt }
      expect(await grants.find(tenant, grantId)).toEqual(longer)
      expect(await codes.peek(tenant, grantId, digest)).toEqual({ grant: longer, code, used: true })
      const state = await accessTokens.state(tenant, { jti, grantId, clientId: 'client', sub: 'person' })
      expect(state).toEqual({ token: successors.accessToken, grant: longer })
      const refresh = await refreshTokens.peek(tenant, grantId, next)
      expect(refresh).toEqual({ grant: longer, token: successors.refreshToken?.record, used: false, inGrace: false })
    })

    it('redeems without a refresh token, and never shortens the grant', async () => {
      const { codes, grants } = subject().store
      const { tenant, digest, grant, grantId } = await issue()
      const { accessToken } = aPair(clock.seconds(), grant).successors
      expect(await codes.redeem(tenant, grantId, digest, { accessToken, grantExpiresAt: 1 })).toBe('redeemed')
      expect((await grants.find(tenant, grantId))?.expiresAt).toBe(grant.expiresAt)
    })

    it('answers reused and revokes the grant at a second use, also after the code itself expired', async () => {
      const { codes, accessTokens, grants } = subject().store
      const { tenant, digest, grant, grantId } = await issue()
      const first = aPair(clock.seconds(), grant)
      await codes.redeem(tenant, grantId, digest, first.successors)
      clock.advance(61)
      expect((await codes.peek(tenant, grantId, digest))?.used).toBe(true)
      const second = aPair(clock.seconds(), grant)
      expect(await codes.redeem(tenant, grantId, digest, second.successors)).toBe('reused')
      expect((await grants.find(tenant, grantId))?.revoked).toBe(true)
      const key = { grantId, clientId: 'client', sub: 'person' }
      expect((await accessTokens.state(tenant, { ...key, jti: first.jti })).grant?.revoked).toBe(true)
      expect((await accessTokens.state(tenant, { ...key, jti: second.jti })).token).toBeUndefined()
      expect(await codes.redeem(tenant, grantId, digest, second.successors)).toBe('reused')
    })

    it('answers missing for an unknown or expired code, and for one whose grant ended', async () => {
      const { codes } = subject().store
      const { tenant, digest, grant, grantId } = await issue()
      const { successors } = aPair(clock.seconds(), grant)
      expect(await codes.redeem(tenant, grantId, randomId(32), successors)).toBe('missing')
      expect(await codes.redeem(tenant, randomId(), digest, successors)).toBe('missing')
      expect(await codes.burn(tenant, grantId, randomId(32))).toBe('missing')
      clock.advance(60)
      expect(await codes.peek(tenant, grantId, digest)).toBeUndefined()
      expect(await codes.redeem(tenant, grantId, digest, successors)).toBe('missing')
      const short = await issue({ expiresAt: clock.seconds() + 10 })
      clock.advance(10)
      expect(await codes.peek(short.tenant, short.grantId, short.digest)).toBeUndefined()
      expect(await codes.redeem(short.tenant, short.grantId, short.digest, successors)).toBe('missing')
    })

    it('forgets a used code no earlier than its grant ends', async () => {
      const { codes, grants } = subject().store
      const { tenant, digest, grant, grantId } = await issue()
      const { successors } = aPair(clock.seconds(), grant)
      await codes.redeem(tenant, grantId, digest, successors)
      clock.advance(60 * 60 - 1)
      expect((await codes.peek(tenant, grantId, digest))?.used).toBe(true)
      clock.advance(1)
      expect(await codes.peek(tenant, grantId, digest)).toBeUndefined()
      expect(await grants.find(tenant, grantId)).toBeUndefined()
    })

    it('burns a code: nothing is issued, and a later use is reuse', async () => {
      const { codes, grants } = subject().store
      const { tenant, digest, grant, grantId } = await issue()
      expect(await codes.burn(tenant, grantId, digest)).toBe('redeemed')
      expect((await codes.peek(tenant, grantId, digest))?.used).toBe(true)
      expect((await grants.find(tenant, grantId))?.revoked).toBe(false)
      expect(await codes.redeem(tenant, grantId, digest, aPair(clock.seconds(), grant).successors)).toBe('reused')
      expect((await grants.find(tenant, grantId))?.revoked).toBe(true)
      const other = await issue()
      await codes.burn(other.tenant, other.grantId, other.digest)
      expect(await codes.burn(other.tenant, other.grantId, other.digest)).toBe('reused')
      expect((await grants.find(other.tenant, other.grantId))?.revoked).toBe(true)
    })

    it('redeems nothing on a revoked grant; the flag is terminal', async () => {
      const { codes, grants, accessTokens } = subject().store
      const { tenant, digest, grant, grantId } = await issue()
      await grants.revoke(tenant, grantId)
      await grants.revoke(tenant, grantId)
      await grants.revoke(tenant, randomId())
      expect(await grants.find(tenant, grantId)).toEqual({ ...grant, revoked: true })
      const { successors, jti } = aPair(clock.seconds(), grant)
      expect(await codes.redeem(tenant, grantId, digest, successors)).toBe('revoked')
      expect((await accessTokens.state(tenant, { jti, grantId, clientId: 'client' })).token).toBeUndefined()
      expect((await codes.peek(tenant, grantId, digest))?.used).toBe(false)
    })

    it('never lets a grant id be issued twice: a revoked grant stays revoked', async () => {
      const { codes, grants } = subject().store
      const { tenant, grant, grantId } = await issue()
      await grants.revoke(tenant, grantId)
      await expect(codes.issue(tenant, grant, randomId(32), aCode(clock.seconds()))).rejects.toThrow()
      expect((await grants.find(tenant, grantId))?.revoked).toBe(true)
    })

    it('leaves no grant behind when one is revoked before it exists', async () => {
      const { grants } = subject().store
      const [tenant, grantId] = [newTenant(), randomId()]
      await grants.revoke(tenant, grantId)
      expect(await grants.find(tenant, grantId)).toBeUndefined()
    })
  })
}
