/** Revokes a grant with all its tokens: DELETE /admin/grants/{id}. Asks `admin`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { findCaller } from '../actor.ts'
import { auditChange, decideAdmin } from '../decide-admin.ts'
import { missing } from '../missing.ts'
import type { AccessDeps } from './access.ts'

export async function revokeGrant(deps: AccessDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)

  const id = request.route.id ?? ''
  const grant = await deps.store.grants.find(caller.tenant, id)
  const user = grant && (await deps.store.users.find(caller.tenant, grant.sub))

  const stored = { roles: user?.roles ?? [], scopes: [] }
  const whose = { sub: grant?.sub, clientId: grant?.clientId }
  const { decisionId } = await decideAdmin(deps, caller, request, {
    type: 'grant',
    action: 'revoke',
    id,
    stored,
    whose,
  })
  if (grant === undefined) throw missing('grant')

  const { grantId, clientId, sub } = grant
  await deps.store.grants.revoke(caller.tenant, grantId)
  const about = { tenant: caller.tenant, request_id: request.id, client_id: clientId, sub, grant_id: grantId }
  await deps.audit({ event: 'grant_revoked', ...about, detail: 'administrator' })
  await auditChange(deps, caller, request, { type: 'grant', action: 'revoke', id, decisionId })

  return { status: 204 }
}
