/** One-use records: found while they last, spent once, ended together and with their person, bounded, seen by their tenant only. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import { MAX_ONE_USE_OF_PERSON } from '../port.ts'
import type { OneUseRecord } from '../records.ts'
import { aUser, type Conformance, newTenant } from './subject.ts'

const aRecord = (now: number, values: Partial<OneUseRecord> = {}): OneUseRecord => ({
  v: 1,
  kind: 'password_reset',
  sub: 'person',
  facts: { epoch: 7, text: 'ü&:@', known: true, list: ['a', 'b'] },
  createdAt: now,
  expiresAt: now + 60,
  ...values,
})
const ofNobody = (now: number): OneUseRecord => {
  const { sub: _sub, ...rest } = aRecord(now, { kind: 'state' })
  return rest
}

export function oneUseConformance({ clock, subject }: Conformance): void {
  const makers = { 'of a person': aRecord, 'of nobody': ofNobody }

  describe.each(Object.entries(makers))('one-use records %s', (_of, make) => {
    it('puts, finds and takes, until it expires', async () => {
      const { oneUse } = subject().store
      const [tenant, digest, record] = [newTenant(), randomId(32), make(clock.seconds())]
      expect(await oneUse.find(tenant, record.kind, digest)).toBeUndefined()
      expect(await oneUse.take(tenant, record.kind, digest)).toBeUndefined()
      await oneUse.put(tenant, digest, record)
      expect(await oneUse.find(tenant, record.kind, digest)).toEqual(record)
      expect(await oneUse.take(tenant, record.kind, digest)).toEqual(record)
      expect(await oneUse.find(tenant, record.kind, digest)).toBeUndefined()
      await oneUse.put(tenant, digest, record)
      clock.advance(60)
      expect(await oneUse.find(tenant, record.kind, digest)).toBeUndefined()
      expect(await oneUse.take(tenant, record.kind, digest)).toBeUndefined()
    })

    it('is found and taken as its own kind and in its own tenant only', async () => {
      const { oneUse } = subject().store
      const [tenant, other, digest, record] = [newTenant(), newTenant(), randomId(32), make(clock.seconds())]
      await oneUse.put(tenant, digest, record)
      expect(await oneUse.find(tenant, 'other', digest)).toBeUndefined()
      expect(await oneUse.take(tenant, 'other', digest)).toBeUndefined()
      expect(await oneUse.find(other, record.kind, digest)).toBeUndefined()
      expect(await oneUse.take(other, record.kind, digest)).toBeUndefined()
      await oneUse.endOf(other, 'person', record.kind)
      expect(await oneUse.take(tenant, record.kind, digest)).toEqual(record)
    })

    it('gives one to a single one of 50 takers on two nodes', async () => {
      const { store, another } = subject()
      const [tenant, digest, record] = [newTenant(), randomId(32), make(clock.seconds())]
      const second = await another()
      await store.oneUse.put(tenant, digest, record)
      const taken = await Promise.all(
        Array.from({ length: 50 }, (_, index) => (index % 2 ? store : second).oneUse.take(tenant, record.kind, digest)),
      )
      expect(taken.filter((one) => one !== undefined)).toHaveLength(1)
    })
  })

  describe('one-use records of one person', () => {
    it('end together, those of one kind only', async () => {
      const { oneUse } = subject().store
      const [tenant, digests] = [newTenant(), [randomId(32), randomId(32), randomId(32)] as const]
      const now = clock.seconds()
      await oneUse.put(tenant, digests[0], aRecord(now))
      await oneUse.put(tenant, digests[1], aRecord(now))
      await oneUse.put(tenant, digests[2], aRecord(now, { kind: 'password_reset_other' }))
      await oneUse.endOf(tenant, 'person', 'password_reset')
      for (const digest of digests.slice(0, 2))
        expect(await oneUse.take(tenant, 'password_reset', digest)).toBeUndefined()
      expect(await oneUse.find(tenant, 'password_reset_other', digests[2])).toBeDefined()
      await oneUse.endOf(tenant, 'person', 'password_reset')
    })

    it('are listed while they last, of all kinds, the one that ends last first, and those of nobody else', async () => {
      const { oneUse } = subject().store
      const [tenant, now] = [newTenant(), clock.seconds()]
      const [first, second] = [aRecord(now, { expiresAt: now + 90 }), aRecord(now, { kind: 'password_reset_other' })]
      const [spent, ended] = [aRecord(now), aRecord(now, { kind: 'ended' })]
      const put = async (record: OneUseRecord, of = tenant): Promise<string> => {
        const digest = randomId(32)
        await oneUse.put(of, digest, record)
        return digest
      }
      await put(second)
      await put(first)
      await put(aRecord(now, { sub: 'other' }))
      await put(ofNobody(now))
      await put(first, newTenant())
      await oneUse.take(tenant, spent.kind, await put(spent))
      await put(ended)
      await oneUse.endOf(tenant, 'person', 'ended')
      expect(await oneUse.list(tenant, 'person')).toEqual([first, second])
      clock.advance(60)
      expect(await oneUse.list(tenant, 'person')).toEqual([first])
      expect(await oneUse.list(tenant, 'nobody')).toEqual([])
    })

    it('are bounded: one more ends the one that would end first, of the same kind only', async () => {
      const { oneUse } = subject().store
      const [tenant, now] = [newTenant(), clock.seconds()]
      const digests = Array.from({ length: MAX_ONE_USE_OF_PERSON + 2 }, () => randomId(32))
      const other = randomId(32)
      await oneUse.put(tenant, other, aRecord(now, { kind: 'other', expiresAt: now + 1 }))
      for (const [index, digest] of digests.entries())
        await oneUse.put(tenant, digest, aRecord(now, { expiresAt: now + 60 + index }))
      const found = await Promise.all(digests.map((digest) => oneUse.find(tenant, 'password_reset', digest)))
      expect(found.map((record) => record !== undefined)).toEqual(digests.map((_, index) => index >= 2))
      expect(await oneUse.find(tenant, 'other', other)).toBeDefined()
      const shortest = randomId(32)
      await oneUse.put(tenant, shortest, aRecord(now, { expiresAt: now + 1 }))
      expect(await oneUse.find(tenant, 'password_reset', shortest)).toBeDefined()
    })

    it('end with the person, also when one of the same id is created anew', async () => {
      const { oneUse, users } = subject().store
      const [tenant, digest, user] = [newTenant(), randomId(32), aUser(clock.seconds())]
      await users.create(tenant, user)
      await oneUse.put(tenant, digest, aRecord(clock.seconds(), { sub: user.sub }))
      await users.delete(tenant, user.sub)
      await users.create(tenant, user)
      expect(await oneUse.find(tenant, 'password_reset', digest)).toBeUndefined()
      expect(await oneUse.take(tenant, 'password_reset', digest)).toBeUndefined()
    })
  })
}
