/**
 * Ends a session with the grants that hang on it, and has the clients told. What is to be done is written down first, so that
 * a node that stops half-way leaves nothing undone: another one takes it up. OIDC Back-Channel Logout 2.7; checklist 31.
 */
import type { Audit } from '../../audit/events.ts'
import { type Clock, epochSeconds } from '../../kernel/clock.ts'
import type { Store } from '../../storage/port.ts'
import type { ClientRecord, EndedGrants, GrantRecord, LogoutTask, SessionRecord } from '../../storage/records.ts'

export interface EndSessionDeps {
  readonly store: {
    readonly sessions: Pick<Store['sessions'], 'end' | 'clients'>
    readonly grants: Pick<Store['grants'], 'list' | 'revoke' | 'endAccessTokens'>
    readonly clients: Pick<Store['clients'], 'find'>
    readonly logouts: Pick<Store['logouts'], 'add' | 'remove'>
  }
  readonly clock: Clock
  readonly audit: Audit
  /** There is something to send. */
  readonly logoutsWait: () => void
}

export type SessionTask = Extract<LogoutTask, { readonly kind: 'session' }>

/** How long one node has to finish before another one does: twice what a client has to answer. */
export const LEASE_MS = 20_000

const PAGE = 200

/** Answers the clients that its person signed in to, in no order. */
export async function endSession(
  deps: EndSessionDeps,
  tenant: string,
  { sid, sub }: Pick<SessionRecord, 'sid' | 'sub'>,
  ends: EndedGrants,
): Promise<readonly ClientRecord[]> {
  const createdAt = epochSeconds(deps.clock)
  const task: SessionTask = { v: 1, id: `session ${sid}`, kind: 'session', sid, sub, ends, createdAt }
  // Where too many wait, this one is finished here or not at all.
  await deps.store.logouts.add(tenant, task, LEASE_MS)
  return finishSession(deps, tenant, task)
}

/** Begun anew it goes through all again: grants that have ended are none of its concern, and clients may be told twice. */
export async function finishSession(
  deps: EndSessionDeps,
  tenant: string,
  task: SessionTask,
): Promise<readonly ClientRecord[]> {
  const { grants, sessions, logouts } = deps.store
  await sessions.end(tenant, task.sid)
  // All that it was used at, whose grants may be long over: their own sessions go on (Back-Channel Logout 1.0 2.3).
  const clients = await sessions.clients(tenant, task.sid)
  const told = await haveClientsTold(deps, tenant, task, clients)
  for (let offset = 0; ; offset += PAGE) {
    const { records, total } = await grants.list(tenant, { sid: task.sid }, offset, PAGE)
    const live = records.filter(({ revoked }) => !revoked)
    await Promise.all(live.map((grant) => endGrant(deps, tenant, grant, task.ends)))
    // A page leaves out what is gone: that it is not full says nothing.
    if (offset + PAGE >= total) break
  }
  await deps.audit({
    event: 'session_ended',
    tenant,
    sub: task.sub,
    resource: `session:${task.sid}`,
    detail: task.ends,
  })
  await logouts.remove(tenant, task.id)
  deps.logoutsWait()
  return told
}

async function haveClientsTold(
  deps: EndSessionDeps,
  tenant: string,
  { sid, sub, createdAt }: SessionTask,
  clientIds: readonly string[],
): Promise<readonly ClientRecord[]> {
  const { clients, logouts } = deps.store
  const told = await Promise.all(
    clientIds.map(async (clientId) => {
      const client = await clients.find(tenant, clientId)
      if (client?.metadata?.backchannel_logout_uri === undefined) return client
      const task = { v: 1, id: `client ${sid} ${clientId}`, kind: 'client', clientId, sid, sub, attempts: 0 } as const
      if ((await logouts.add(tenant, { ...task, createdAt }, 0)) === 'full')
        await deps.audit({ event: 'logout_not_delivered', tenant, client_id: clientId, sub, detail: 'queue_full' })
      return client
    }),
  )
  return told.filter((client) => client !== undefined)
}

async function endGrant(deps: EndSessionDeps, tenant: string, grant: GrantRecord, ends: EndedGrants): Promise<void> {
  if (ends === 'none') return
  const { grantId, clientId, sub } = grant
  const goesOn = ends === 'online' && grant.scopes.includes('offline_access')
  if (goesOn) await deps.store.grants.endAccessTokens(tenant, grantId)
  else await deps.store.grants.revoke(tenant, grantId)
  await deps.audit({
    event: goesOn ? 'grant_tokens_revoked' : 'grant_revoked',
    tenant,
    client_id: clientId,
    sub,
    grant_id: grantId,
    detail: 'session_ended',
  })
}

export type EndSessionsDeps = EndSessionDeps & {
  readonly store: { readonly sessions: Pick<Store['sessions'], 'list' | 'end' | 'clients'> }
}

/** All sessions of a person, but one that may go on, and their grants, all unless told otherwise; answers how many. */
export async function endSessionsOf(
  deps: EndSessionsDeps,
  tenant: string,
  sub: string,
  butSid?: string,
  ends: EndedGrants = 'all',
): Promise<number> {
  const ended = new Set<string>()
  for (let offset = 0; ; ) {
    const { records, total } = await deps.store.sessions.list(tenant, { sub }, offset, PAGE)
    const left = records.filter(({ sid }) => sid !== butSid && !ended.has(sid))
    await Promise.all(left.map((session) => endSession(deps, tenant, session, ends)))
    for (const { sid } of left) ended.add(sid)
    // Those that ended moved others to pages that were read; a page may also hold none of what its places name.
    if (left.length > 0) offset = 0
    else if (offset + PAGE >= total) return ended.size
    else offset += PAGE
  }
}
