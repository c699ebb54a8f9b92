import { expect, it } from 'vitest'
import { type WorkOptions, workThrough } from './work-through.ts'

/** A queue in memory; a task is done when its promise is. */
function queueOf(count: number) {
  const waiting = Array.from({ length: count }, (_, index) => index)
  const underWay = new Map<number, () => void>()
  const done: number[] = []
  let claims = 0
  const options: WorkOptions<number> = {
    atOnce: () => 3,
    idleMs: 60_000,
    soonMs: 60_000,
    waiting: async () => waiting.length,
    claim: async (limit) => {
      claims += 1
      return waiting.splice(0, limit)
    },
    settle: (task) =>
      new Promise((resolve) => {
        underWay.set(task, () => {
          underWay.delete(task)
          done.push(task)
          resolve()
        })
      }),
    onFailure: () => undefined,
  }
  return { waiting, underWay, done, options, claims: () => claims }
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

it('does as many at once as there is room for, and the next as soon as there is', async () => {
  const { underWay, done, options } = queueOf(5)
  const work = workThrough(options)
  await turns()
  expect([...underWay.keys()]).toEqual([0, 1, 2])
  underWay.get(1)?.()
  await turns()
  expect([...underWay.keys()]).toEqual([0, 2, 3])
  for (const finish of [...underWay.values()]) finish()
  await turns()
  for (const finish of [...underWay.values()]) finish()
  await work.close()
  expect(done.toSorted()).toEqual([0, 1, 2, 3, 4])
})

it('claims nothing while nothing waits, and looks at once when woken', async () => {
  const { waiting, underWay, options, claims } = queueOf(0)
  const work = workThrough(options)
  await turns()
  expect(claims()).toBe(0)
  waiting.push(7)
  work.wake()
  await turns()
  expect([...underWay.keys()]).toEqual([7])
  underWay.get(7)?.()
  await work.close()
})

it('takes up nothing where there is no room, and says so of what fails', async () => {
  const { options, claims } = queueOf(5)
  const failures: [unknown, string][] = []
  let room = 0
  const work = workThrough({
    ...options,
    soonMs: 1,
    atOnce: () => room,
    settle: async (task) => {
      throw new Error(`task ${task}`)
    },
    onFailure: (error, of) => failures.push([error, of]),
  })
  await turns()
  expect(claims()).toBe(0)
  room = 5
  work.wake()
  await turns()
  await work.close()
  expect(failures).toHaveLength(5)
  expect(new Set(failures.map(([, of]) => of))).toEqual(new Set(['task']))
})

it('waits for what is under way when it is closed, and tells it so', async () => {
  const { options } = queueOf(1)
  const heard: boolean[] = []
  const work = workThrough({
    ...options,
    settle: (_task, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          heard.push(signal.aborted)
          resolve()
        })
      }),
  })
  await turns()
  await work.close()
  expect(heard).toEqual([true])
})

it('goes on after a look that failed', async () => {
  const { waiting, underWay, options } = queueOf(0)
  let away = true
  const failures: string[] = []
  const work = workThrough({
    ...options,
    waiting: async () => {
      if (away) throw new Error('away')
      return waiting.length
    },
    onFailure: (_error, of) => failures.push(of),
  })
  await turns()
  expect(failures).toEqual(['look'])
  away = false
  waiting.push(1)
  work.wake()
  await turns()
  underWay.get(1)?.()
  await work.close()
  expect(failures).toEqual(['look'])
})
