/** Every method that takes a tenant, asked by another tenant: it sees nothing and changes nothing. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import { aClient, aCode, aGrant, anAccessToken, aPair, aUser, type Conformance, newTenant } from './subject.ts'

export function isolationConformance({ clock, subject }: Conformance): void {
  describe('tenants', () => {
    it('hides clients and users, and keeps their ids and names apart', async () => {
      const { clients, users } = subject().store
      const [a, b] = [newTenant(), newTenant()]
      const [client, user] = [aClient(clock.seconds()), aUser(clock.seconds())]
      await clients.create(a, client)
      await users.create(a, user)
      expect(await clients.find(b, client.clientId)).toBeUndefined()
      expect(await clients.replace(b, client, 1)).toBe('missing')
      expect(await clients.revokeAll(b, client.clientId)).toBe('missing')
      expect(await clients.delete(b, client.clientId)).toBe('missing')
      expect((await clients.list(b, 0, 10)).total).toBe(0)
      expect(await users.find(b, user.sub)).toBeUndefined()
      expect(await users.findByUserName(b, user.userName)).toBeUndefined()
      expect(await users.replace(b, user, 1)).toBe('missing')
      expect(await users.revokeAll(b, user.sub)).toBe('missing')
      expect(await users.delete(b, user.sub)).toBe('missing')
      expect((await users.list(b, 0, 10)).total).toBe(0)
      expect(await clients.create(b, { ...client, name: 'b' })).toBe('written')
      expect(await users.create(b, { ...user, roles: ['b'] })).toBe('written')
      expect(await clients.find(a, client.clientId)).toEqual(client)
      expect(await users.findByUserName(a, user.userName)).toEqual(user)
    })

    it('hides sessions, interactions, consents, limits and what was used', async () => {
      const { sessions, interactions, consents, limits, replay } = subject().store
      const [a, b, digest, now] = [newTenant(), newTenant(), randomId(32), clock.seconds()]
      const dates = { createdAt: now, expiresAt: now + 60 }
      await sessions.put(a, digest, {
        v: 1,
        sid: 'i',
        sub: 's',
        acr: '',
        amr: [],
        authTime: now,
        userEpoch: 1,
        ...dates,
      })
      const request = { clientId: 'c', redirectUri: 'https://c.example', scopes: [], resources: [], browserDigest: 'd' }
      await interactions.put(a, digest, { v: 1, ...request, ...dates })
      await consents.put(a, 's', 'c', { v: 1, scopes: [], grantedAt: now, expiresAt: now + 60 })
      await limits.hit(a, 'k', 60)
      for (const tenant of [a, b]) expect(await replay.firstUse(tenant, digest, now + 60)).toBe(true)
      const [foreign] = (await sessions.list(a, {}, 0, 1)).records
      if (foreign) expect(await sessions.replace(b, digest, foreign, 0)).toBe('missing')
      await sessions.delete(b, digest)
      await sessions.end(b, 'i')
      await consents.delete(b, 's', 'c')
      await limits.clear(b, 'k')
      expect(await sessions.find(b, digest)).toBeUndefined()
      expect(await sessions.findById(b, 'i')).toBeUndefined()
      expect(await sessions.list(b, {}, 0, 10)).toEqual({ total: 0, records: [] })
      expect((await sessions.list(a, {}, 0, 10)).total).toBe(1)
      expect(await interactions.find(b, digest)).toBeUndefined()
      expect(await interactions.replace(b, digest, { v: 1, ...request, ...dates })).toBe('missing')
      expect(await interactions.take(b, digest)).toBeUndefined()
      expect(await consents.find(b, 's', 'c')).toBeUndefined()
      expect(await limits.count(b, 'k')).toBe(0)
      expect(await limits.hit(b, 'k', 60)).toBe(1)
      expect(await sessions.find(a, digest)).toBeDefined()
      expect(await interactions.find(a, digest)).toBeDefined()
      expect(await consents.find(a, 's', 'c')).toBeDefined()
      expect(await limits.count(a, 'k')).toBe(1)
    })

    it('hides grants, codes and tokens', async () => {
      const { codes, refreshTokens, accessTokens, grants } = subject().store
      const [a, b, code, grant] = [newTenant(), newTenant(), randomId(32), aGrant(clock.seconds())]
      const { grantId } = grant
      const [pair, next] = [aPair(clock.seconds(), grant), aPair(clock.seconds(), grant)]
      const bare = anAccessToken(clock.seconds())
      await codes.issue(a, grant, code, aCode(clock.seconds()))
      await accessTokens.put(a, bare)
      expect(await codes.peek(b, grantId, code)).toBeUndefined()
      expect(await codes.redeem(b, grantId, code, next.successors)).toBe('missing')
      expect(await codes.burn(b, grantId, code)).toBe('missing')
      expect(await codes.redeem(a, grantId, code, pair.successors)).toBe('redeemed')
      expect(await refreshTokens.peek(b, grantId, pair.digest)).toBeUndefined()
      expect(await refreshTokens.rotate(b, grantId, pair.digest, next.successors)).toBe('missing')
      expect(await codes.redeem(b, grantId, code, next.successors)).toBe('missing')
      expect(await refreshTokens.rotate(a, grantId, pair.digest, next.successors)).toBe('rotated')
      expect(await refreshTokens.reuse(b, grantId, pair.digest)).toBe('missing')
      expect(await grants.find(b, grantId)).toBeUndefined()
      expect((await grants.list(b, { clientId: 'client' }, 0, 10)).total).toBe(0)
      expect((await grants.list(a, { clientId: 'client' }, 0, 10)).total).toBe(1)
      await grants.revoke(b, grantId)
      await accessTokens.revoke(b, bare.jti)
      await accessTokens.revoke(b, pair.jti, grantId)
      const key = { jti: pair.jti, grantId, clientId: 'client', sub: 'person' }
      expect(await accessTokens.state(b, key)).toEqual({})
      const state = await accessTokens.state(a, key)
      expect([state.token?.revoked, state.grant?.revoked]).toEqual([false, false])
      expect((await accessTokens.state(a, { jti: bare.jti, clientId: 'client' })).token).toEqual(bare)
    })
  })
}
