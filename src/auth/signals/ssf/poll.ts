/**
 * A receiver fetches its Security Event Tokens: POST /ssf/poll/{stream}. RFC 8936 2. What it acknowledges, or says it cannot
 * take, is forgotten; all else is given again with the next poll, under the same jti. Asks `signal`.
 */
import type { Audit } from '../../../audit/events.ts'
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { OAuthError, Problem } from '../../../kernel/errors.ts'
import type { SignalMetrics } from '../../../observability/signal-metrics.ts'
import type { OutboxTask } from '../../../storage/outbox-port.ts'
import { MAX_OUTBOX_TASKS } from '../../../storage/outbox-port.ts'
import { requireBearer } from '../../token/bearer.ts'
import { notDelivered } from '../fan-out.ts'
import { isPolled, labelOf } from '../receivers.ts'
import { mintSet, type SetDeps } from '../set.ts'
import { type FoundStream, findStream, membersOf, type StreamDeps } from './stream-access.ts'

export type PollDeps = StreamDeps &
  SetDeps & { readonly audit: Audit; readonly signalMetrics: Pick<SignalMetrics, 'deliveries'> }

/** Tokens in one answer at most, and acknowledgements in one request. */
const MAX_EVENTS = 100
const MAX_ACKS = 1000

interface PollRequest {
  readonly acks: ReadonlySet<string>
  /** By jti: the error code, or `other`. */
  readonly errors: ReadonlyMap<string, string>
  readonly maxEvents: number
  readonly returnImmediately: boolean
}

const malformed = (detail: string) => new OAuthError('invalid_request', { detail })

/** RFC 8935 2.4, SSF 1.0 8.1.4.1; a code of anybody's own is not repeated. */
const ERRORS: ReadonlySet<unknown> = new Set([
  'invalid_request',
  'invalid_key',
  'invalid_issuer',
  'invalid_audience',
  'authentication_failed',
  'access_denied',
  'invalid_state',
])

function errorsIn(value: unknown): ReadonlyMap<string, string> {
  if (value === undefined) return new Map()
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('setErrs is no JSON object.')
  const entries = Object.entries(value)
  if (entries.length > MAX_ACKS || !entries.every(([, error]) => typeof error === 'object' && error !== null))
    throw malformed(`setErrs has more than ${MAX_ACKS} members, or one that is no error.`)
  return new Map(entries.map(([jti, { err }]) => [jti, ERRORS.has(err) ? String(err) : 'other']))
}

function readPoll(request: HttpRequest): PollRequest {
  const { ack = [], setErrs, maxEvents = MAX_EVENTS, returnImmediately = false } = membersOf(request)
  if (!Array.isArray(ack) || ack.length > MAX_ACKS || !ack.every((jti) => typeof jti === 'string'))
    throw malformed(`ack is no array of ${MAX_ACKS} texts at most.`)
  if (typeof maxEvents !== 'number' || !Number.isInteger(maxEvents) || maxEvents < 0)
    throw malformed('maxEvents is no number of tokens.')
  if (typeof returnImmediately !== 'boolean') throw malformed('returnImmediately is neither true nor false.')
  return {
    acks: new Set<string>(ack),
    errors: errorsIn(setErrs),
    maxEvents: Math.min(maxEvents, MAX_EVENTS),
    returnImmediately,
  }
}

/** Of any number of requests that acknowledge a token, one finds it. */
async function forget(
  deps: PollDeps,
  tenant: string,
  { stream, queue }: FoundStream,
  poll: PollRequest,
): Promise<void> {
  const { outbox } = deps.store
  const remove = async (jti: string, outcome: 'delivered' | 'given_up'): Promise<void> => {
    if (await outbox.remove(tenant, queue, jti))
      deps.signalMetrics.deliveries.inc({ receiver: labelOf(stream), outcome })
  }
  if (poll.errors.size > 0) {
    // Said before it is forgotten.
    for (const task of await outbox.peek(tenant, queue, MAX_OUTBOX_TASKS)) {
      const error = poll.errors.get(task.id)
      if (error !== undefined) await deps.audit(notDelivered(tenant, stream, task, error))
    }
  }
  await Promise.all([...poll.errors.keys()].map((jti) => remove(jti, 'given_up')))
  await Promise.all([...poll.acks].map((jti) => remove(jti, 'delivered')))
}

interface Batch {
  readonly sets: Readonly<Record<string, string>>
  readonly moreAvailable: boolean
}

async function batchOf(
  deps: PollDeps,
  tenant: string,
  { stream, queue, client }: FoundStream,
  tasks: readonly OutboxTask[],
  most: number,
): Promise<Batch> {
  const sets: Record<string, string> = {}
  for (const task of tasks.slice(0, most)) {
    const set = await mintSet(deps, tenant, stream, client, task)
    if (set !== undefined) sets[task.id] = set
    // Its person is gone.
    else await deps.store.outbox.remove(tenant, queue, task.id)
  }
  return { sets, moreAvailable: tasks.length > most }
}

export async function poll(deps: PollDeps, request: HttpRequest): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  const asked = readPoll(request)

  const found = await findStream(deps, bearer, request, { action: 'poll', id: request.route.id ?? '' })
  const { queue, stream } = found
  if (!isPolled(stream)) throw new Problem('not_found', { detail: 'This stream is pushed.' })

  const { tenant } = bearer
  await forget(deps, tenant, found, asked)
  const look = async (): Promise<Batch | undefined> => {
    const status = await deps.store.outbox.status(tenant, queue)
    if (status !== undefined && status.status !== 'enabled') return undefined
    const tasks = await deps.store.outbox.peek(tenant, queue, asked.maxEvents + 1)
    const batch = await batchOf(deps, tenant, found, tasks, asked.maxEvents)
    return batch.moreAvailable || Object.keys(batch.sets).length > 0 ? batch : undefined
  }
  // 2.2: who asks for none only acknowledges.
  const waits = asked.maxEvents > 0 && !asked.returnImmediately
  const batch = waits ? await deps.signals.waiters.until(queue, look) : await look()

  const { sets, moreAvailable } = batch ?? { sets: {}, moreAvailable: false }
  return { status: 200, body: { sets, ...(moreAvailable && { moreAvailable }) } }
}
