/**
 * Hears of security events and writes each down once, before the request that brought it about is answered: from then on it
 * arrives at least once. While the store is away the newest of them are held in memory and written when it is back; such a
 * store answers no request as done either.
 */
import type { AuditListener } from '../../audit/events.ts'
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import { orderedId } from '../../kernel/ids.ts'
import type { Logger } from '../../observability/logger.ts'
import type { OutboxStore, OutboxTask } from '../../storage/outbox-port.ts'
import { leaves, outgoing } from './events.ts'
import { INBOX } from './receivers.ts'

export interface ListenerDeps {
  readonly store: { readonly outbox: Pick<OutboxStore, 'add'> }
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: { readonly events: { inc(labels: { readonly event: string }): void } }
  /** Absent: nobody is told, and nothing is kept. */
  readonly told?: { readonly keepSeconds: number; readonly wake: () => void; readonly dropped: () => void } | undefined
}

export interface SignalListener {
  readonly hear: AuditListener
  /** Writes down what could not be written before. Rejects where it still cannot. */
  catchUp(): Promise<void>
}

const MAX_HELD = 1000

interface Held {
  readonly tenant: string
  readonly task: OutboxTask
}

export function signalListener(deps: ListenerDeps): SignalListener {
  const { told } = deps
  let held: Held[] = []

  const write = async ({ tenant, task }: Held): Promise<void> => {
    const added = await deps.store.outbox.add(tenant, INBOX, task, 0)
    if (added === 'added') return told?.wake()
    told?.dropped()
    deps.logger.error({ event: task.event.name }, 'a security event was dropped: too many wait')
  }
  const hear: AuditListener = (event) => {
    if (!leaves(event)) return undefined
    deps.metrics.events.inc({ event: event.event })
    const { event: name, detail, client_id, request_id } = event
    deps.logger.info({ event: name, detail, client_id, request_id }, 'security event')
    if (told === undefined) return undefined
    const [id, at] = [orderedId(), epochSeconds(deps.clock)]
    const task = {
      v: 1,
      id,
      event: outgoing(event, id, at),
      attempts: 0,
      createdAt: at,
      expiresAt: at + told.keepSeconds,
    }
    const one: Held = { tenant: event.tenant, task: { ...task, v: 1 } }
    return write(one).catch((error: unknown) => {
      if (held.length === MAX_HELD) told.dropped()
      held = [...held.slice(1 - MAX_HELD), one]
      throw error
    })
  }
  return {
    hear,
    catchUp: async () => {
      while (held[0] !== undefined) {
        const [first] = held
        await write(first)
        held = held.filter((other) => other !== first)
      }
    },
  }
}
