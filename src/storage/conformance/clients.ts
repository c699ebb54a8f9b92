/** ClientStore: creation, versions, epochs, order. */
import { describe, expect, it } from 'vitest'
import { aClient, type Conformance, newTenant } from './subject.ts'

export function clientConformance({ clock, subject }: Conformance): void {
  describe('clients', () => {
    it('gives back what was created, whatever its id is made of', async () => {
      const { clients } = subject().store
      const tenant = newTenant()
      for (const clientId of ['plain', '{tag}', 'a:b c/d\u0000e', 'ключ', 'x'.repeat(300)]) {
        const client = aClient(clock.seconds(), { clientId })
        expect(await clients.create(tenant, client)).toBe('written')
        expect(await clients.find(tenant, clientId)).toEqual(client)
      }
      expect(await clients.find(tenant, 'nobody')).toBeUndefined()
    })

    it('refuses an id that is taken, and of parallel creations one wins', async () => {
      const { store, another } = subject()
      const [tenant, clientId] = [newTenant(), 'same']
      const second = await another()
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? store : second).clients.create(tenant, aClient(clock.seconds(), { clientId })),
        ),
      )
      expect(results.filter((result) => result === 'written')).toHaveLength(1)
      expect(results.filter((result) => result === 'conflict')).toHaveLength(19)
      expect((await store.clients.list(tenant, 0, 10)).total).toBe(1)
    })

    it('replaces only the expected version, and the version grows', async () => {
      const { clients } = subject().store
      const tenant = newTenant()
      const client = aClient(clock.seconds())
      await clients.create(tenant, client)
      expect(await clients.replace(tenant, { ...client, name: 'b', version: 2 }, 1)).toBe('written')
      expect(await clients.replace(tenant, { ...client, name: 'c', version: 2 }, 1)).toBe('conflict')
      expect(await clients.find(tenant, client.clientId)).toMatchObject({ name: 'b', version: 2 })
      expect(await clients.replace(tenant, { ...client, name: 'd', version: 1 }, 2)).toBe('written')
      expect(await clients.find(tenant, client.clientId)).toMatchObject({ name: 'd', version: 3 })
      expect(await clients.replace(tenant, aClient(clock.seconds()), 1)).toBe('missing')
    })

    it('lets one of parallel replacements through', async () => {
      const { store, another } = subject()
      const tenant = newTenant()
      const client = aClient(clock.seconds())
      await store.clients.create(tenant, client)
      const second = await another()
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? store : second).clients.replace(tenant, { ...client, name: `n${index}`, version: 2 }, 1),
        ),
      )
      expect(results.filter((result) => result === 'written')).toHaveLength(1)
      expect(results.filter((result) => result === 'conflict')).toHaveLength(19)
    })

    it('never lowers the revocation epoch', async () => {
      const { clients } = subject().store
      const tenant = newTenant()
      const client = aClient(clock.seconds(), { revocationEpoch: 2 ** 40 })
      await clients.create(tenant, client)
      expect(await clients.revokeAll(tenant, client.clientId)).toBe('written')
      expect(await clients.find(tenant, client.clientId)).toMatchObject({ revocationEpoch: 2 ** 40 + 1, version: 2 })
      expect(await clients.replace(tenant, { ...client, version: 3 }, 2)).toBe('written')
      expect((await clients.find(tenant, client.clientId))?.revocationEpoch).toBe(2 ** 40 + 1)
      expect(await clients.revokeAll(tenant, 'nobody')).toBe('missing')
    })

    it('counts every one of parallel revocations', async () => {
      const { clients } = subject().store
      const tenant = newTenant()
      const client = aClient(clock.seconds(), { revocationEpoch: 5 })
      await clients.create(tenant, client)
      await Promise.all(Array.from({ length: 20 }, () => clients.revokeAll(tenant, client.clientId)))
      expect((await clients.find(tenant, client.clientId))?.revocationEpoch).toBe(25)
    })

    it('deletes once, and lists in order of creation', async () => {
      const { clients } = subject().store
      const tenant = newTenant()
      const ids = ['z', 'y', 'x', 'w', 'v']
      for (const clientId of ids) await clients.create(tenant, aClient(clock.seconds(), { clientId }))
      expect(await clients.delete(tenant, 'x')).toBe('written')
      expect(await clients.delete(tenant, 'x')).toBe('missing')
      expect(await clients.find(tenant, 'x')).toBeUndefined()
      const found = await clients.find(tenant, 'z')
      if (found) await clients.replace(tenant, { ...found, name: 'later', version: 2 }, 1)
      const page = await clients.list(tenant, 1, 2)
      expect(page.total).toBe(4)
      expect(page.records.map(({ clientId }) => clientId)).toEqual(['y', 'w'])
      expect((await clients.list(tenant, 4, 10)).records).toEqual([])
      expect(await clients.list(tenant, 0, 0)).toEqual({ total: 4, records: [] })
      expect(await clients.list(newTenant(), 0, 10)).toEqual({ total: 0, records: [] })
    })

    it('reads one as absent once it expires, unless a replace took its end away', async () => {
      const { clients } = subject().store
      const tenant = newTenant()
      const now = clock.seconds()
      const [brief, kept, shortened] = [
        aClient(now, { expiresAt: now + 60 }),
        aClient(now, { expiresAt: now + 60 }),
        aClient(now),
      ]
      for (const client of [brief, kept, shortened]) expect(await clients.create(tenant, client)).toBe('written')
      const { expiresAt: _never, ...forEver } = kept
      expect(await clients.replace(tenant, { ...forEver, version: 2 }, 1)).toBe('written')
      expect(await clients.replace(tenant, { ...shortened, expiresAt: now + 30, version: 2 }, 1)).toBe('written')
      clock.advance(30)
      expect(await clients.find(tenant, shortened.clientId)).toBeUndefined()
      expect(await clients.find(tenant, brief.clientId)).toEqual(brief)
      clock.advance(30)
      expect(await clients.find(tenant, brief.clientId)).toBeUndefined()
      expect(await clients.replace(tenant, { ...brief, version: 2 }, 1)).toBe('missing')
      expect((await clients.list(tenant, 0, 10)).records.map(({ clientId }) => clientId)).toEqual([kept.clientId])
      expect(await clients.create(tenant, aClient(now))).toBe('written')
      expect((await clients.list(tenant, 0, 10)).total).toBe(2)
      expect(await clients.delete(tenant, kept.clientId)).toBe('written')
    })
  })
}
