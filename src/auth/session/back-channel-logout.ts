/**
 * Tells clients that a session has ended: a logout token by POST, through the guarded way out, again with back-off until the
 * client takes it or too much time has gone. What waits lies in the store; each of its tasks is one node's at a time.
 * OIDC Back-Channel Logout 2.5 and 2.8; checklist 31.
 */
import type { Audit } from '../../audit/events.ts'
import { type Egress, EgressError, type EgressTls } from '../../egress/egress.ts'
import { epochSeconds } from '../../kernel/clock.ts'
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

export interface BackChannel {
  /** Looks at once. */
  wake(): void
  close(): Promise<void>
}

const AT_ONCE = 16
const DEADLINE_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024
const MAX_BACK_OFF_MS = 15 * 60_000

type ClientTask = Extract<LogoutTask, { readonly kind: 'client' }>

export function startBackChannel(deps: BackChannelDeps, options: BackChannelOptions): BackChannel {
  const { tenant, idleMs = 5_000, backOffMs = 1_000, attempts = 13 } = options
  const ended = new AbortController()
  let woken = Promise.withResolvers<void>()

  const settle = async (task: LogoutTask): Promise<void> => {
    if (task.kind === 'session') await finishSession(deps, tenant, task)
    else await tellClient(deps, tenant, task, { backOffMs, attempts, signal: ended.signal })
  }
  /** Answers whether more may be due. */
  const round = async (): Promise<boolean> => {
    // A look costs nothing; a claim is a write.
    if ((await deps.store.logouts.waiting(tenant)) === 0) return false
    const tasks = await deps.store.logouts.claim(tenant, LEASE_MS, AT_ONCE)
    const settled = await Promise.allSettled(tasks.map(settle))
    // What failed stays leased, and comes again.
    for (const { reason } of settled.filter((one) => one.status === 'rejected'))
      deps.logger.warn({ error: nameOf(reason) }, 'a sign-out could not be finished and is tried again')
    return tasks.length === AT_ONCE
  }
  const run = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const asleep = woken.promise
      let more = false
      try {
        more = await round()
      } catch (error) {
        deps.logger.warn({ error: nameOf(error) }, 'unfinished sign-outs cannot be read')
      }
      if (!more && !ended.signal.aborted) await Promise.race([asleep, pause(idleMs, ended.signal)])
      woken = Promise.withResolvers()
    }
  }
  const running = run()
  return {
    wake: () => woken.resolve(),
    close: async () => {
      ended.abort()
      woken.resolve()
      await running
    },
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error)

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms).unref()
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })

interface Sending {
  readonly backOffMs: number
  readonly attempts: number
  readonly signal: AbortSignal
}

async function tellClient(deps: BackChannelDeps, tenant: string, task: ClientTask, sending: Sending): Promise<void> {
  const { logouts, clients } = deps.store
  const client = await clients.find(tenant, task.clientId)
  const uri = client?.metadata?.backchannel_logout_uri
  // Deleted meanwhile, or it wants to hear no more.
  if (client === undefined || uri === undefined) return logouts.remove(tenant, task.id)
  const outcome = await send(deps, client, uri, task, sending.signal)
  if (sending.signal.aborted && outcome !== 'delivered') return logouts.putOff(tenant, task, 0)
  const attempts = task.attempts + 1
  if (outcome !== 'delivered' && attempts < sending.attempts) {
    deps.metrics?.logouts.inc({ outcome: 'again' })
    const delay = Math.min(MAX_BACK_OFF_MS, sending.backOffMs * 2 ** task.attempts)
    return logouts.putOff(tenant, { ...task, attempts }, Math.round(delay * (0.75 + Math.random() / 4)))
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

/** 2.8: 200 means done, 204 is said by some; whatever else, an error of the network included, is not done. */
async function send(
  deps: BackChannelDeps,
  client: ClientRecord,
  uri: string,
  ended: { readonly sid: string; readonly sub: string },
  signal: AbortSignal,
): Promise<'delivered' | 'refused' | EgressError['code']> {
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
