/** Ends all grants and tokens of a client, which stays registered: POST /admin/clients/{id}/revoke. Asks `admin`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { findCaller } from '../actor.ts'
import { auditChange, decideAdmin } from '../decide-admin.ts'
import { missing } from '../missing.ts'
import { checkNoBody } from '../no-body.ts'
import type { AccessDeps } from './access.ts'

export async function revokeClient(deps: AccessDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)
  checkNoBody(request)

  const id = request.route.id ?? ''
  const stored = await deps.store.clients.find(caller.tenant, id)

  const { decisionId } = await decideAdmin(deps, caller, request, { action: 'revoke', id, stored })
  if (stored === undefined) throw missing('client')

  if ((await deps.store.clients.revokeAll(caller.tenant, id)) !== 'written') throw missing('client')
  await auditChange(deps, caller, request, { action: 'revoke', id, decisionId })

  return { status: 200, body: { client_id: id } }
}
