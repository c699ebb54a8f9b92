/** Ends a session, all its grants with it, and has its clients told: DELETE /admin/sessions/{sid}. Asks `admin`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { endSession } from '../../session/end-session.ts'
import { findCaller } from '../actor.ts'
import { auditChange, decideAdmin } from '../decide-admin.ts'
import { missing } from '../missing.ts'
import type { AccessDeps } from './access.ts'

export async function endOneSession(deps: AccessDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)

  const id = request.route.id ?? ''
  const session = await deps.store.sessions.findById(caller.tenant, id)
  const user = session && (await deps.store.users.find(caller.tenant, session.sub))

  const stored = { roles: user?.roles ?? [], scopes: [] }
  const question = { type: 'session', action: 'end', id, stored, whose: { sub: session?.sub } } as const
  const { decisionId } = await decideAdmin(deps, caller, request, question)
  if (session === undefined) throw missing('session')

  await endSession(deps, caller.tenant, session, 'all')
  await auditChange(deps, caller, request, { type: 'session', action: 'end', id, decisionId })

  return { status: 204 }
}
