/** UserStore: user names (RFC 7643 4.1.1) and verified addresses unique whatever their case, versions, epochs. */
import { describe, expect, it } from 'vitest'
import type { UserRecord } from '../records.ts'
import { verifiedEmailKey } from '../verified-email.ts'
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

    describe('verified addresses', () => {
      const withEmail = (value: string, emailVerified = true, values: Partial<UserRecord> = {}): UserRecord =>
        aUser(clock.seconds(), { profile: { emails: [{ value, primary: true }], emailVerified }, ...values })

      it('find one person, whatever their case or form (RFC 5321 2.4; checklist 43)', async () => {
        const { users } = subject().store
        const tenant = newTenant()
        const [user, unproven] = [withEmail('Zoë@Example.com'), withEmail('b@example.com', false)]
        for (const one of [user, unproven]) expect(await users.create(tenant, one)).toBe('written')
        for (const typed of ['Zoë@Example.com', 'ZOË@EXAMPLE.COM', 'zoe\u0308@example.com', 'ｚoë@example.com'])
          expect(await users.findByVerifiedEmail(tenant, typed)).toEqual(user)
        for (const typed of ['b@example.com', 'zoe@example.com', user.userName, ''])
          expect(await users.findByVerifiedEmail(tenant, typed)).toBeUndefined()
        expect(await users.findByVerifiedEmail(newTenant(), 'zoë@example.com')).toBeUndefined()
      })

      it('are names to sign in by, before user names: who has proven one is who it means', async () => {
        const { users } = subject().store
        const tenant = newTenant()
        const [ada, named] = [withEmail('ada@example.com'), aUser(clock.seconds(), { userName: 'bob@example.com' })]
        const bob = withEmail('bob@example.com')
        for (const user of [ada, named, bob]) await users.create(tenant, user)
        expect(await users.findBySignInName(tenant, 'ADA@example.com')).toEqual(ada)
        expect(await users.findBySignInName(tenant, ada.userName.toUpperCase())).toEqual(ada)
        expect(await users.findByUserName(tenant, 'bob@example.com')).toEqual(named)
        expect(await users.findBySignInName(tenant, 'bob@example.com')).toEqual(bob)
        expect(await users.findBySignInName(tenant, bob.userName)).toEqual(bob)
        expect(await users.findBySignInName(tenant, 'nobody')).toBeUndefined()
        expect(await users.findBySignInName(newTenant(), 'ada@example.com')).toBeUndefined()
      })

      it('are refused to everybody else, at creation and change; unproven ones are anybody’s', async () => {
        const { users } = subject().store
        const tenant = newTenant()
        const [ada, unproven] = [withEmail('ada@example.com'), withEmail('Ada@example.com', false)]
        expect(await users.create(tenant, ada)).toBe('written')
        expect(await users.create(tenant, unproven)).toBe('written')
        const other = withEmail('ADA@example.com')
        expect(await users.create(tenant, other)).toBe('email_taken')
        expect(await users.find(tenant, other.sub)).toBeUndefined()
        expect(await users.findByUserName(tenant, other.userName)).toBeUndefined()
        const proven = { ...unproven, userName: 'another', profile: ada.profile, version: 2 }
        expect(await users.replace(tenant, proven, 1)).toBe('email_taken')
        expect(await users.find(tenant, unproven.sub)).toEqual(unproven)
        expect(await users.findByUserName(tenant, 'another')).toBeUndefined()
        expect(await users.replace(tenant, { ...ada, version: 2 }, 1)).toBe('written')
        expect(await users.create(newTenant(), other)).toBe('written')
      })

      it('are free once they changed, are unproven again, or their person is gone', async () => {
        const { users } = subject().store
        const tenant = newTenant()
        const ada = withEmail('ada@example.com')
        await users.create(tenant, ada)
        const moved = { ...ada, profile: withEmail('new@example.com').profile, version: 2 }
        expect(await users.replace(tenant, moved, 1)).toBe('written')
        expect(await users.findByVerifiedEmail(tenant, 'ada@example.com')).toBeUndefined()
        expect(await users.findByVerifiedEmail(tenant, 'new@example.com')).toEqual(moved)
        const bob = withEmail('ada@example.com')
        expect(await users.create(tenant, bob)).toBe('written')
        const unproven = { ...moved, profile: withEmail('new@example.com', false).profile, version: 3 }
        expect(await users.replace(tenant, unproven, 2)).toBe('written')
        expect(await users.findByVerifiedEmail(tenant, 'new@example.com')).toBeUndefined()
        expect(await users.create(tenant, withEmail('new@example.com'))).toBe('written')
        expect(await users.delete(tenant, bob.sub)).toBe('written')
        expect(await users.findByVerifiedEmail(tenant, 'ada@example.com')).toBeUndefined()
        expect(await users.create(tenant, withEmail('ada@example.com'))).toBe('written')
      })

      it('stay where a change is refused for another reason, and where all is revoked', async () => {
        const { users } = subject().store
        const tenant = newTenant()
        const [ada, bob] = [withEmail('ada@example.com'), aUser(clock.seconds())]
        for (const user of [ada, bob]) await users.create(tenant, user)
        const moved = { ...ada, profile: withEmail('new@example.com').profile, version: 2 }
        expect(await users.replace(tenant, moved, 7)).toBe('conflict')
        expect(await users.replace(tenant, { ...moved, userName: bob.userName }, 1)).toBe('conflict')
        expect(await users.revokeAll(tenant, ada.sub)).toBe('written')
        expect((await users.findByVerifiedEmail(tenant, 'ada@example.com'))?.sub).toBe(ada.sub)
        expect(await users.findByVerifiedEmail(tenant, 'new@example.com')).toBeUndefined()
        expect(await users.create(tenant, withEmail('new@example.com'))).toBe('written')
      })

      it('of 40 people who prove one at once on two nodes one has it (checklist 43, 51)', async () => {
        const { store, another } = subject()
        const second = await another()
        const tenant = newTenant()
        const people = Array.from({ length: 20 }, () => aUser(clock.seconds()))
        for (const user of people) await store.users.create(tenant, user)
        const { profile } = withEmail('ada@example.com')
        const forms = ['ada@example.com', 'ADA@EXAMPLE.COM']
        const on = (index: number) => (index % 2 ? store : second).users
        const results = await Promise.all([
          ...people.map((user, index) => on(index).replace(tenant, { ...user, profile, version: 2 }, 1)),
          ...people.map((_, index) => on(index).create(tenant, withEmail(forms[index % 2] ?? ''))),
        ])
        expect(results.filter((result) => result === 'written')).toHaveLength(1)
        expect(results.filter((result) => result === 'email_taken')).toHaveLength(39)
        const { records } = await store.users.list(tenant, 0, 100)
        const holders = records.filter((user) => verifiedEmailKey(user) !== undefined)
        expect(holders).toEqual([await second.users.findByVerifiedEmail(tenant, 'ada@example.com')])
      })
    })
  })
}
