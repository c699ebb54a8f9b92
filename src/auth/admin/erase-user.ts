/** Erases a person and all that hangs on them: POST /admin/users/{sub}/erase. Asks `admin`. docs/privacy.md. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { Store } from '../../storage/port.ts'
import { type ErasePersonDeps, erasePerson } from '../session/erase-person.ts'
import { findCaller } from './actor.ts'
import { type DecideAdminDeps, decideAdmin } from './decide-admin.ts'
import { missing } from './missing.ts'
import { checkNoBody } from './no-body.ts'

export type EraseUserDeps = DecideAdminDeps &
  ErasePersonDeps & { readonly store: { readonly users: Pick<Store['users'], 'find'> } }

export async function eraseUser(deps: EraseUserDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)
  checkNoBody(request)
  const id = request.route.id ?? ''
  const user = await deps.store.users.find(caller.tenant, id)
  const stored = { roles: user?.roles ?? [], scopes: [] }
  const question = { type: 'user', action: 'erase', id, stored, whose: { sub: user?.sub } } as const
  const { decisionId } = await decideAdmin(deps, caller, request, question)
  const by = { requestId: request.id, clientId: caller.actor.client_id, decisionId }
  const sessions = user && (await erasePerson(deps, { tenant: caller.tenant, sub: id, by }))
  if (sessions === undefined) throw missing('user')
  return { status: 200, body: { sub: id, sessions_ended: sessions } }
}
