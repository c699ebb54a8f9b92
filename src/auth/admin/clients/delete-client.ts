/** Deletes a client, whose tokens end with the record: DELETE /admin/clients/{id}. Asks `admin`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { findCaller } from '../actor.ts'
import { type AdminDeps, auditChange, decideAdmin } from '../decide-admin.ts'
import { missing } from '../missing.ts'
import { checkPrecondition } from './precondition.ts'

export async function deleteClient(deps: AdminDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)

  const id = request.route.id ?? ''
  const stored = await deps.store.clients.find(caller.tenant, id)

  const permit = await decideAdmin(deps, caller, request, { action: 'delete', id, stored })
  if (!stored) throw missing('client')
  checkPrecondition(request, stored)

  const written = await deps.store.clients.delete(caller.tenant, id)
  if (written !== 'written') throw missing('client')
  await auditChange(deps, caller, request, { action: 'delete', id, decisionId: permit.decisionId })

  return { status: 204 }
}
