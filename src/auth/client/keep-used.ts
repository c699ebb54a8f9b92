/** A client that registered itself and is used for the first time stays: until then it ends by itself (`register`, unused_ttl_seconds). */
import type { ClientStore } from '../../storage/port.ts'
import type { AuthenticatedClient } from './authenticate.ts'

export interface KeepUsedDeps {
  readonly store: { readonly clients: Pick<ClientStore, 'replace'> }
}

/** Of several at once one writes; where something else changed the client meanwhile, its next use keeps it. */
export async function keepUsed(deps: KeepUsedDeps, { tenant, record }: AuthenticatedClient): Promise<void> {
  const { expiresAt: _end, ...kept } = record
  await deps.store.clients.replace(tenant, { ...kept, version: record.version + 1 }, record.version)
}
