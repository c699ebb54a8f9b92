/** The clients that an instance has, as its admin API shows them. */
import type { AdminApi } from '../admin/call.ts'
import { Refused } from '../refused.ts'

export type ShownClient = Readonly<Record<string, unknown>> & { readonly client_id: string }

const PAGE = 200

const isShown = (value: unknown): value is ShownClient =>
  typeof value === 'object' && value !== null && 'client_id' in value && typeof value.client_id === 'string'

export async function readClients(api: AdminApi): Promise<readonly ShownClient[]> {
  const found = new Map<string, ShownClient>()
  for (let offset = 0; ; offset += PAGE) {
    const { body } = await api.call({ method: 'GET', path: `/admin/clients?offset=${offset}&limit=${PAGE}` })
    const { clients, total } = body
    if (!Array.isArray(clients) || typeof total !== 'number') throw new Refused('the answer is not one of an admin API')
    for (const client of clients) if (isShown(client)) found.set(client.client_id, client)
    if (offset + PAGE >= total) return [...found.values()]
  }
}
