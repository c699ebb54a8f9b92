/**
 * Tells clients that a session has ended: a logout token by POST, through the guarded way out, again with back-off until the
 * client takes it or too much time has gone. What waits lies in the store; each of its tasks is one node's at a time.
 * OIDC Back-Channel Logout 2.5 and 2.8; checklist 31.
 */
import type { Audit } from '../../audit/events.ts'
import { type Egress, EgressError, type EgressTls } from '../../egress/egress.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { type Work, workThrough } from '../../kernel/work-through.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { Store } from '../../storage/port.ts'
import type { ClientRecord, LogoutTask } from '../../storage/records.ts'
import { type LogoutTokenDeps, mintLogoutToken } from '../token/logout-token.ts'
import { type EndSessionDeps, finishSession, LEASE_MS } from './end-session.ts'

export type BackChannelDeps = EndSessionDeps &
  LogoutTokenDeps & {
    readonly store: { readonly logouts: Store['logouts'] }
    readonly audit: Audit
    readonly egress: Egress
    /** What clients' certificates are judged by, where not by the system's authorities. */
    readonly egressTls?: EgressTls | undefined
    readonly metrics?: Pick<Metrics, 'logouts'> | undefined
    readonly logger: Logger
  }

export interface BackChannelOptions {
  readonly tenant: string
  /** Between two looks where nothing was announced; default 5 s. */
  readonly idleMs?: number
  /** Before the second try; doubles with each. Default 1 s. */
  readonly backOffMs?: number
  /** Tries at most; default 13, which with the back-off is about an hour. */
  readonly attempts?: number
}

export type BackChannel = Work

const AT_ONCE = 32
const AT_ONCE_EACH = 4
const MAX_IN_TROUBLE = 1000
const DEADLINE_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024
const MAX_BACK_OFF_MS = 15 * 60_000

type ClientTask = Extract<LogoutTask, { readonly kind: 'client' }>

export function startBackChannel(deps: BackChannelDeps, options: BackChannelOptions): BackChannel {
  const { tenant, idleMs = 5_000, backOffMs = 1_000, attempts = 13 } = options
  const { logouts } = deps.store
  const ended = new AbortController()
  const sending: Sending = { tenant, backOffMs, attempts, signal: ended.signal, inTrouble: new Map(), asked: new Map() }
  const work = workThrough<LogoutTask>({
    atOnce: () => AT_ONCE,
    idleMs,
    soonMs: Math.min(idleMs, backOffMs),
    waiting: () => logouts.waiting(tenant),
    claim: (limit) => logouts.claim(tenant, LEASE_MS, limit),
    settle: async (task) => {
      if (task.kind === 'session') await finishSession(deps, tenant, task)
      else await tellClient(deps, task, sending)
    },
    onFailure: (error, of) =>
      deps.logger.warn(
        { error: nameOf(error) },
        of === 'task' ? 'a sign-out could not be finished and is tried again' : 'unfinished sign-outs cannot be read',
      ),
  })
  return {
    wake: work.wake,
    close: () => {
      ended.abort()
      return work.close()
    },
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error)

interface Sending {
  readonly tenant: string
  readonly backOffMs: number
  readonly attempts: number
  readonly signal: AbortSignal
  /** Clients that just failed, until when they are left alone: their other tasks wait without being sent. */
  readonly inTrouble: Map<string, number>
  /** Requests to each client that have no answer yet. */
  readonly asked: Map<string, number>
}

async function tellClient(deps: BackChannelDeps, task: ClientTask, sending: Sending): Promise<void> {
  const { logouts, clients } = deps.store
  const { tenant } = sending
  const client = await clients.find(tenant, task.clientId)
  const uri = client?.metadata?.backchannel_logout_uri
  // Deleted meanwhile, or it wants to hear no more.
  if (client === undefined || uri === undefined) return logouts.remove(tenant, task.id)
  if ((sending.asked.get(client.clientId) ?? 0) >= AT_ONCE_EACH) return logouts.putOff(tenant, task, sending.backOffMs)
  const outcome = await tryClient(deps, client, uri, task, sending)
  if (sending.signal.aborted && outcome !== 'delivered') return logouts.putOff(tenant, task, 0)
  const attempts = task.attempts + 1
  if (outcome !== 'delivered' && attempts < sending.attempts) {
    deps.metrics?.logouts.inc({ outcome: 'again' })
    const delay = backOff(task, sending) * (0.75 + Math.random() / 4)
    return logouts.putOff(tenant, { ...task, attempts }, Math.round(delay))
  }
  deps.metrics?.logouts.inc({ outcome: outcome === 'delivered' ? 'delivered' : 'given_up' })
  await deps.audit({
    event: outcome === 'delivered' ? 'logout_delivered' : 'logout_not_delivered',
    tenant,
    client_id: client.clientId,
    sub: task.sub,
    detail: outcome,
  })
  await logouts.remove(tenant, task.id)
}

const backOff = ({ attempts }: ClientTask, { backOffMs }: Sending): number =>
  Math.min(MAX_BACK_OFF_MS, backOffMs * 2 ** attempts)

async function tryClient(
  deps: BackChannelDeps,
  client: ClientRecord,
  uri: string,
  task: ClientTask,
  sending: Sending,
): Promise<Outcome> {
  const { inTrouble, asked } = sending
  const { clientId } = client
  if ((inTrouble.get(clientId) ?? 0) > deps.clock.nowMs()) return 'in_trouble'
  asked.set(clientId, (asked.get(clientId) ?? 0) + 1)
  const outcome = await send(deps, client, uri, task, sending.signal).finally(() => {
    const left = (asked.get(clientId) ?? 1) - 1
    if (left === 0) asked.delete(clientId)
    else asked.set(clientId, left)
  })
  const now = deps.clock.nowMs()
  const quietMs = now - (inTrouble.get(clientId) ?? Number.NEGATIVE_INFINITY)
  inTrouble.delete(clientId)
  if (inTrouble.size >= MAX_IN_TROUBLE) inTrouble.clear()
  if (outcome === 'delivered') return outcome
  // Less than the task itself waits: whoever comes next is the one that looks again.
  inTrouble.set(clientId, now + backOff(task, sending) / 2)
  // No retry comes later than that: this is trouble of its own.
  if (quietMs > MAX_BACK_OFF_MS && !sending.signal.aborted)
    deps.logger.warn({ client_id: clientId, outcome }, 'a client was not told of a sign-out and is tried again')
  return outcome
}

type Outcome = 'delivered' | 'refused' | 'in_trouble' | EgressError['code']

/** 2.8: 200 means done, 204 is said by some; whatever else, an error of the network included, is not done. */
async function send(
  deps: BackChannelDeps,
  client: ClientRecord,
  uri: string,
  ended: { readonly sid: string; readonly sub: string },
  signal: AbortSignal,
): Promise<Outcome> {
  const token = mintLogoutToken(deps, client, ended, epochSeconds(deps.clock))
  try {
    const { status } = await deps.egress.request({
      method: 'POST',
      url: new URL(uri),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: token }).toString(),
      deadlineMs: DEADLINE_MS,
      maxBytes: MAX_ANSWER_BYTES,
      signal,
      ...(deps.egressTls && { tls: deps.egressTls }),
    })
    return status === 200 || status === 204 ? 'delivered' : 'refused'
  } catch (error) {
    if (error instanceof EgressError) return error.code
    throw error
  }
}
