/** Unfinished sign-outs: each is done by one node at a time, and by another one where that one did not finish. */
import { describe, expect, it } from 'vitest'
import { randomId } from '../../kernel/ids.ts'
import type { LogoutTask } from '../records.ts'
import { type Conformance, newTenant } from './subject.ts'

const LEASE_MS = 30_000

export function logoutConformance({ clock, subject }: Conformance): void {
  const aTask = (id = randomId()): LogoutTask => ({
    v: 1,
    id,
    kind: 'client',
    clientId: 'shop',
    sid: 's',
    sub: 'ada',
    attempts: 0,
    createdAt: clock.seconds(),
  })

  describe('unfinished sign-outs', () => {
    it('are given out when they are due, the longest due first, and are gone once removed', async () => {
      const { logouts } = subject().store
      const tenant = newTenant()
      const [now, soon, later] = [aTask(), aTask(), aTask()]
      expect(await logouts.add(tenant, later, 20_000)).toBe('added')
      expect(await logouts.add(tenant, soon, 10_000)).toBe('added')
      expect(await logouts.add(tenant, now, 0)).toBe('added')
      expect(await logouts.waiting(tenant)).toBe(3)
      expect(await logouts.claim(tenant, LEASE_MS, 10)).toEqual([now])
      await logouts.remove(tenant, now.id)
      clock.advance(20)
      expect(await logouts.claim(tenant, LEASE_MS, 1)).toHaveLength(1)
      expect(await logouts.claim(tenant, LEASE_MS, 1)).toHaveLength(1)
      expect(await logouts.claim(tenant, LEASE_MS, 10)).toEqual([])
      await logouts.remove(tenant, soon.id)
      await logouts.remove(tenant, later.id)
      await logouts.remove(tenant, later.id)
      expect(await logouts.waiting(tenant)).toBe(0)
      clock.advance(60)
      expect(await logouts.claim(tenant, LEASE_MS, 10)).toEqual([])
    })

    it('come again after the lease of a node that did not finish', async () => {
      const { store, another } = subject()
      const tenant = newTenant()
      const task = aTask()
      await store.logouts.add(tenant, task, 0)
      expect(await store.logouts.claim(tenant, LEASE_MS, 10)).toEqual([task])
      clock.advance(29)
      expect(await (await another()).logouts.claim(tenant, LEASE_MS, 10)).toEqual([])
      clock.advance(1)
      expect(await (await another()).logouts.claim(tenant, LEASE_MS, 10)).toEqual([task])
    })

    it('are put off as they are now, and not brought back once removed', async () => {
      const { logouts } = subject().store
      const tenant = newTenant()
      const [task, removed] = [aTask(), aTask()]
      await logouts.add(tenant, task, 0)
      const again: LogoutTask = { ...task, attempts: 1 } as LogoutTask
      await logouts.putOff(tenant, again, 5000)
      await logouts.putOff(tenant, removed, 0)
      expect(await logouts.claim(tenant, LEASE_MS, 10)).toEqual([])
      clock.advance(5)
      expect(await logouts.claim(tenant, LEASE_MS, 10)).toEqual([again])
    })

    it('one of the same id takes the place of the other', async () => {
      const { logouts } = subject().store
      const tenant = newTenant()
      await logouts.add(tenant, aTask('same'), 60_000)
      const second = aTask('same')
      await logouts.add(tenant, second, 0)
      expect(await logouts.waiting(tenant)).toBe(1)
      expect(await logouts.claim(tenant, LEASE_MS, 10)).toEqual([second])
    })

    it('are given to one of two nodes each, of 50 that ask at once', async () => {
      const { store, another } = subject()
      const second = await another()
      const tenant = newTenant()
      const tasks = Array.from({ length: 40 }, () => aTask())
      await Promise.all(tasks.map((task) => store.logouts.add(tenant, task, 0)))
      const claimed = await Promise.all(
        Array.from({ length: 50 }, (_, index) => (index % 2 ? store : second).logouts.claim(tenant, LEASE_MS, 3)),
      )
      expect(
        claimed
          .flat()
          .map(({ id }) => id)
          .toSorted(),
      ).toEqual(tasks.map(({ id }) => id).toSorted())
    })

    it('are those of one tenant', async () => {
      const { logouts } = subject().store
      const [a, b, task] = [newTenant(), newTenant(), aTask()]
      await logouts.add(a, task, 0)
      expect(await logouts.claim(b, LEASE_MS, 10)).toEqual([])
      await logouts.remove(b, task.id)
      expect(await logouts.waiting(a)).toBe(1)
      expect(await logouts.waiting(b)).toBe(0)
    })
  })
}
