/** What each act on one person begins with: who calls, whom it is about, and whether they may. Asks `admin`. */
import type { HttpRequest } from '../../../http/message.ts'
import type { UserStore } from '../../../storage/port.ts'
import type { UserRecord } from '../../../storage/records.ts'
import { type Caller, findCaller } from '../actor.ts'
import { type AdminAction, type AdminPermit, type DecideAdminDeps, decideAdmin } from '../decide-admin.ts'
import { missing } from '../missing.ts'
import { checkNoBody } from '../no-body.ts'

export type DecideOnUserDeps = DecideAdminDeps & { readonly store: { readonly users: Pick<UserStore, 'find'> } }

export interface ActOnUser extends AdminPermit {
  readonly caller: Caller
  readonly user: UserRecord
}

/** Throws Problem where nobody may, and only then where nobody is there: else a deny would tell who is. */
export async function decideOnUser(
  deps: DecideOnUserDeps,
  request: HttpRequest,
  action: AdminAction,
): Promise<ActOnUser> {
  const caller = await findCaller(deps, request)
  checkNoBody(request)
  const id = request.route.id ?? ''
  const user = await deps.store.users.find(caller.tenant, id)
  const stored = { roles: user?.roles ?? [], scopes: [] }
  const question = { type: 'user', action, id, stored, whose: { sub: user?.sub } } as const
  const permit = await decideAdmin(deps, caller, request, question)
  if (user === undefined) throw missing('user')
  return { caller, user, ...permit }
}
