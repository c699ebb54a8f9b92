/** IdentityStore: an account at a provider belongs to one person at most, and ends with that person. Checklist 43. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import { MAX_IDENTITIES_OF_PERSON } from '../port.ts'
import { type IdentityRecord, identityKey } from '../records.ts'
import { aPasskey } from './factors.ts'
import { aUser, type Conformance, newTenant } from './subject.ts'

const anIdentity = (now: number, sub: string, subject = randomId()): IdentityRecord => ({
  v: 1,
  key: identityKey('https://idp.example', subject),
  sub,
  provider: 'idp',
  issuer: 'https://idp.example',
  subject,
  label: 'zoë@example.com',
  linkedAt: now,
})

export function identityConformance({ clock, subject }: Conformance): void {
  describe('identities', () => {
    const person = async () => {
      const [tenant, user] = [newTenant(), aUser(clock.seconds())]
      await subject().store.users.create(tenant, user)
      return { tenant, user, sub: user.sub }
    }

    it('links, finds, lists in order of linking and unlinks', async () => {
      const { identities } = subject().store
      const { tenant, sub } = await person()
      const [first, second] = [anIdentity(clock.seconds(), sub), anIdentity(clock.seconds() + 1, sub)]
      expect(await identities.find(tenant, first.key)).toBeUndefined()
      expect(await identities.link(tenant, first)).toBe('written')
      expect(await identities.link(tenant, second)).toBe('written')
      expect(await identities.find(tenant, first.key)).toEqual(first)
      expect(await identities.list(tenant, sub)).toEqual([first, second])
      expect(await identities.list(tenant, 'somebody')).toEqual([])
      expect(await identities.unlink(tenant, sub, first.key)).toBe('written')
      expect(await identities.unlink(tenant, sub, first.key)).toBe('missing')
      expect(await identities.list(tenant, sub)).toEqual([second])
      expect(await identities.find(tenant, first.key)).toBeUndefined()
    })

    it('of two ways in that are taken away at once, each for the sake of the other, one stays', async () => {
      const { store, another } = subject()
      const second = await another()
      for (let round = 0; round < 10; round += 1) {
        const { tenant, sub } = await person()
        const [identity, passkey] = [anIdentity(clock.seconds(), sub), aPasskey(clock.seconds(), sub)]
        const { key } = identity
        const { credentialId } = passkey
        await store.identities.link(tenant, identity)
        await store.factors.passkeys.add(tenant, passkey)
        const results = await Promise.all([
          store.identities.unlink(tenant, sub, key, { passkey: credentialId }),
          second.factors.passkeys.remove(tenant, sub, credentialId, { identity: key }),
        ])
        expect(results.toSorted()).toEqual(['conflict', 'written'])
        const { passkeys } = await store.factors.of(tenant, sub)
        expect([...(await store.identities.list(tenant, sub)), ...passkeys]).toHaveLength(1)
      }
    })

    it('takes a way in away for the sake of one of the same kind, and of nobody else’s', async () => {
      const { identities, factors } = subject().store
      const { tenant, sub } = await person()
      const [first, second] = [anIdentity(clock.seconds(), sub), anIdentity(clock.seconds(), sub)]
      await identities.link(tenant, first)
      await identities.link(tenant, second)
      const other = aUser(clock.seconds())
      await subject().store.users.create(tenant, other)
      const theirs = aPasskey(clock.seconds(), other.sub)
      await factors.passkeys.add(tenant, theirs)
      expect(await identities.unlink(tenant, sub, first.key, { passkey: theirs.credentialId })).toBe('conflict')
      expect(await identities.unlink(tenant, sub, first.key, { identity: second.key })).toBe('written')
      expect(await identities.unlink(tenant, sub, second.key, { identity: first.key })).toBe('conflict')
      expect(await identities.list(tenant, sub)).toEqual([second])

      const [a, b] = [aPasskey(clock.seconds(), sub), aPasskey(clock.seconds(), sub)]
      await factors.passkeys.add(tenant, a)
      await factors.passkeys.add(tenant, b)
      expect(await factors.passkeys.remove(tenant, sub, a.credentialId, { passkey: b.credentialId })).toBe('written')
      expect(await factors.passkeys.remove(tenant, sub, b.credentialId, { passkey: a.credentialId })).toBe('conflict')
      expect((await factors.of(tenant, sub)).passkeys).toEqual([b])
    })

    it('links nobody who is not there, no account of another person, and lets nobody unlink that', async () => {
      const { identities, users } = subject().store
      const { tenant, sub } = await person()
      const other = aUser(clock.seconds())
      await users.create(tenant, other)
      const identity = anIdentity(clock.seconds(), sub)
      expect(await identities.link(tenant, anIdentity(clock.seconds(), 'nobody'))).toBe('missing')
      expect(await identities.link(tenant, identity)).toBe('written')
      expect(await identities.link(tenant, { ...identity, sub: other.sub })).toBe('conflict')
      expect(await identities.link(tenant, identity)).toBe('conflict')
      expect(await identities.unlink(tenant, other.sub, identity.key)).toBe('missing')
      expect(await identities.find(tenant, identity.key)).toEqual(identity)
      expect(await identities.list(tenant, other.sub)).toEqual([])
    })

    it('of 40 people who link one account at once on two nodes one gets it (checklist 43, 51)', async () => {
      const { store, another } = subject()
      const second = await another()
      const tenant = newTenant()
      const people = Array.from({ length: 40 }, () => aUser(clock.seconds()))
      for (const user of people) await store.users.create(tenant, user)
      const key = randomId()
      const results = await Promise.all(
        people.map(({ sub }, index) =>
          (index % 2 ? store : second).identities.link(tenant, anIdentity(clock.seconds(), sub, key)),
        ),
      )
      expect(results.filter((result) => result === 'written')).toHaveLength(1)
      const owner = people[results.indexOf('written')]?.sub
      expect((await store.identities.find(tenant, identityKey('https://idp.example', key)))?.sub).toBe(owner)
    })

    it('creates a person together with an identity: of 40 at once one, and none without the other', async () => {
      const { store, another } = subject()
      const second = await another()
      const [tenant, account] = [newTenant(), randomId()]
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, index) => {
          const user = aUser(clock.seconds())
          const identity = anIdentity(clock.seconds(), user.sub, account)
          return (index % 2 ? store : second).identities.createPerson(tenant, user, identity)
        }),
      )
      expect(results.filter((result) => result === 'written')).toHaveLength(1)
      const { total, records } = await store.users.list(tenant, 0, 10)
      expect(total).toBe(1)
      const [created] = records
      const identity = await store.identities.find(tenant, identityKey('https://idp.example', account))
      expect(identity?.sub).toBe(created?.sub)
      const named = aUser(clock.seconds(), { userName: created?.userName.toUpperCase() ?? '' })
      const more = anIdentity(clock.seconds(), named.sub)
      expect(await store.identities.createPerson(tenant, named, more)).toBe('conflict')
      expect(await store.identities.find(tenant, more.key)).toBeUndefined()
      expect(await store.users.find(tenant, named.sub)).toBeUndefined()
    })

    it('creates nobody with an address that somebody else has proven, nor their identity', async () => {
      const { identities, users } = subject().store
      const tenant = newTenant()
      const profile = { emails: [{ value: 'ada@example.com' }], emailVerified: true }
      const [ada, other] = [aUser(clock.seconds(), { profile }), aUser(clock.seconds(), { profile })]
      expect(await identities.createPerson(tenant, ada, anIdentity(clock.seconds(), ada.sub))).toBe('written')
      expect(await users.findByVerifiedEmail(tenant, 'ADA@example.com')).toEqual(ada)
      const identity = anIdentity(clock.seconds(), other.sub)
      expect(await identities.createPerson(tenant, other, identity)).toBe('email_taken')
      expect(await identities.find(tenant, identity.key)).toBeUndefined()
      expect(await users.find(tenant, other.sub)).toBeUndefined()
    })

    it('ends with its person, and is then free for another', async () => {
      const { identities, users } = subject().store
      const { tenant, sub } = await person()
      const identity = anIdentity(clock.seconds(), sub)
      await identities.link(tenant, identity)
      await users.delete(tenant, sub)
      expect(await identities.find(tenant, identity.key)).toBeUndefined()
      expect(await identities.list(tenant, sub)).toEqual([])
      const next = aUser(clock.seconds())
      await users.create(tenant, next)
      expect(await identities.link(tenant, { ...identity, sub: next.sub })).toBe('written')
    })

    it('holds a bounded number for one person, and hides all from another tenant', async () => {
      const { identities, users } = subject().store
      const { tenant, user, sub } = await person()
      const made = Array.from({ length: MAX_IDENTITIES_OF_PERSON }, () => anIdentity(clock.seconds(), sub))
      for (const identity of made) expect(await identities.link(tenant, identity)).toBe('written')
      expect(await identities.link(tenant, anIdentity(clock.seconds(), sub))).toBe('conflict')
      const other = newTenant()
      await users.create(other, user)
      const [one] = made
      if (one === undefined) throw new Error('none was made')
      expect(await identities.find(other, one.key)).toBeUndefined()
      expect(await identities.list(other, sub)).toEqual([])
      expect(await identities.unlink(other, sub, one.key)).toBe('missing')
      expect(await identities.link(other, one)).toBe('written')
    })
  })
}
