/** Reads a client: GET /admin/clients/{id}. Asks `admin`, also for an id that is not there: 403 tells nothing. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { findCaller } from '../actor.ts'
import { type AdminDeps, decideAdmin } from '../decide-admin.ts'
import { missing } from '../missing.ts'
import { clientReply } from './render-client.ts'

export async function readClient(deps: AdminDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)

  const id = request.route.id ?? ''
  const stored = await deps.store.clients.find(caller.tenant, id)

  const permit = await decideAdmin(deps, caller, request, { action: 'read', id, stored })
  if (!stored) throw missing('client')

  return clientReply(200, stored, permit.visible)
}
