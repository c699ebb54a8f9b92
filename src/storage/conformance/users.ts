/** UserStore: user names unique whatever their case (RFC 7643 4.1.1), versions, epochs. */
import { describe, expect, it } from 'vitest'
import { aUser, type Conformance, newTenant } from './subject.ts'

export function userConformance({ clock, subject }: Conformance): void {
  describe('users', () => {
    it('finds by sub and by user name, whatever its case (RFC 7643 4.1.1)', async () => {
      const { users } = subject().store
      const tenant = newTenant()
      const user = aUser(clock.seconds(), { userName: 'Zoë:{x}@Example.com' })
      expect(await users.create(tenant, user)).toBe('written')
      expect(await users.find(tenant, user.sub)).toEqual(user)
      expect(await users.findByUserName(tenant, 'zOË:{X}@example.COM')).toEqual(user)
      expect(await users.findByUserName(tenant, 'other')).toBeUndefined()
      expect(await users.find(tenant, 'other')).toBeUndefined()
    })

    it('refuses a user name that is taken in another case, and of parallel creations one wins', async () => {
      const { store, another } = subject()
      const tenant = newTenant()
      const second = await another()
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? store : second).users.create(
            tenant,
            aUser(clock.seconds(), { userName: index % 3 ? 'alice' : 'ALICE' }),
          ),
        ),
      )
      expect(results.filter((result) => result === 'written')).toHaveLength(1)
      expect(results.filter((result) => result === 'conflict')).toHaveLength(19)
      expect((await store.users.list(tenant, 0, 100)).total).toBe(1)
    })

    it('refuses a sub that is taken', async () => {
      const { users } = subject().store
      const tenant = newTenant()
      const user = aUser(clock.seconds())
      await users.create(tenant, user)
      expect(await users.create(tenant, { ...user, userName: 'another' })).toBe('conflict')
      expect(await users.findByUserName(tenant, 'another')).toBeUndefined()
    })

    it('frees the old user name on a change, and refuses one that is taken', async () => {
      const { users } = subject().store
      const tenant = newTenant()
      const [a, b] = [aUser(clock.seconds(), { userName: 'a' }), aUser(clock.seconds(), { userName: 'b' })]
      await users.create(tenant, a)
      await users.create(tenant, b)
      expect(await users.replace(tenant, { ...a, userName: 'B', version: 2 }, 1)).toBe('conflict')
      expect(await users.find(tenant, a.sub)).toEqual(a)
      expect(await users.replace(tenant, { ...a, userName: 'A', version: 2 }, 1)).toBe('written')
      expect(await users.replace(tenant, { ...a, userName: 'c', version: 3 }, 2)).toBe('written')
      expect(await users.findByUserName(tenant, 'a')).toBeUndefined()
      expect((await users.findByUserName(tenant, 'C'))?.sub).toBe(a.sub)
      expect(await users.replace(tenant, { ...b, userName: 'a', version: 2 }, 1)).toBe('written')
    })

    it('replaces only the expected version, and the version grows', async () => {
      const { users } = subject().store
      const tenant = newTenant()
      const user = aUser(clock.seconds())
      await users.create(tenant, user)
      expect(await users.replace(tenant, { ...user, roles: ['x'] }, 1)).toBe('written')
      expect(await users.find(tenant, user.sub)).toMatchObject({ roles: ['x'], version: 2 })
      expect(await users.replace(tenant, { ...user, roles: ['y'] }, 1)).toBe('conflict')
      expect(await users.replace(tenant, aUser(clock.seconds()), 1)).toBe('missing')
    })

    it('increments the epoch in the step that deactivates, and never lowers it', async () => {
      const { users } = subject().store
      const tenant = newTenant()
      const user = aUser(clock.seconds(), { revocationEpoch: 2 ** 40 })
      await users.create(tenant, user)
      expect(await users.replace(tenant, { ...user, active: false, version: 2 }, 1)).toBe('written')
      expect(await users.find(tenant, user.sub)).toMatchObject({ active: false, revocationEpoch: 2 ** 40 + 1 })
      expect(await users.replace(tenant, { ...user, active: true, version: 3 }, 2)).toBe('written')
      expect(await users.find(tenant, user.sub)).toMatchObject({ active: true, revocationEpoch: 2 ** 40 + 1 })
      expect(await users.revokeAll(tenant, user.sub)).toBe('written')
      expect(await users.find(tenant, user.sub)).toMatchObject({ revocationEpoch: 2 ** 40 + 2, version: 4 })
      expect(await users.revokeAll(tenant, 'nobody')).toBe('missing')
    })

    it('deletes once, frees the user name, and lists in order of creation', async () => {
      const { users } = subject().store
      const tenant = newTenant()
      const created = ['d', 'c', 'b', 'a'].map((userName) => aUser(clock.seconds(), { userName }))
      for (const user of created) await users.create(tenant, user)
      const [first, second] = created
      expect(await users.delete(tenant, second?.sub ?? '')).toBe('written')
      expect(await users.delete(tenant, second?.sub ?? '')).toBe('missing')
      expect(await users.findByUserName(tenant, 'c')).toBeUndefined()
      expect(await users.create(tenant, aUser(clock.seconds(), { userName: 'C' }))).toBe('written')
      const page = await users.list(tenant, 1, 10)
      expect(page.total).toBe(4)
      expect(page.records.map(({ userName }) => userName)).toEqual(['b', 'a', 'C'])
      expect((await users.list(tenant, 0, 1)).records).toEqual([first])
    })
  })
}
