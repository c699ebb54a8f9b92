/** Everything that security events need to leave: what hears of them, who finds their receivers, who sends, who waits for more. */
import type { AuditListener } from '../../audit/events.ts'
import { type Work, workThrough } from '../../kernel/work-through.ts'
import type { SignalMetrics } from '../../observability/signal-metrics.ts'
import type { OutboxStore, OutboxTask } from '../../storage/outbox-port.ts'
import { type DeliverDeps, deliverTo, LEASE_MS, type Pace } from './deliver.ts'
import { type FanOutDeps, fanOut } from './fan-out.ts'
import { type ListenerDeps, signalListener } from './listener.ts'
import type { Posted } from './post.ts'
import { type PushDeps, pushSet } from './push.ts'
import { INBOX, isPolled, queueOf, type Receiver, type StreamReceiver } from './receivers.ts'
import { type Waiters, waiters } from './waiters.ts'
import { sendWebhook } from './webhook.ts'

export interface SignalOptions extends Partial<Pace> {
  readonly receivers: readonly Receiver[]
  /** How long an event is kept for a receiver that does not take it; default 3 days. */
  readonly keepSeconds?: number
  /** How long a poll without events waits for one, RFC 8936 2.2; default 20 s. */
  readonly longPollMs?: number
  /** How often a look is taken for polled events that are too old; default a minute. */
  readonly sweepMs?: number
}

export type SignalDeps = Omit<FanOutDeps, 'receivers' | 'wake' | 'count' | 'store'> &
  PushDeps &
  Pick<DeliverDeps, 'logger'> &
  Omit<ListenerDeps, 'told' | 'metrics' | 'store'> & {
    readonly metrics: SignalMetrics
    readonly store: FanOutDeps['store'] & PushDeps['store'] & { readonly outbox: OutboxStore }
  }

export interface Signals {
  readonly hear: AuditListener
  readonly streams: readonly StreamReceiver[]
  /** Whether a client has a stream, whose tokens name sessions to it. */
  readonly hearsOfSessions: (clientId: string) => boolean
  /** Something waits for it, or may be sent again. */
  wake(stream: StreamReceiver): void
  readonly waiters: Waiters
  readonly keepSeconds: number
  /** Polls that wait are answered. To be called before the server is closed. */
  release(): void
  close(): Promise<void>
}

const KEEP_SECONDS = 3 * 24 * 60 * 60
const PACE: Pace = { idleMs: 5_000, backOffMs: 1_000, maxBackOffMs: 15 * 60_000, attempts: 1_000 }
/** Events whose receivers are found at once. */
const AT_ONCE = 8
export function startSignals(deps: SignalDeps, tenant: string, options: SignalOptions): Signals {
  const { receivers, keepSeconds = KEEP_SECONDS, longPollMs = 20_000, sweepMs = 60_000, ...own } = options
  const pace = { ...PACE, ...own }
  const waiting = waiters(longPollMs)
  const works = new Map<string, Work>()
  const wake = (receiver: Receiver): void => {
    works.get(queueOf(receiver))?.wake()
    waiting.wake(queueOf(receiver))
  }
  const count = (receiver: Receiver, outcome: string) =>
    deps.metrics.deliveries.inc({ receiver: queueOf(receiver), outcome })
  const dropped = () => deps.metrics.deliveries.inc({ receiver: INBOX, outcome: 'dropped' })
  const told = receivers.length === 0 ? undefined : { keepSeconds, wake: () => works.get(INBOX)?.wake(), dropped }
  const listener = signalListener({ ...deps, told })
  if (told !== undefined) {
    works.set(INBOX, findReceivers({ ...deps, receivers, wake, count }, tenant, listener.catchUp, pace))
    for (const receiver of receivers)
      works.set(
        queueOf(receiver),
        work(deps, tenant, receiver, isPolled(receiver) ? { ...pace, idleMs: sweepMs, backOffMs: sweepMs } : pace),
      )
  }
  deps.metrics.watch(async () => {
    const queues = [...works.keys()]
    const counts = await Promise.all(queues.map((queue) => deps.store.outbox.waiting(tenant, queue)))
    return new Map(queues.map((queue, index) => [queue, counts[index] ?? 0]))
  })
  const streams = receivers.filter((receiver) => receiver.kind === 'stream')
  const clients = new Set(streams.map(({ clientId }) => clientId))
  return {
    hear: listener.hear,
    streams,
    hearsOfSessions: (clientId) => clients.has(clientId),
    wake,
    waiters: waiting,
    keepSeconds,
    release: waiting.release,
    close: async () => {
      await works.get(INBOX)?.close()
      await Promise.all([...works.values()].map((one) => one.close()))
    },
  }
}

/** Where policy cannot be asked an event stays claimed, and comes again. */
function findReceivers(deps: FanOutDeps & SignalDeps, tenant: string, catchUp: () => Promise<void>, pace: Pace): Work {
  const { outbox } = deps.store
  return workThrough<OutboxTask>({
    atOnce: () => AT_ONCE,
    idleMs: pace.idleMs,
    soonMs: Math.min(pace.idleMs, pace.backOffMs),
    waiting: async () => {
      await catchUp()
      return outbox.waiting(tenant, INBOX)
    },
    claim: (limit) => outbox.claim(tenant, INBOX, LEASE_MS, limit),
    settle: async (task) => {
      if (task.expiresAt * 1000 <= deps.clock.nowMs()) {
        deps.metrics.deliveries.inc({ receiver: INBOX, outcome: 'given_up' })
        deps.logger.error({ event: task.event.name }, 'a security event was given up: policy was not to be asked')
        return void (await outbox.remove(tenant, INBOX, task.id))
      }
      try {
        await fanOut(deps, tenant, task)
      } catch (error) {
        await outbox.putOff(tenant, INBOX, { ...task, attempts: task.attempts + 1 }, pace.backOffMs)
        throw error
      }
      await outbox.remove(tenant, INBOX, task.id)
    },
    onFailure: (error, of) =>
      deps.logger.warn(
        { error: error instanceof Error ? error.name : typeof error },
        of === 'task' ? 'receivers of a security event cannot be found yet' : 'security events cannot be read',
      ),
  })
}

function work(deps: SignalDeps, tenant: string, receiver: Receiver, pace: Pace): Work {
  const send = (task: OutboxTask, signal: AbortSignal): Promise<Posted | undefined> => {
    if (receiver.kind === 'webhook') return sendWebhook(deps, tenant, receiver, task, signal)
    if (receiver.delivery.method === 'push') return pushSet(deps, tenant, receiver, receiver.delivery, task, signal)
    throw new Error('what is polled for is due only when it is too old')
  }
  const count: DeliverDeps['count'] = (outcome) => deps.metrics.deliveries.inc({ receiver: queueOf(receiver), outcome })
  return deliverTo({ ...deps, send, count }, tenant, receiver, pace)
}
