/** Ends all that hangs on a person, sessions, grants, tokens: POST /admin/users/{sub}/revoke. Asks `admin`. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { endSessionsOf } from '../session/end-session.ts'
import type { AccessDeps } from './access.ts'
import { findCaller } from './actor.ts'
import { auditChange, decideAdmin } from './decide-admin.ts'
import { missing } from './missing.ts'
import { checkNoBody } from './no-body.ts'

export async function revokeUser(deps: AccessDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)
  checkNoBody(request)

  const id = request.route.id ?? ''
  const user = await deps.store.users.find(caller.tenant, id)

  const stored = { roles: user?.roles ?? [], scopes: [] }
  const question = { type: 'user', action: 'revoke', id, stored, whose: { sub: user?.sub } } as const
  const { decisionId } = await decideAdmin(deps, caller, request, question)
  if (user === undefined) throw missing('user')

  // The epoch ends everything in this one step; what follows tidies up and tells the clients.
  if ((await deps.store.users.revokeAll(caller.tenant, id)) !== 'written') throw missing('user')
  await auditChange(deps, caller, request, { type: 'user', action: 'revoke', id, decisionId })
  const sessions = await endSessionsOf(deps, caller.tenant, id)

  return { status: 200, body: { sub: id, sessions_ended: sessions } }
}
