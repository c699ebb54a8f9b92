import { expect, it } from 'vitest'
import type { AuditEvent } from '../../audit/events.ts'
import { createLogger } from '../../observability/logger.ts'
import type { OutboxTask } from '../../storage/outbox-port.ts'
import { signalListener } from './listener.ts'

const event: AuditEvent = { event: 'sign_in', tenant: 'default', sub: 'ada', request_id: 'r1' }

function listening(told = true) {
  const written: OutboxTask[] = []
  const state = { away: false, full: false, woken: 0, dropped: 0, counted: 0 }
  const listener = signalListener({
    store: {
      outbox: {
        add: async (_tenant, _queue, task) => {
          if (state.away) throw new Error('away')
          if (state.full) return 'full'
          written.push(task)
          return 'added'
        },
      },
    },
    clock: { nowMs: () => 1_795_780_800_000 },
    logger: createLogger({ level: 'silent' }),
    metrics: {
      events: {
        inc: () => {
          state.counted += 1
        },
      },
    },
    ...(told && {
      told: {
        keepSeconds: 60,
        wake: () => {
          state.woken += 1
        },
        dropped: () => {
          state.dropped += 1
        },
      },
    }),
  })
  return { listener, written, state }
}

it('writes each event that leaves before the request goes on, under an id of its own', async () => {
  const { listener, written, state } = listening()
  await listener.hear(event)
  await listener.hear(event)
  expect(written.map(({ event: one }) => one.name)).toEqual(['sign_in', 'sign_in'])
  expect(new Set(written.map(({ id }) => id)).size).toBe(2)
  expect(written[0]).toMatchObject({ attempts: 0, createdAt: 1_795_780_800, expiresAt: 1_795_780_860 })
  expect(state.woken).toBe(2)
})

it('costs a request nothing where the event stays, or nobody is told', () => {
  expect(listening().listener.hear({ event: 'token_issued', tenant: 'default' })).toBeUndefined()
  const { listener, state } = listening(false)
  expect(listener.hear(event)).toBeUndefined()
  expect(state.counted).toBe(1)
})

it('holds what it cannot write, and writes it in order once the store is back', async () => {
  const { listener, written, state } = listening()
  state.away = true
  await expect(listener.hear(event)).rejects.toThrow('away')
  await expect(listener.hear({ ...event, event: 'sign_out' })).rejects.toThrow('away')
  await expect(listener.catchUp()).rejects.toThrow('away')
  state.away = false
  await listener.catchUp()
  await listener.catchUp()
  expect(written.map(({ event: one }) => one.name)).toEqual(['sign_in', 'sign_out'])
})

it('holds no more than the newest thousand, and counts what it lets go', async () => {
  const { listener, written, state } = listening()
  state.away = true
  for (let index = 0; index < 1003; index += 1)
    await Promise.resolve(listener.hear({ ...event, request_id: `r${index}` })).catch(() => undefined)
  expect(state.dropped).toBe(3)
  state.away = false
  await listener.catchUp()
  expect(written).toHaveLength(1000)
  expect([written[0]?.event.requestId, written.at(-1)?.event.requestId]).toEqual(['r3', 'r1002'])
})

it('counts what finds no room', async () => {
  const { listener, state } = listening()
  state.full = true
  await listener.hear(event)
  expect([state.dropped, state.woken]).toEqual([1, 0])
})
