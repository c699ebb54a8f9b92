/** Everything that security events need to leave: what hears of them, who finds their receivers, who sends, who waits for more. */
import { isIP } from 'node:net'
import type { AuditListener } from '../../audit/events.ts'
import { EgressError } from '../../egress/egress.ts'
import { type Work, workThrough } from '../../kernel/work-through.ts'
import type { SignalMetrics } from '../../observability/signal-metrics.ts'
import type { OutboxStore, OutboxTask } from '../../storage/outbox-port.ts'
import { type DeliverDeps, deliverTo, LEASE_MS, type Pace } from './deliver.ts'
import { type FanOutDeps, fanOut } from './fan-out.ts'
import { keepSenders, type Senders } from './keep-senders.ts'
import { type ListenerDeps, signalListener } from './listener.ts'
import { type PushDeps, pushSet } from './push.ts'
import { INBOX, isPolled, labelOf, MADE, queueOf, type Receiver, type StreamReceiver } from './receivers.ts'
import { NO_STORED_STREAMS, type StoredStreams, type StoredStreamsDeps, storedStreams } from './stored-streams.ts'
import { type Waiters, waiters } from './waiters.ts'
import { sendWebhook } from './webhook.ts'

export interface SignalOptions extends Partial<Pace> {
  readonly receivers: readonly Receiver[]
  /** Clients make streams by themselves, where policy lets them; default: no. */
  readonly managed?: boolean
  /** How long an event is kept for a receiver that does not take it; default 3 days. */
  readonly keepSeconds?: number
  /** How long a poll without events waits for one, RFC 8936 2.2; default 20 s. */
  readonly longPollMs?: number
  /** How often a look is taken for polled events that are too old; default a minute. */
  readonly sweepMs?: number
}

export type SignalDeps = Omit<FanOutDeps, 'receivers' | 'stored' | 'wake' | 'count' | 'store'> &
  PushDeps &
  Pick<DeliverDeps, 'logger'> &
  Omit<ListenerDeps, 'told' | 'metrics' | 'store'> & {
    readonly envelope: StoredStreamsDeps['envelope']
    readonly metrics: SignalMetrics
    readonly store: FanOutDeps['store'] &
      PushDeps['store'] &
      StoredStreamsDeps['store'] & { readonly outbox: OutboxStore }
  }

