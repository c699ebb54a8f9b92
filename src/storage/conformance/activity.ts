/** Activity: bounded for each person and shelf, folded in one step, gone with the person. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import { type ActivityRecord, type Appended, MAX_ACTIVITY } from '../activity-port.ts'
import { aUser, type Conformance, newTenant } from './subject.ts'

const anEntry = (at: number, values: Partial<ActivityRecord> = {}): ActivityRecord => ({
  v: 1,
  id: randomId(),
  kind: 'sign_in',
  clientId: 'a|client',
  place: { browser: 'Firefox', system: 'Linux', network: '203.0.113.x', country: 'DE' },
  at,
  expiresAt: at + 1000,
  ...values,
})

export function activityConformance({ clock, subject }: Conformance): void {
  const person = async (tenant: string) => {
    const user = aUser(clock.seconds())
    await subject().store.users.create(tenant, user)
    return user
  }

  describe('activity', () => {
    it('lists what was written of a person, the newest first, until it expires', async () => {
      const { activity } = subject().store
      const tenant = newTenant()
      const [ada, bob] = [await person(tenant), await person(tenant)]
      const now = clock.seconds()
      const [first, second, refused] = [
        anEntry(now, { expiresAt: now + 60 }),
        anEntry(now + 2, { kind: 'password_changed', detail: 'person' }),
        anEntry(now + 1, { kind: 'sign_in_failed' }),
      ]
      for (const record of [first, second])
        expect(await activity.append(tenant, ada.sub, { shelf: 'done', record })).toBe('written')
      expect(await activity.append(tenant, ada.sub, { shelf: 'refused', record: refused })).toBe('written')
      const once = (record: ActivityRecord) => ({
        ...record,
        shelf: record === refused ? 'refused' : 'done',
        times: 1,
      })
      expect(await activity.list(tenant, ada.sub)).toEqual([second, refused, first].map(once))
      expect(await activity.list(tenant, bob.sub)).toEqual([])
      expect(await activity.list(newTenant(), ada.sub)).toEqual([])
      clock.advance(60)
      expect(await activity.list(tenant, ada.sub)).toEqual([second, refused].map(once))
    })

    it('counts entries of one key as one, each once, of any number at once', async () => {
      const { store, another } = subject()
      const second = await another()
      const tenant = newTenant()
      const ada = await person(tenant)
      const now = clock.seconds()
      const folded = (key: string, at = now): Appended => ({
        shelf: 'refused',
        record: anEntry(at, { kind: 'sign_in_failed' }),
        fold: { key, since: now - 10 },
      })
      await store.activity.append(tenant, ada.sub, folded('here', now - 11))
      await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          (index % 2 ? store : second).activity.append(tenant, ada.sub, folded('here')),
        ),
      )
      await store.activity.append(tenant, ada.sub, folded('elsewhere', now - 1))
      await store.activity.append(tenant, ada.sub, { ...folded('here'), shelf: 'done' })
      const last = folded('here', now + 1)
      await store.activity.append(tenant, ada.sub, last)
      const entries = await store.activity.list(tenant, ada.sub)
      expect(entries[0]).toEqual({ ...last.record, shelf: 'refused', times: 13 })
      expect(entries.map(({ times }) => times)).toEqual([13, 1, 1, 1])
    })

    it('keeps the latest of each shelf: refused attempts drive nothing else out', async () => {
      const { store, another } = subject()
      const second = await another()
      const tenant = newTenant()
      const ada = await person(tenant)
      const now = clock.seconds()
      const done = anEntry(now - 1)
      await store.activity.append(tenant, ada.sub, { shelf: 'done', record: done })
      await Promise.all(
        Array.from({ length: MAX_ACTIVITY.refused + 20 }, (_, index) =>
          (index % 2 ? store : second).activity.append(tenant, ada.sub, {
            shelf: 'refused',
            record: anEntry(now, { kind: 'sign_in_failed' }),
            fold: { key: `${index}`, since: now },
          }),
        ),
      )
      const entries = await store.activity.list(tenant, ada.sub)
      expect(entries).toHaveLength(MAX_ACTIVITY.refused + 1)
      expect(entries.at(-1)).toEqual({ ...done, shelf: 'done', times: 1 })
      for (let index = 0; index < MAX_ACTIVITY.done; index += 1)
        await store.activity.append(tenant, ada.sub, { shelf: 'done', record: anEntry(now + 1 + index) })
      const after = await store.activity.list(tenant, ada.sub)
      expect(after).toHaveLength(MAX_ACTIVITY.done + MAX_ACTIVITY.refused)
      expect(after.some(({ id }) => id === done.id)).toBe(false)
    })

    it('ends with its person, and a person who is gone gets none, also where one of that id is created anew', async () => {
      const { store, another } = subject()
      const second = await another()
      const tenant = newTenant()
      const ada = await person(tenant)
      const append = (shelf: Appended['shelf']) =>
        second.activity.append(tenant, ada.sub, { shelf, record: anEntry(clock.seconds()) })
      await append('refused')
      await Promise.all([...Array.from({ length: 10 }, () => append('done')), store.users.delete(tenant, ada.sub)])
      expect(await append('done')).toBe('missing')
      await store.users.create(tenant, ada)
      expect(await store.activity.list(tenant, ada.sub)).toEqual([])
    })
  })
}
