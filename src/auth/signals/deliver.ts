/**
 * Sends what waits for one receiver, on any node: several at once while it takes them, one at a time while it does not, with
 * back-off for the whole queue, so that a dead receiver costs one request now and then however much waits for it. What is
 * refused for good, or for too long, is given up: an audit event says so.
 */
import type { Audit } from '../../audit/events.ts'
import type { Clock } from '../../kernel/clock.ts'
import { type Work, workThrough } from '../../kernel/work-through.ts'
import type { Logger } from '../../observability/logger.ts'
import type { OutboxStore, OutboxTask } from '../../storage/outbox-port.ts'
import { asAsked, type BackOff, backOff, type Random } from './back-off.ts'
import { notDelivered } from './fan-out.ts'
import { DEADLINE_MS, type Outcome, type Posted } from './post.ts'
import { queueOf, type Receiver } from './receivers.ts'

export interface DeliverDeps {
  readonly store: { readonly outbox: Pick<OutboxStore, 'waiting' | 'claim' | 'putOff' | 'remove' | 'status'> }
  readonly audit: Audit
  readonly clock: Clock
  readonly logger: Logger
  /** Undefined: there is nothing to tell any more; `polled`: it is fetched, and due only when it is too old. */
  readonly send: (task: OutboxTask, signal: AbortSignal) => Promise<Posted | 'polled' | undefined>
  readonly count: (outcome: 'delivered' | 'again' | 'given_up') => void
  readonly random?: Random
}

export interface Pace extends BackOff {
  /** Between two looks where nothing was announced. */
  readonly idleMs: number
  /** Tries at most; it ends sooner where the event's time is over. */
  readonly attempts: number
}

const AT_ONCE = 4
/** How long one node has to finish before another one sends it too: more than a receiver has to answer. */
export const LEASE_MS = 2 * DEADLINE_MS

/** Of a receiver, on this node. */
interface Health {
  failures: number
  quietUntilMs: number
}

export function deliverTo(deps: DeliverDeps, tenant: string, receiver: Receiver, pace: Pace): Work {
  const { outbox } = deps.store
  const queue = queueOf(receiver)
  const health: Health = { failures: 0, quietUntilMs: 0 }
  return workThrough<OutboxTask>({
    idleMs: pace.idleMs,
    soonMs: Math.min(pace.idleMs, pace.backOffMs),
    atOnce: () => {
      if (health.failures === 0) return AT_ONCE
      return health.quietUntilMs > deps.clock.nowMs() ? 0 : 1
    },
    waiting: async () => {
      const waiting = await outbox.waiting(tenant, queue)
      if (waiting === 0 || receiver.kind === 'webhook') return waiting
      return (await outbox.status(tenant, queue))?.status === 'paused' ? 0 : waiting
    },
    claim: (limit) => outbox.claim(tenant, queue, LEASE_MS, limit),
    settle: (task, signal) => settle(deps, { tenant, receiver, queue, pace, health }, task, signal),
    onFailure: (error, of) =>
      deps.logger.warn(
        { receiver: queue, error: error instanceof Error ? error.name : typeof error },
        of === 'task' ? 'a security event could not be sent and is tried again' : 'waiting events cannot be read',
      ),
  })
}

interface Delivery {
  readonly tenant: string
  readonly receiver: Receiver
  readonly queue: string
  readonly pace: Pace
  readonly health: Health
}

async function settle(deps: DeliverDeps, delivery: Delivery, task: OutboxTask, signal: AbortSignal): Promise<void> {
  const { tenant, queue, health } = delivery
  const { outbox } = deps.store
  if (task.expiresAt * 1000 <= deps.clock.nowMs()) return giveUp(deps, delivery, task, 'too_old')
  const failuresBefore = health.failures
  const posted = await deps.send(task, signal)
  if (posted === undefined) return void (await outbox.remove(tenant, queue, task.id))
  if (posted === 'polled')
    return outbox.putOff(tenant, queue, task, Math.max(0, task.expiresAt * 1000 - deps.clock.nowMs()))
  const { outcome } = posted
  if (outcome === 'delivered') {
    health.failures = 0
    health.quietUntilMs = 0
    deps.count('delivered')
    return void (await outbox.remove(tenant, queue, task.id))
  }
  if (signal.aborted) return outbox.putOff(tenant, queue, task, 0)
  if (outcome === 'rejected' || outcome === 'gone') return giveUp(deps, delivery, task, outcome)
  return putOff(deps, delivery, task, { ...posted, failuresBefore })
}

interface Failed {
  readonly outcome: Outcome
  readonly retryAfterSeconds?: number
  /** Of the receiver, when this try began: of those that were under way together one counts. */
  readonly failuresBefore: number
}

async function putOff(
  deps: DeliverDeps,
  delivery: Delivery,
  task: OutboxTask,
  { outcome, retryAfterSeconds = 0, failuresBefore }: Failed,
): Promise<void> {
  const { random = Math.random } = deps
  const { tenant, queue, pace, health } = delivery
  const attempts = task.attempts + 1
  if (attempts >= pace.attempts) return giveUp(deps, delivery, task, outcome)
  if (health.failures === 0)
    deps.logger.warn(
      { receiver: queue, outcome },
      'a receiver does not take a security event, which is sent again later',
    )
  const restMs = Math.max(asAsked(retryAfterSeconds, random), backOff(pace, failuresBefore, random))
  health.failures = Math.max(health.failures, failuresBefore + 1)
  health.quietUntilMs = Math.max(health.quietUntilMs, deps.clock.nowMs() + restMs)
  deps.count('again')
  // Behind those that have not been tried as often: it may be this one alone that is not taken.
  const delayMs = Math.max(restMs, backOff(pace, task.attempts, random))
  await deps.store.outbox.putOff(tenant, queue, { ...task, attempts }, Math.round(delayMs))
}

/** Said before it is forgotten: who dies between the two says it twice. */
async function giveUp(
  deps: DeliverDeps,
  { tenant, receiver, queue }: Delivery,
  task: OutboxTask,
  why: string,
): Promise<void> {
  deps.count('given_up')
  deps.logger.error({ receiver: queue, event: task.event.name, outcome: why }, 'a security event was given up')
  await deps.audit(notDelivered(tenant, receiver, task, why))
  await deps.store.outbox.remove(tenant, queue, task.id)
}
