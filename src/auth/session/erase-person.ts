/**
 * Erases a person: the account with all that hangs on it, then every session and grant, whose clients are told. GDPR article 17.
 * Logs keep their `sub`, which stands for nobody from then on. Begun anew it finds nothing left to do.
 */
import type { Store } from '../../storage/port.ts'
import { type EndSessionsDeps, endSessionsOf } from './end-session.ts'

export type ErasePersonDeps = EndSessionsDeps & { readonly store: { readonly users: Pick<Store['users'], 'delete'> } }

export interface Erasure {
  readonly tenant: string
  readonly sub: string
  /** Who asked for it. */
  readonly by: { readonly requestId: string; readonly clientId?: string | undefined; readonly decisionId: string }
}

/** Answers how many sessions ended with it; undefined where there is no such person. */
export async function erasePerson(deps: ErasePersonDeps, { tenant, sub, by }: Erasure): Promise<number | undefined> {
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
  return endSessionsOf(deps, tenant, sub)
}
