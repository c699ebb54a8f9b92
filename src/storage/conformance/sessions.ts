/** Sessions by their sid, and the grants of a session, a person, a client: found without a scan, and ended without a gap. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import type { GrantsOf, Store } from '../port.ts'
import type { GrantRecord, SessionRecord } from '../records.ts'
import { aCode, aGrant, aPair, type Conformance, newTenant } from './subject.ts'

export const aSession = (now: number, values: Partial<SessionRecord> = {}): SessionRecord => ({
  v: 1,
  sid: randomId(),
  sub: 'person',
  acr: 'urn:example:pwd',
  amr: ['pwd'],
  authTime: now,
  userEpoch: 7,
  createdAt: now,
  expiresAt: now + 60,
  ...values,
})

export function sessionConformance({ clock, subject }: Conformance): void {
  const begin = async (tenant: string, values: Partial<SessionRecord> = {}) => {
    const [digest, session] = [randomId(32), aSession(clock.seconds(), values)]
    await subject().store.sessions.put(tenant, digest, session)
    return { digest, session }
  }
  /** A grant whose code was redeemed, unless `redeemed` says otherwise. */
  const give = async (store: Store, tenant: string, values: Partial<GrantRecord> = {}, redeemed = true) => {
    const [grant, code] = [aGrant(clock.seconds(), values), randomId(32)]
    const issued = await store.codes.issue(tenant, grant, code, aCode(clock.seconds()))
    const pair = aPair(clock.seconds(), grant)
    const successors = { ...pair.successors, sid: grant.sid }
    if (redeemed) expect(await store.codes.redeem(tenant, grant.grantId, code, successors)).toBe('redeemed')
    return { grant, code, issued, successors }
  }
  const idsOf = async (tenant: string, of: GrantsOf): Promise<readonly string[]> =>
    (await subject().store.grants.list(tenant, of, 0, 100)).records.map(({ grantId }) => grantId).toSorted()

  describe('sessions by sid', () => {
    it('finds one by its sid until it ends or expires', async () => {
      const { sessions } = subject().store
      const tenant = newTenant()
      const { session, digest } = await begin(tenant)
      expect(await sessions.findById(tenant, session.sid)).toEqual(session)
      expect(await sessions.findById(tenant, digest)).toBeUndefined()
      await sessions.end(tenant, session.sid)
      await sessions.end(tenant, session.sid)
      expect(await sessions.findById(tenant, session.sid)).toBeUndefined()
      expect(await sessions.find(tenant, digest)).toBeUndefined()
      const other = await begin(tenant)
      clock.advance(60)
      expect(await sessions.findById(tenant, other.session.sid)).toBeUndefined()
    })

    it('goes on under another cookie, and ends whatever its cookie', async () => {
      const { sessions } = subject().store
      const tenant = newTenant()
      const { session, digest } = await begin(tenant)
      const next = await begin(tenant, { sid: session.sid, acr: 'urn:example:mfa' })
      await sessions.delete(tenant, digest)
      expect(await sessions.find(tenant, digest)).toBeUndefined()
      expect(await sessions.findById(tenant, session.sid)).toEqual(next.session)
      expect((await sessions.list(tenant, {}, 0, 10)).records).toEqual([next.session])
      await sessions.end(tenant, session.sid)
      expect(await sessions.find(tenant, next.digest)).toBeUndefined()
    })

    it('is written while it goes on under its cookie, once for each revision, and never brought back', async () => {
      const { store, another } = subject()
      const [tenant, second] = [newTenant(), await another()]
      const { session, digest } = await begin(tenant)
      const seen = { ...session, lastSeenAt: session.createdAt + 1 }
      expect(await store.sessions.replace(tenant, digest, seen, 1)).toBe('conflict')
      expect(await store.sessions.replace(newTenant(), digest, seen, 0)).toBe('missing')
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? store : second).sessions.replace(tenant, digest, { ...seen, idleSeconds: index + 1 }, 0),
        ),
      )
      expect(results.filter((result) => result === 'written')).toHaveLength(1)
      expect(results.filter((result) => result === 'conflict')).toHaveLength(19)
      const winner = results.indexOf('written')
      const stored = { ...seen, idleSeconds: winner + 1, revision: 1 }
      expect(await store.sessions.find(tenant, digest)).toEqual(stored)
      expect(await store.sessions.findById(tenant, session.sid)).toEqual(stored)
      clock.advance(59)
      expect(await store.sessions.replace(tenant, digest, seen, 1)).toBe('written')
      clock.advance(1)
      expect(await store.sessions.replace(tenant, digest, seen, 2)).toBe('missing')
      const other = await begin(tenant)
      await store.sessions.end(tenant, other.session.sid)
      expect(await store.sessions.replace(tenant, other.digest, other.session, 0)).toBe('missing')
      expect(await store.sessions.find(tenant, other.digest)).toBeUndefined()
    })

    it('of one that ends while it is written on two nodes, nothing is left', async () => {
      const { store, another } = subject()
      const [tenant, second] = [newTenant(), await another()]
      const { session, digest } = await begin(tenant)
      await Promise.all([
        ...Array.from({ length: 20 }, (_, index) => store.sessions.replace(tenant, digest, session, index)),
        second.sessions.end(tenant, session.sid),
      ])
      expect(await store.sessions.find(tenant, digest)).toBeUndefined()
      expect(await second.sessions.findById(tenant, session.sid)).toBeUndefined()
    })

    it('keeps its clients from their code on until it would have expired, whatever becomes of their grants', async () => {
      const { store, another } = subject()
      const tenant = newTenant()
      const { session } = await begin(tenant, { expiresAt: clock.seconds() + 3 * 60 * 60 })
      const { sid } = session
      expect(await store.sessions.clients(tenant, sid)).toEqual([])
      const short = { sid, expiresAt: clock.seconds() + 60 }
      const given = await give(store, tenant, { ...short, clientId: 'shop' }, false)
      await give(await another(), tenant, { ...short, clientId: 'mail' }, false)
      await give(store, tenant, { ...short, clientId: 'mail' }, false)
      await give(store, tenant, { clientId: 'elsewhere' })
      await store.grants.revoke(tenant, given.grant.grantId)
      clock.advance(2 * 60 * 60)
      expect(await idsOf(tenant, { sid })).toEqual([])
      expect((await store.sessions.clients(tenant, sid)).toSorted()).toEqual(['mail', 'shop'])
      expect(await store.sessions.clients(newTenant(), sid)).toEqual([])
      await begin(tenant, { sid, expiresAt: clock.seconds() + 3 * 60 * 60 })
      clock.advance(2 * 60 * 60)
      await store.sessions.end(tenant, sid)
      expect((await give(store, tenant, { sid, clientId: 'late' }, false)).issued).toBe('ended')
      expect((await store.sessions.clients(tenant, sid)).toSorted()).toEqual(['mail', 'shop'])
    })

    it('of codes that are issued on two nodes while it ends, the end knows the client of each', async () => {
      const { store, another } = subject()
      const second = await another()
      const tenant = newTenant()
      const { session } = await begin(tenant)
      const { sid } = session
      const issuing = Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const clientId = `client-${index}`
          const { issued } = await give(index % 2 ? store : second, tenant, { sid, clientId }, false)
          return issued === 'issued' ? clientId : undefined
        }),
      )
      await second.sessions.end(tenant, sid)
      const known = await second.sessions.clients(tenant, sid)
      for (const clientId of await issuing) if (clientId !== undefined) expect(known).toContain(clientId)
    })

    it('lists those that go on, of a person or all, in pages', async () => {
      const { sessions } = subject().store
      const tenant = newTenant()
      const now = clock.seconds()
      const [first, second, third] = [
        await begin(tenant, { sub: 'ada', expiresAt: now + 30 }),
        await begin(tenant, { sub: 'ada', expiresAt: now + 300 }),
        await begin(tenant, { sub: 'bob', expiresAt: now + 200 }),
      ].map(({ session }) => session)
      expect(await sessions.list(tenant, {}, 0, 10)).toEqual({ total: 3, records: [second, third, first] })
      expect(await sessions.list(tenant, {}, 1, 1)).toEqual({ total: 3, records: [third] })
      expect(await sessions.list(tenant, { sub: 'ada' }, 0, 10)).toEqual({ total: 2, records: [second, first] })
      expect(await sessions.list(tenant, { sub: 'nobody' }, 0, 10)).toEqual({ total: 0, records: [] })
      clock.advance(30)
      await sessions.end(tenant, third?.sid ?? '')
      expect(await sessions.list(tenant, {}, 0, 10)).toEqual({ total: 1, records: [second] })
    })
  })

  describe('what a list counts', () => {
    it('counts no session that ended after its cookie was forgotten', async () => {
      const { sessions } = subject().store
      const tenant = newTenant()
      const { session, digest } = await begin(tenant, { sub: 'ada' })
      await sessions.delete(tenant, digest)
      await sessions.end(tenant, session.sid)
      expect(await sessions.list(tenant, { sub: 'ada' }, 0, 10)).toEqual({ total: 0, records: [] })
      expect(await sessions.list(tenant, {}, 0, 10)).toEqual({ total: 0, records: [] })
    })

    it('a grant that a rotation lengthened stays among those of its session, person and client', async () => {
      const { store } = subject()
      const tenant = newTenant()
      const { session } = await begin(tenant, { expiresAt: clock.seconds() + 8 * 3600 })
      const { grant, successors } = await give(store, tenant, { sid: session.sid, sub: 'ada', clientId: 'shop' })
      const ends = clock.seconds() + 30 * 86_400
      const next = aPair(clock.seconds(), grant)
      const longer = { ...next.successors, sid: session.sid, grantExpiresAt: ends }
      const { digest = '' } = successors.refreshToken ?? {}
      expect(await store.refreshTokens.rotate(tenant, grant.grantId, digest, longer)).toBe('rotated')
      clock.advance(2 * 3600)
      for (const of of [{ sid: session.sid }, { sub: 'ada' }, { clientId: 'shop' }])
        expect(await idsOf(tenant, of), JSON.stringify(of)).toEqual([grant.grantId])
    })
  })

  describe('grants of a session, a person and a client', () => {
    it('are found by each, and by no other', async () => {
      const { store } = subject()
      const tenant = newTenant()
      const { session } = await begin(tenant)
      const inSession = await give(store, tenant, { sid: session.sid, sub: 'ada', clientId: 'shop' })
      const elsewhere = await give(store, tenant, { sub: 'ada', clientId: 'mail' })
      const others = await give(store, tenant, { sub: 'bob', clientId: 'shop' })
      const [a, b, c] = [inSession, elsewhere, others].map(({ grant }) => grant.grantId)
      expect(await idsOf(tenant, { sid: session.sid })).toEqual([a])
      expect(await idsOf(tenant, { sub: 'ada' })).toEqual([a, b].toSorted())
      expect(await idsOf(tenant, { clientId: 'shop' })).toEqual([a, c].toSorted())
      expect(await idsOf(tenant, { sub: 'nobody' })).toEqual([])
      await store.grants.revoke(tenant, a ?? '')
      const [revoked] = (await store.grants.list(tenant, { sid: session.sid }, 0, 10)).records
      expect(revoked).toMatchObject({ grantId: a, revoked: true })
    })

    it('come in pages, and until they expire', async () => {
      const { store } = subject()
      const tenant = newTenant()
      const given = []
      for (let count = 0; count < 5; count++) given.push((await give(store, tenant, { sub: 'ada' })).grant.grantId)
      const pages = await Promise.all([0, 2, 4].map((offset) => store.grants.list(tenant, { sub: 'ada' }, offset, 2)))
      expect(pages.map(({ total }) => total)).toEqual([5, 5, 5])
      expect(pages.flatMap(({ records }) => records.map(({ grantId }) => grantId)).toSorted()).toEqual(given.toSorted())
      clock.advance(60 * 60)
      expect(await store.grants.list(tenant, { sub: 'ada' }, 0, 10)).toEqual({ total: 0, records: [] })
    })

    it('a session has those whose code nobody has redeemed yet, also once it has ended', async () => {
      const { store } = subject()
      const tenant = newTenant()
      const { session } = await begin(tenant)
      const { grant } = await give(store, tenant, { sid: session.sid }, false)
      expect(await idsOf(tenant, { sid: session.sid })).toEqual([grant.grantId])
      await store.sessions.end(tenant, session.sid)
      expect(await idsOf(tenant, { sid: session.sid })).toEqual([grant.grantId])
    })

    it('a session keeps one that outlives it', async () => {
      const { store } = subject()
      const tenant = newTenant()
      const { session } = await begin(tenant)
      const { grant } = await give(store, tenant, { sid: session.sid })
      clock.advance(20 * 60)
      await give(store, tenant, { sub: 'other' })
      expect(await idsOf(tenant, { sid: session.sid })).toEqual([grant.grantId])
    })

    it('one that outlives its session ends the access tokens of before, and gives others', async () => {
      const { store, another } = subject()
      const tenant = newTenant()
      const { grant, successors } = await give(store, tenant)
      const { grantId } = grant
      expect(await store.grants.find(tenant, grantId)).not.toHaveProperty('tokensEpoch')
      await store.grants.endAccessTokens(tenant, grantId)
      await (await another()).grants.endAccessTokens(tenant, grantId)
      expect(await store.grants.find(tenant, grantId)).toMatchObject({ tokensEpoch: 2, revoked: false })
      expect((await store.grants.list(tenant, { sub: grant.sub }, 0, 1)).records[0]).toMatchObject({ tokensEpoch: 2 })
      const { digest = '' } = successors.refreshToken ?? {}
      expect((await store.refreshTokens.peek(tenant, grantId, digest))?.grant.tokensEpoch).toBe(2)
      const accessToken = { ...aPair(clock.seconds(), grant).successors.accessToken, tokensEpoch: 2 }
      const next = { ...aPair(clock.seconds(), grant).successors, accessToken }
      expect(await store.refreshTokens.rotate(tenant, grantId, digest, next)).toBe('rotated')
      const state = await store.accessTokens.state(tenant, { jti: accessToken.jti, grantId, clientId: grant.clientId })
      expect([state.token?.tokensEpoch, state.grant?.tokensEpoch]).toEqual([2, 2])
      await store.grants.endAccessTokens(tenant, 'nobody')
      expect(await store.grants.find(tenant, 'nobody')).toBeUndefined()
    })

    it('none is given in a session that has ended', async () => {
      const { store } = subject()
      const tenant = newTenant()
      const { session } = await begin(tenant)
      await store.sessions.end(tenant, session.sid)
      const { issued, grant, code, successors } = await give(store, tenant, { sid: session.sid }, false)
      expect(issued).toBe('ended')
      expect(['missing', 'revoked']).toContain(await store.codes.redeem(tenant, grant.grantId, code, successors))
    })

    it('of a session that ends while codes are issued in it on two nodes, each is seen by the end or not issued', async () => {
      const { store, another } = subject()
      const second = await another()
      for (let round = 0; round < 10; round++) {
        const tenant = newTenant()
        const { session } = await begin(tenant)
        const issuing = Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            give(index % 2 ? store : second, tenant, { sid: session.sid }, false),
          ),
        )
        await second.sessions.end(tenant, session.sid)
        const seen = await second.grants.list(tenant, { sid: session.sid }, 0, 100)
        await Promise.all(seen.records.map(({ grantId }) => second.grants.revoke(tenant, grantId)))
        for (const { grant, code, successors } of await issuing)
          expect(['missing', 'revoked']).toContain(await store.codes.redeem(tenant, grant.grantId, code, successors))
      }
    })
  })
}
