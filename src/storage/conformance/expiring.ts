/** Sessions, interactions and consents: what is put under a key until it expires. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import type { InteractionRecord } from '../interaction-records.ts'
import type { ConsentRecord, SessionRecord } from '../records.ts'
import { aClient, aUser, type Conformance, newTenant } from './subject.ts'

const aSession = (now: number): SessionRecord => ({
  v: 1,
  sid: randomId(),
  sub: 'person',
  acr: 'urn:example:pwd',
  amr: ['pwd'],
  authTime: now,
  userEpoch: 7,
  createdAt: now,
  expiresAt: now + 60,
})
const anInteraction = (now: number): InteractionRecord => ({
  v: 1,
  clientId: 'client',
  redirectUri: 'https://client.example/cb',
  state: 'ü&=',
  scopes: ['openid'],
  resources: [],
  browserDigest: randomId(32),
  createdAt: now,
  expiresAt: now + 60,
})
const aConsent = (now: number): ConsentRecord => ({ v: 1, scopes: ['openid'], grantedAt: now, expiresAt: now + 60 })

export function expiringConformance({ clock, subject }: Conformance): void {
  describe('sessions', () => {
    it('puts, finds, replaces and deletes, until it expires', async () => {
      const { sessions } = subject().store
      const [tenant, digest, session] = [newTenant(), randomId(32), aSession(clock.seconds())]
      expect(await sessions.find(tenant, digest)).toBeUndefined()
      await sessions.put(tenant, digest, session)
      expect(await sessions.find(tenant, digest)).toEqual(session)
      await sessions.put(tenant, digest, { ...session, acr: 'urn:example:mfa' })
      expect((await sessions.find(tenant, digest))?.acr).toBe('urn:example:mfa')
      clock.advance(59)
      expect(await sessions.find(tenant, digest)).toBeDefined()
      clock.advance(1)
      expect(await sessions.find(tenant, digest)).toBeUndefined()
      await sessions.put(tenant, digest, aSession(clock.seconds()))
      await sessions.delete(tenant, digest)
      await sessions.delete(tenant, digest)
      expect(await sessions.find(tenant, digest)).toBeUndefined()
    })
  })

  describe('interactions', () => {
    it('puts and finds, until it expires', async () => {
      const { interactions } = subject().store
      const [tenant, digest, interaction] = [newTenant(), randomId(32), anInteraction(clock.seconds())]
      await interactions.put(tenant, digest, interaction)
      expect(await interactions.find(tenant, digest)).toEqual(interaction)
      clock.advance(60)
      expect(await interactions.find(tenant, digest)).toBeUndefined()
      expect(await interactions.take(tenant, digest)).toBeUndefined()
    })

    it('replaces one while it is there, and brings none back', async () => {
      const { interactions } = subject().store
      const [tenant, digest, interaction] = [newTenant(), randomId(32), anInteraction(clock.seconds())]
      const changed = { ...interaction, sessionDigest: 'x' }
      expect(await interactions.replace(tenant, digest, changed)).toBe('missing')
      expect(await interactions.find(tenant, digest)).toBeUndefined()
      await interactions.put(tenant, digest, interaction)
      expect(await interactions.replace(tenant, digest, changed)).toBe('written')
      expect(await interactions.find(tenant, digest)).toEqual({ ...changed, revision: 1 })
      expect(await interactions.take(tenant, digest)).toEqual({ ...changed, revision: 1 })
      expect(await interactions.replace(tenant, digest, interaction)).toBe('missing')
      expect(await interactions.take(tenant, digest)).toBeUndefined()
      await interactions.put(tenant, digest, interaction)
      clock.advance(60)
      expect(await interactions.replace(tenant, digest, anInteraction(clock.seconds()))).toBe('missing')
      expect(await interactions.find(tenant, digest)).toBeUndefined()
    })

    it('lists those that name a person, and ends them with the person', async () => {
      const { interactions, users } = subject().store
      const tenant = newTenant()
      const now = clock.seconds()
      const person = aUser(now)
      await users.create(tenant, person)
      const { sub } = person
      const put = async (values: Partial<InteractionRecord>) => {
        const [digest, interaction] = [randomId(32), { ...anInteraction(now), ...values }]
        await interactions.put(tenant, digest, interaction)
        return { digest, interaction }
      }
      const meant = await put({ page: '/account', onlySub: sub, expiresAt: now + 90 })
      const asked = await put({ consented: { sub, scopes: [] }, expiresAt: now + 80 })
      const begun = await put({ expiresAt: now + 70 })
      const others = await put({ progress: { sub: 'other', factors: [] } })
      const left = await put({ page: '/account', onlySub: sub })
      // Anybody may ask for anybody: what a client wants is nobody's yet.
      await put({ onlySub: sub })
      const proven = { ...begun.interaction, progress: { sub, factors: [{ kind: 'password', at: now } as const] } }
      await interactions.replace(tenant, begun.digest, proven)
      await interactions.replace(tenant, left.digest, anInteraction(now))
      expect(await interactions.list(tenant, sub)).toEqual([
        meant.interaction,
        asked.interaction,
        { ...proven, revision: 1 },
      ])
      expect(await interactions.list(newTenant(), sub)).toEqual([])
      expect(await interactions.take(tenant, asked.digest)).toEqual(asked.interaction)
      expect(await interactions.list(tenant, sub)).toEqual([meant.interaction, { ...proven, revision: 1 }])
      await users.delete(tenant, sub)
      expect(await interactions.list(tenant, sub)).toEqual([])
      for (const { digest } of [meant, begun]) expect(await interactions.find(tenant, digest)).toBeUndefined()
      expect(await interactions.list(tenant, 'other')).toEqual([others.interaction])
      clock.advance(60)
      expect(await interactions.list(tenant, 'other')).toEqual([])
    })

    it('gives one that is replaced meanwhile to a single one of 50 takers on two nodes', async () => {
      const { store, another } = subject()
      const [tenant, digest, interaction] = [newTenant(), randomId(32), anInteraction(clock.seconds())]
      const second = await another()
      await store.interactions.put(tenant, digest, interaction)
      const node = (index: number) => (index % 2 ? store : second).interactions
      const taken = await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          await node(index + 1).replace(tenant, digest, interaction)
          return node(index).take(tenant, digest)
        }),
      )
      expect(taken.filter((one) => one !== undefined)).toHaveLength(1)
      expect(await store.interactions.find(tenant, digest)).toBeUndefined()
    })

    it('is written by one of 50 on two nodes that have read the same, and by none that has read what was before', async () => {
      const { store, another } = subject()
      const [tenant, digest, now] = [newTenant(), randomId(32), clock.seconds()]
      const second = await another()
      const interaction = { ...anInteraction(now), scopes: [] }
      await store.interactions.put(tenant, digest, interaction)
      const write = (index: number, read: number) =>
        (index % 2 ? store : second).interactions.replace(tenant, digest, { ...interaction, state: `${index}` }, read)
      const written = await Promise.all(Array.from({ length: 50 }, (_, index) => write(index, 0)))
      expect(written.filter((one) => one === 'written')).toHaveLength(1)
      expect(written.filter((one) => one === 'conflict')).toHaveLength(49)
      // Whoever writes an older reading over it brings no older revision back.
      expect(await second.interactions.replace(tenant, digest, interaction)).toBe('written')
      expect(await store.interactions.find(tenant, digest)).toEqual({ ...interaction, revision: 2 })
      expect([await write(1, 0), await write(1, 1), await write(1, 2)]).toEqual(['conflict', 'conflict', 'written'])
      await store.interactions.take(tenant, digest)
      expect(await write(1, 3)).toBe('missing')
    })

    it('gives one to a single one of 50 takers on two nodes', async () => {
      const { store, another } = subject()
      const [tenant, digest] = [newTenant(), randomId(32)]
      const second = await another()
      await store.interactions.put(tenant, digest, anInteraction(clock.seconds()))
      const taken = await Promise.all(
        Array.from({ length: 50 }, (_, index) => (index % 2 ? store : second).interactions.take(tenant, digest)),
      )
      expect(taken.filter((interaction) => interaction !== undefined)).toHaveLength(1)
      expect(await store.interactions.find(tenant, digest)).toBeUndefined()
    })
  })

  describe('consents', () => {
    it('puts, finds, replaces and deletes by person and client, until it expires', async () => {
      const { consents } = subject().store
      const [tenant, consent] = [newTenant(), aConsent(clock.seconds())]
      await consents.put(tenant, 'person', 'client', consent)
      expect(await consents.find(tenant, 'person', 'client')).toEqual(consent)
      expect(await consents.find(tenant, 'person', 'other')).toBeUndefined()
      expect(await consents.find(tenant, 'other', 'client')).toBeUndefined()
      await consents.put(tenant, 'person', 'client', { ...consent, scopes: ['email'] })
      expect((await consents.find(tenant, 'person', 'client'))?.scopes).toEqual(['email'])
      await consents.put(tenant, 'person', 'other', { ...consent, expiresAt: clock.seconds() + 600 })
      await consents.delete(tenant, 'person', 'client')
      expect(await consents.find(tenant, 'person', 'client')).toBeUndefined()
      clock.advance(60)
      expect(await consents.find(tenant, 'person', 'other')).toBeDefined()
      clock.advance(600)
      expect(await consents.find(tenant, 'person', 'other')).toBeUndefined()
    })

    it('lists those of a person to clients that there are, the latest first, page by page', async () => {
      const { consents, users, clients } = subject().store
      const tenant = newTenant()
      const [user, other] = [aUser(clock.seconds()), aUser(clock.seconds())]
      await users.create(tenant, user)
      const now = clock.seconds()
      const ids = ['a', 'b', 'c', 'd'].map((id) => `${id} ${tenant}`)
      for (const [index, clientId] of ids.entries()) {
        await clients.create(tenant, aClient(now, { clientId }))
        const times = { grantedAt: now - index, expiresAt: now + (index === 2 ? 10 : 60) }
        await consents.put(tenant, user.sub, clientId, { ...aConsent(now), ...times })
      }
      await consents.put(tenant, other.sub, 'a', aConsent(now))
      const listed = async (offset: number, limit: number) => {
        const { total, records } = await consents.list(tenant, user.sub, offset, limit)
        return [total, ...records.map(({ clientId }) => clientId.slice(0, 1))]
      }
      expect(await listed(0, 9)).toEqual([4, 'a', 'b', 'c', 'd'])
      expect(await listed(1, 2)).toEqual([4, 'b', 'c'])
      expect(await listed(4, 9)).toEqual([4])
      expect((await consents.list(tenant, user.sub, 0, 1)).records).toEqual([
        { ...aConsent(now), clientId: ids[0], grantedAt: now, expiresAt: now + 60 },
      ])
      await clients.delete(tenant, ids[1] ?? '')
      clock.advance(10)
      expect(await listed(0, 9)).toEqual([2, 'a', 'd'])
      expect((await consents.list(newTenant(), user.sub, 0, 9)).records).toEqual([])
    })

    it('ends with its person or client, also when one of the same id is created anew', async () => {
      const { consents, users, clients } = subject().store
      const tenant = newTenant()
      const [user, client] = [aUser(clock.seconds()), aClient(clock.seconds())]
      const put = () => consents.put(tenant, user.sub, client.clientId, aConsent(clock.seconds()))
      await users.create(tenant, user)
      await clients.create(tenant, client)
      await put()
      await users.delete(tenant, user.sub)
      await users.create(tenant, user)
      expect(await consents.find(tenant, user.sub, client.clientId)).toBeUndefined()
      await put()
      await clients.replace(tenant, { ...client, name: 'other' }, client.version)
      expect(await consents.find(tenant, user.sub, client.clientId)).toBeDefined()
      await clients.delete(tenant, client.clientId)
      expect(await consents.find(tenant, user.sub, client.clientId)).toBeUndefined()
      await clients.create(tenant, client)
      expect(await consents.find(tenant, user.sub, client.clientId)).toBeUndefined()
    })
  })
}
