/** The applications that things of a person name, each read once; those that are gone are not there. */
import type { ClientStore } from '../../storage/port.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { OWN_PAGES_ID } from '../sign-in/own-pages.ts'

export async function clientsOf(
  deps: { readonly store: { readonly clients: Pick<ClientStore, 'find'> } },
  tenant: string,
  named: readonly (string | undefined)[],
): Promise<ReadonlyMap<string, ClientRecord>> {
  const ids = [...new Set(named)].filter((id): id is string => id !== undefined && id !== OWN_PAGES_ID)
  const found = await Promise.all(ids.map((id) => deps.store.clients.find(tenant, id)))
  return new Map(found.flatMap((client) => (client === undefined ? [] : [[client.clientId, client]])))
}