export interface Signals {
  readonly hear: AuditListener
  /** Those of the configuration. */
  readonly streams: readonly StreamReceiver[]
  /** Whether clients make further ones. */
  readonly managed: boolean
  readonly stored: StoredStreams
  /** One was made, changed or deleted. */
  changed(): Promise<void>
  /** Whether what is pushed gets out to an address of this kind; of names that is found out when it is pushed. */
  reaches(url: URL): Promise<boolean>
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
/** To judge an address that needs no look-up. */
const LITERAL_DEADLINE_MS = 1_000
/** Events whose receivers are found at once. */
const AT_ONCE = 8
export function startSignals(deps: SignalDeps, tenant: string, options: SignalOptions): Signals {
  const {
    receivers,
    managed = false,
    keepSeconds = KEEP_SECONDS,
    longPollMs = 20_000,
    sweepMs = 60_000,
    ...own
  } = options
  const pace = { ...PACE, ...own }
  const waiting = waiters(longPollMs)
  const stored = managed ? storedStreams(deps) : NO_STORED_STREAMS
  const works = new Map<string, Work>()
  const begin = (receiver: Receiver): Work =>
    work({ ...deps, stored }, tenant, receiver, paceOf(receiver, pace, sweepMs))
  const made = managed ? sendersOf(deps, tenant, stored, begin, pace) : undefined
  const wake = (receiver: Receiver): void => {
    works.get(queueOf(receiver))?.wake()
    if (receiver.kind === 'stream' && receiver.stored !== undefined) made?.wake(receiver)
    waiting.wake(queueOf(receiver))
  }
  const count = (receiver: Receiver, outcome: string) =>
    deps.metrics.deliveries.inc({ receiver: labelOf(receiver), outcome })
  const dropped = () => deps.metrics.deliveries.inc({ receiver: INBOX, outcome: 'dropped' })
  const isTold = receivers.length > 0 || managed
  const told = isTold ? { keepSeconds, wake: () => works.get(INBOX)?.wake(), dropped } : undefined
  const listener = signalListener({ ...deps, told })
  if (told !== undefined) {
    works.set(INBOX, findReceivers({ ...deps, receivers, stored, wake, count }, tenant, listener.catchUp, pace))
    for (const receiver of receivers) works.set(queueOf(receiver), begin(receiver))
  }
  const waitingIn = (queues: readonly string[]) =>
    Promise.all(queues.map((queue) => deps.store.outbox.waiting(tenant, queue)))
  deps.metrics.watch(async () => {
    const queues = [...works.keys()]
    const counts = await waitingIn(queues)
    const all = new Map(queues.map((queue, index) => [queue, counts[index] ?? 0]))
    return made === undefined ? all : all.set(MADE, sum(await waitingIn(made.queues())))
  })
  const streams = receivers.filter((receiver) => receiver.kind === 'stream')
  const clients = new Set(streams.map(({ clientId }) => clientId))
  return {
    hear: listener.hear,
    streams,
    managed,
    stored,
    changed: async () => made?.look(),
    reaches: (url) => isReached(deps, url),
    hearsOfSessions: (clientId) => clients.has(clientId) || made?.hasClient(clientId) === true,
    wake,
    waiters: waiting,
    keepSeconds,
    release: waiting.release,
    close: async () => {
      await works.get(INBOX)?.close()
      await Promise.all([...[...works.values()].map((one) => one.close()), made?.close()])
    },
  }
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)

/** Of streams that clients made there may be many, on each node: what another one left is looked for less often. */
const IDLE_OF_MADE = 6

function paceOf(receiver: Receiver, pace: Pace, sweepMs: number): Pace {
  if (isPolled(receiver)) return { ...pace, idleMs: sweepMs, backOffMs: sweepMs }
  return labelOf(receiver) === MADE ? { ...pace, idleMs: pace.idleMs * IDLE_OF_MADE } : pace
}

const sendersOf = (
  deps: SignalDeps,
  tenant: string,
  stored: StoredStreams,
  begin: (receiver: Receiver) => Work,
  { idleMs }: Pace,
): Senders =>
  keepSenders(
    {
      list: () => stored.list(tenant),
      begin,
      forget: (queue) => deps.store.outbox.forget(tenant, queue),
      onFailure: (error) =>
        deps.logger.warn({ error: error instanceof Error ? error.name : typeof error }, 'event streams cannot be read'),
    },
    idleMs,
  )

/** Names are looked up when something is sent: who asks here is not told what our resolver knows. */
async function isReached({ egress }: Pick<SignalDeps, 'egress'>, { hostname }: URL): Promise<boolean> {
  if (isIP(hostname.replace(/^\[|\]$/g, '')) === 0) return true
  try {
    return (await egress.lookUp(hostname, LITERAL_DEADLINE_MS)).length > 0
  } catch (error) {
    if (error instanceof EgressError) return false
    throw error
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

function work(
  deps: SignalDeps & { readonly stored: StoredStreams },
  tenant: string,
  receiver: Receiver,
  pace: Pace,
): Work {
  const send: DeliverDeps['send'] = async (task, signal) => {
    if (receiver.kind === 'webhook') return sendWebhook(deps, tenant, receiver, task, signal)
    // As it is now: its client may have changed or deleted it.
    const stream = receiver.stored === undefined ? receiver : await deps.stored.find(tenant, receiver.name)
    if (stream === undefined) return undefined
    return stream.delivery.method === 'push' ? pushSet(deps, tenant, stream, stream.delivery, task, signal) : 'polled'
  }
  const count: DeliverDeps['count'] = (outcome) => deps.metrics.deliveries.inc({ receiver: labelOf(receiver), outcome })
  return deliverTo({ ...deps, send, count }, tenant, receiver, pace)
}
