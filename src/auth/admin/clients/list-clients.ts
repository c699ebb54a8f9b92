/** Lists clients in order of creation: GET /admin/clients?offset=&limit=. Asks `admin`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { findCaller } from '../actor.ts'
import { type AdminDeps, decideAdmin } from '../decide-admin.ts'
import { pageOf } from '../page-of.ts'
import { renderClient } from './render-client.ts'

export async function listClients(deps: AdminDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)

  const { offset, limit } = pageOf(request)

  const permit = await decideAdmin(deps, caller, request, { action: 'list' })

  const page = await deps.store.clients.list(caller.tenant, offset, limit)
  return {
    status: 200,
    body: { total: page.total, offset, clients: page.records.map((client) => renderClient(client, permit.visible)) },
  }
}
