/** AccessTokenStore: everything that liveness hangs on, in one read; what is deleted never reads as live again. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import { aClient, anAccessToken, aPair, aUser, type Conformance, isLive, issueCode, newTenant } from './subject.ts'

export function accessTokenConformance({ clock, subject }: Conformance): void {
  const clientCredentials = async () => {
    const [tenant, client] = [newTenant(), aClient(clock.seconds())]
    await subject().store.clients.create(tenant, client)
    const values = { clientId: client.clientId, clientEpoch: client.revocationEpoch }
    const token = anAccessToken(clock.seconds(), values)
    await subject().store.accessTokens.put(tenant, token)
    return { tenant, client, token, key: { jti: token.jti, clientId: client.clientId } }
  }
  const granted = async () => {
    const { store } = subject()
    const { tenant, client, user, grant, code } = await issueCode(store, clock.seconds())
    const { successors, jti } = aPair(clock.seconds(), grant)
    await store.codes.redeem(tenant, grant.grantId, code, successors)
    const key = { jti, grantId: grant.grantId, clientId: client.clientId, sub: user.sub }
    return { tenant, client, user, grant, key, live: async () => isLive(await store.accessTokens.state(tenant, key)) }
  }

  describe('access tokens', () => {
    it('reads a client credentials token with its client until it expires', async () => {
      const { accessTokens } = subject().store
      const { tenant, client, token, key } = await clientCredentials()
      expect(await accessTokens.state(tenant, key)).toEqual({ token, client })
      clock.advance(5 * 60)
      expect(await accessTokens.state(tenant, key)).toEqual({ client })
    })

    it('reads token, grant, client and user together', async () => {
      const { tenant, client, user, grant, key } = await granted()
      const state = await subject().store.accessTokens.state(tenant, key)
      expect(state).toMatchObject({ client, user, token: { jti: key.jti }, grant: { grantId: grant.grantId } })
      expect(isLive(state)).toBe(true)
    })

    it('reads the person of the grant, whatever identifier the token carries (OIDC Core 8.1)', async () => {
      const { accessTokens } = subject().store
      const { tenant, client, user, key } = await granted()
      for (const sub of [randomId(), undefined]) {
        const { sub: _, ...named } = key
        const state = await accessTokens.state(tenant, { ...named, ...(sub !== undefined && { sub }) })
        expect(state).toMatchObject({ client, user })
      }
    })

    it('reads all from the token where its client is not known (an opaque token)', async () => {
      const { accessTokens } = subject().store
      const { tenant, client, user, grant, key } = await granted()
      const state = await accessTokens.state(tenant, { jti: key.jti, grantId: key.grantId })
      expect(state).toMatchObject({ client, user, token: { jti: key.jti }, grant: { grantId: grant.grantId } })
      const bare = await clientCredentials()
      expect(await accessTokens.state(bare.tenant, { jti: bare.key.jti })).toEqual({
        token: bare.token,
        client: bare.client,
      })
      expect(await accessTokens.state(bare.tenant, { jti: randomId() })).toEqual({})
    })

    it('leaves out what is not there, and a token under another grant', async () => {
      const { accessTokens } = subject().store
      const { tenant, client, user, grant, key } = await granted()
      const other = { jti: randomId(), grantId: randomId(), clientId: randomId(), sub: randomId() }
      expect(await accessTokens.state(tenant, other)).toEqual({})
      expect(await accessTokens.state(tenant, { ...key, grantId: other.grantId })).toEqual({ client, user })
      expect(await accessTokens.state(tenant, { jti: key.jti, clientId: key.clientId })).toEqual({ client })
      const bare = await clientCredentials()
      const state = await accessTokens.state(bare.tenant, { ...bare.key, grantId: grant.grantId })
      expect(state).toEqual({ client: bare.client })
    })

    it('revokes one token only (RFC 7009 2.1)', async () => {
      const { accessTokens } = subject().store
      const { tenant, key, live } = await granted()
      await accessTokens.revoke(tenant, key.jti)
      await accessTokens.revoke(tenant, key.jti, randomId())
      expect(await live()).toBe(true)
      await accessTokens.revoke(tenant, key.jti, key.grantId)
      await accessTokens.revoke(tenant, randomId(), key.grantId)
      const state = await accessTokens.state(tenant, key)
      expect([state.token?.revoked, state.grant?.revoked]).toEqual([true, false])
      const bare = await clientCredentials()
      await accessTokens.revoke(bare.tenant, bare.key.jti)
      expect((await accessTokens.state(bare.tenant, bare.key)).token?.revoked).toBe(true)
    })

    it('is not live after its person or client was revoked, deactivated or deleted', async () => {
      const { users, clients, grants } = subject().store
      const endings: ((made: Awaited<ReturnType<typeof granted>>) => Promise<unknown>)[] = [
        ({ tenant, user }) => users.revokeAll(tenant, user.sub),
        ({ tenant, client }) => clients.revokeAll(tenant, client.clientId),
        ({ tenant, user }) => users.replace(tenant, { ...user, active: false }, user.version),
        ({ tenant, client }) => clients.replace(tenant, { ...client, active: false }, client.version),
        ({ tenant, user }) => users.delete(tenant, user.sub),
        ({ tenant, client }) => clients.delete(tenant, client.clientId),
        ({ tenant, grant }) => grants.revoke(tenant, grant.grantId),
      ]
      for (const end of endings) {
        const made = await granted()
        expect(await made.live()).toBe(true)
        await end(made)
        expect(await made.live()).toBe(false)
      }
    })

    it('never revives by creating the person or client anew, nor by activating the person again', async () => {
      const { users, clients } = subject().store
      const first = await granted()
      await users.delete(first.tenant, first.user.sub)
      await users.create(first.tenant, aUser(clock.seconds(), { sub: first.user.sub, userName: first.user.userName }))
      expect(await first.live()).toBe(false)
      const second = await granted()
      await clients.delete(second.tenant, second.client.clientId)
      await clients.create(second.tenant, aClient(clock.seconds(), { clientId: second.client.clientId }))
      expect(await second.live()).toBe(false)
      const third = await granted()
      await users.replace(third.tenant, { ...third.user, active: false }, third.user.version)
      const inactive = await users.find(third.tenant, third.user.sub)
      await users.replace(third.tenant, { ...third.user, active: true }, inactive?.version ?? 0)
      expect(await third.live()).toBe(false)
    })
  })
}
