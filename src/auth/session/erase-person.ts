/**
 * Erases a person: the account with all that hangs on it, then every session and grant, whose clients are told, and what the
 * store's files still held of them. GDPR article 17. Logs keep their `sub`, which stands for nobody from then on. Begun anew it
 * finds nothing left to do.
 */
import type { Expunged, Store } from '../../storage/port.ts'
import { type EndSessionsDeps, endSessionsOf } from './end-session.ts'
import { grantsOf } from './revoke-grants.ts'

export type EraseRestDeps = EndSessionsDeps & { readonly store: Pick<Store, 'expunge'> }
export type ErasePersonDeps = EraseRestDeps & { readonly store: { readonly users: Pick<Store['users'], 'delete'> } }

export interface Erasure {
  readonly tenant: string
  readonly sub: string
  /** Who asked for it. */
  readonly by: { readonly requestId: string; readonly clientId?: string | undefined; readonly decisionId: string }
}

export interface Erased {
  /** Sessions that ended with it. */
  readonly sessions: number
  readonly files: Expunged
}

/** Undefined where there is no such person. */
export async function erasePerson(deps: ErasePersonDeps, { tenant, sub, by }: Erasure): Promise<Erased | undefined> {
  // In this one step nothing that was issued is live any more; what follows tidies up and tells the clients.
  if ((await deps.store.users.delete(tenant, sub)) !== 'written') return undefined
  await deps.audit({
    event: 'person_erased',
    tenant,
    request_id: by.requestId,
    ...(by.clientId !== undefined && { client_id: by.clientId }),
    sub,
    decision_id: by.decisionId,
  })
  return eraseRest(deps, tenant, sub)
}

/** Of somebody who is gone: what hangs on them elsewhere, and last what the files of the store still hold. */
export async function eraseRest(deps: EraseRestDeps, tenant: string, sub: string): Promise<Erased> {
  const sessions = await endSessionsOf(deps, tenant, sub)
  // Those of sessions that were over: they were dead by the deletion, and now keep nothing that was asked about the person.
  for await (const { grantId } of grantsOf(deps, tenant, { sub })) await deps.store.grants.revoke(tenant, grantId)
  return { sessions, files: await deps.store.expunge() }
}
