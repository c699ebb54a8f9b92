/** Security events on their way out: queues that know nothing of each other, each task done by one node at a time. */
import { describe, expect, it } from 'vitest'
import { orderedId } from '../../kernel/ids.ts'
import { MAX_OUTBOX_TASKS, type OutboxTask } from '../outbox-port.ts'
import { type Conformance, newTenant } from './subject.ts'

const LEASE_MS = 30_000
const QUEUE = 'webhook:a b/ü'

export function outboxConformance({ clock, subject }: Conformance): void {
  const aTask = (id = orderedId()): OutboxTask => ({
    v: 1,
    id,
    event: { id, name: 'session_ended', at: clock.seconds(), sub: 'ada', sid: 's', changed: ['roles'] },
    signal: { type: 'session_revoked', reasons: false },
    attempts: 0,
    createdAt: clock.seconds(),
    expiresAt: clock.seconds() + 3600,
  })
  const idsOf = (tasks: readonly OutboxTask[]) => tasks.map(({ id }) => id)

  describe('outbox', () => {
    it('gives out what is due, the longest due first, and forgets what was removed', async () => {
      const { outbox } = subject().store
      const tenant = newTenant()
      const [now, soon, later] = [aTask(), aTask(), aTask()]
      for (const [task, delayMs] of [
        [later, 20_000],
        [soon, 10_000],
        [now, 0],
      ] as const)
        expect(await outbox.add(tenant, QUEUE, task, delayMs)).toBe('added')
      expect(await outbox.waiting(tenant, QUEUE)).toBe(3)
      expect(await outbox.claim(tenant, QUEUE, LEASE_MS, 10)).toEqual([now])
      expect(await outbox.remove(tenant, QUEUE, now.id)).toBe(true)
      expect(await outbox.remove(tenant, QUEUE, now.id)).toBe(false)
      clock.advance(20)
      expect(await outbox.claim(tenant, QUEUE, LEASE_MS, 1)).toHaveLength(1)
      expect(await outbox.claim(tenant, QUEUE, LEASE_MS, 1)).toHaveLength(1)
      expect(await outbox.claim(tenant, QUEUE, LEASE_MS, 10)).toEqual([])
      await outbox.clear(tenant, QUEUE)
      expect(await outbox.waiting(tenant, QUEUE)).toBe(0)
      clock.advance(60)
      expect(await outbox.claim(tenant, QUEUE, LEASE_MS, 10)).toEqual([])
    })

    it('gives again what a node claimed and did not finish, once its lease has ended', async () => {
      const { store, another } = subject()
      const tenant = newTenant()
      const task = aTask()
      await store.outbox.add(tenant, QUEUE, task, 0)
      expect(await store.outbox.claim(tenant, QUEUE, LEASE_MS, 10)).toEqual([task])
      clock.advance(29)
      expect(await (await another()).outbox.claim(tenant, QUEUE, LEASE_MS, 10)).toEqual([])
      clock.advance(1)
      expect(await (await another()).outbox.claim(tenant, QUEUE, LEASE_MS, 10)).toEqual([task])
    })

    it('puts off a task as it is now, and brings back none that was removed', async () => {
      const { outbox } = subject().store
      const tenant = newTenant()
      const [task, removed] = [aTask(), aTask()]
      await outbox.add(tenant, QUEUE, task, 0)
      const again = { ...task, attempts: 1 }
      await outbox.putOff(tenant, QUEUE, again, 5000)
      await outbox.putOff(tenant, QUEUE, removed, 0)
      expect(await outbox.claim(tenant, QUEUE, LEASE_MS, 10)).toEqual([])
      clock.advance(5)
      expect(await outbox.claim(tenant, QUEUE, LEASE_MS, 10)).toEqual([again])
    })

    it('leaves one of the same id as it is: a claim on it holds', async () => {
      const { outbox } = subject().store
      const tenant = newTenant()
      const task = aTask()
      await outbox.add(tenant, QUEUE, task, 0)
      await outbox.claim(tenant, QUEUE, LEASE_MS, 1)
      expect(await outbox.add(tenant, QUEUE, { ...task, attempts: 7 }, 0)).toBe('added')
      expect(await outbox.waiting(tenant, QUEUE)).toBe(1)
      expect(await outbox.claim(tenant, QUEUE, LEASE_MS, 10)).toEqual([])
      expect(await outbox.peek(tenant, QUEUE, 10)).toEqual([task])
    })

    it('shows what is due first without claiming it', async () => {
      const { outbox } = subject().store
      const tenant = newTenant()
      const tasks = ['1', '2', '3'].map((id) => aTask(id))
      for (const task of tasks) await outbox.add(tenant, QUEUE, task, 60_000)
      expect(await outbox.peek(tenant, QUEUE, 2)).toEqual(tasks.slice(0, 2))
      expect(await outbox.peek(tenant, QUEUE, 10)).toEqual(tasks)
      clock.advance(60)
      expect(idsOf(await outbox.claim(tenant, QUEUE, LEASE_MS, 10)).toSorted()).toEqual(idsOf(tasks))
    })

    it('makes all that wait due at once, and nothing of another queue', async () => {
      const { outbox } = subject().store
      const tenant = newTenant()
      const [soon, later, other] = [aTask('1'), aTask('2'), aTask('3')]
      await outbox.add(tenant, QUEUE, soon, 0)
      await outbox.add(tenant, QUEUE, later, 3_600_000)
      await outbox.add(tenant, 'another', other, 3_600_000)
      await outbox.hasten(tenant, QUEUE)
      expect(idsOf(await outbox.claim(tenant, QUEUE, LEASE_MS, 10)).toSorted()).toEqual(['1', '2'])
      expect(await outbox.claim(tenant, 'another', LEASE_MS, 10)).toEqual([])
    })

    it('forgets a queue with what its receiver said of it, and no other', async () => {
      const { outbox } = subject().store
      const tenant = newTenant()
      for (const queue of [QUEUE, 'another']) {
        await outbox.add(tenant, queue, aTask(), 0)
        await outbox.setStatus(tenant, queue, { v: 1, status: 'paused' })
      }
      await outbox.forget(tenant, QUEUE)
      expect([await outbox.waiting(tenant, QUEUE), await outbox.status(tenant, QUEUE)]).toEqual([0, undefined])
      expect([await outbox.waiting(tenant, 'another'), await outbox.status(tenant, 'another')]).toEqual([
        1,
        { v: 1, status: 'paused' },
      ])
    })

    it('gives each task to one of two nodes, of 50 that ask at once, and says of one removal that it was one', async () => {
      const { store, another } = subject()
      const second = await another()
      const tenant = newTenant()
      const tasks = Array.from({ length: 40 }, () => aTask())
      await Promise.all(tasks.map((task) => store.outbox.add(tenant, QUEUE, task, 0)))
      const nodes = Array.from({ length: 50 }, (_, index) => (index % 2 ? store : second).outbox)
      const claimed = await Promise.all(nodes.map((outbox) => outbox.claim(tenant, QUEUE, LEASE_MS, 3)))
      expect(idsOf(claimed.flat()).toSorted()).toEqual(idsOf(tasks).toSorted())
      const [{ id }] = tasks as [OutboxTask]
      const removed = await Promise.all(nodes.map((outbox) => outbox.remove(tenant, QUEUE, id)))
      expect(removed.filter((was) => was)).toEqual([true])
    })

    it('is full at its bound, each queue by itself, and takes more once there is room', async () => {
      const { outbox } = subject().store
      const tenant = newTenant()
      const tasks = Array.from({ length: MAX_OUTBOX_TASKS }, () => aTask())
      for (let from = 0; from < tasks.length; from += 200)
        await Promise.all(tasks.slice(from, from + 200).map((task) => outbox.add(tenant, QUEUE, task, 0)))
      expect(await outbox.add(tenant, QUEUE, aTask(), 0)).toBe('full')
      expect(await outbox.add(tenant, QUEUE, tasks[5] as OutboxTask, 0)).toBe('added')
      expect(await outbox.add(tenant, 'another', aTask(), 0)).toBe('added')
      expect(await outbox.peek(tenant, QUEUE, MAX_OUTBOX_TASKS)).toHaveLength(MAX_OUTBOX_TASKS)
      await outbox.remove(tenant, QUEUE, (tasks[0] as OutboxTask).id)
      expect(await outbox.add(tenant, QUEUE, aTask(), 0)).toBe('added')
      await outbox.clear(tenant, QUEUE)
    }, 60_000)

    it('keeps what a receiver said of its stream', async () => {
      const { outbox } = subject().store
      const tenant = newTenant()
      expect(await outbox.status(tenant, QUEUE)).toBeUndefined()
      await outbox.setStatus(tenant, QUEUE, { v: 1, status: 'paused', reason: 'upgrade' })
      await outbox.setStatus(tenant, QUEUE, { v: 1, status: 'enabled' })
      expect(await outbox.status(tenant, QUEUE)).toEqual({ v: 1, status: 'enabled' })
      expect(await outbox.status(tenant, 'another')).toBeUndefined()
    })

    it('is that of one tenant', async () => {
      const { outbox } = subject().store
      const [a, b, task] = [newTenant(), newTenant(), aTask()]
      await outbox.add(a, QUEUE, task, 0)
      await outbox.setStatus(a, QUEUE, { v: 1, status: 'paused' })
      expect(await outbox.claim(b, QUEUE, LEASE_MS, 10)).toEqual([])
      expect(await outbox.peek(b, QUEUE, 10)).toEqual([])
      expect(await outbox.remove(b, QUEUE, task.id)).toBe(false)
      await outbox.clear(b, QUEUE)
      expect(await outbox.status(b, QUEUE)).toBeUndefined()
      expect([await outbox.waiting(a, QUEUE), await outbox.waiting(b, QUEUE)]).toEqual([1, 0])
    })
  })
}
