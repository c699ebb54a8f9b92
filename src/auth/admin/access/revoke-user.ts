/** Ends all that hangs on a person, sessions, grants, tokens: POST /admin/users/{sub}/revoke. Asks `admin`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { endSessionsOf } from '../../session/end-session.ts'
import { auditChange } from '../decide-admin.ts'
import { missing } from '../missing.ts'
import type { AccessDeps } from './access.ts'
import { decideOnUser } from './decide-on-user.ts'

export async function revokeUser(deps: AccessDeps, request: HttpRequest): Promise<Reply> {
  const { caller, user, decisionId } = await decideOnUser(deps, request, 'revoke')

  // The epoch ends everything in this one step; what follows tidies up and tells the clients.
  if ((await deps.store.users.revokeAll(caller.tenant, user.sub)) !== 'written') throw missing('user')
  await auditChange(deps, caller, request, { type: 'user', action: 'revoke', id: user.sub, decisionId })
  const sessions = await endSessionsOf(deps, caller.tenant, user.sub)

  return { status: 200, body: { sub: user.sub, sessions_ended: sessions } }
}
