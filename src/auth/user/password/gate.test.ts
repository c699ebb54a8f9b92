import { expect, test } from 'vitest'
import { createGate, GateFull } from './gate.ts'

const deferred = () => Promise.withResolvers<void>()

test('runs no more than its limit at once and refuses beyond the queue', async () => {
  const gate = createGate({ concurrent: 2, waiting: 1 })
  const holds = [deferred(), deferred(), deferred()]
  let started = 0
  const runs = holds.map((hold) =>
    gate.run(async () => {
      started += 1
      await hold.promise
    }),
  )
  await expect(gate.run(async () => undefined)).rejects.toBeInstanceOf(GateFull)
  expect(started).toBe(2)
  holds[0]?.resolve()
  await runs[0]
  await expect.poll(() => started).toBe(3)
  holds[1]?.resolve()
  holds[2]?.resolve()
  await Promise.all(runs)
  await expect(gate.run(async () => 'free again')).resolves.toBe('free again')
})

test('a failing work frees its place', async () => {
  const gate = createGate({ concurrent: 1, waiting: 0 })
  await expect(gate.run(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  await expect(gate.run(async () => 1)).resolves.toBe(1)
})

test('whoever goes ahead waits for none of those who crowd the queue', async () => {
  const gate = createGate({ concurrent: 1, waiting: 2 })
  const hold = deferred()
  const order: string[] = []
  const work = (name: string) => async () => void order.push(name)
  const runs = [gate.run(() => hold.promise), gate.run(work('first')), gate.run(work('second'))]
  await expect(gate.run(work('refused'))).rejects.toBeInstanceOf(GateFull)
  runs.push(gate.run(work('ahead'), { ahead: true }))
  expect(gate.waiting).toBe(3)
  hold.resolve()
  await Promise.all(runs)
  expect(order).toEqual(['ahead', 'first', 'second'])
})

test('one device that fills its place ahead waits with everybody else, and keeps no other known one out (checklist 36)', async () => {
  const hold = Promise.withResolvers<void>()
  const gate = createGate({ concurrent: 1, waiting: 3 })
  const order: string[] = []
  const work = (name: string) => async () => void order.push(name)
  const runs = [gate.run(() => hold.promise)]
  for (let count = 0; count < 5; count++) runs.push(gate.run(work('crowd'), { ahead: true, of: 'd1' }))
  await expect(gate.run(work('crowd'), { ahead: true, of: 'd1' })).rejects.toThrow(GateFull)
  runs.push(gate.run(work('owner'), { ahead: true, of: 'd2' }))
  hold.resolve()
  await Promise.all(runs)
  expect(order).toEqual(['crowd', 'crowd', 'owner', 'crowd', 'crowd', 'crowd'])
  // Its places are free again.
  const again = Promise.withResolvers<void>()
  const first = gate.run(() => again.promise)
  const second = gate.run(work('behind'))
  const third = gate.run(work('ahead'), { ahead: true, of: 'd1' })
  again.resolve()
  await Promise.all([first, second, third])
  expect(order.slice(-2)).toEqual(['ahead', 'behind'])
})
