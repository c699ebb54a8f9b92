/** All that is kept of a person: GET /admin/users/{sub}/export. Asks `admin`. docs/privacy.md. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { Store } from '../../storage/port.ts'
import { type PersonDataDeps, personData } from '../user/person-data.ts'
import { findCaller } from './actor.ts'
import { auditChange, type DecideAdminDeps, decideAdmin } from './decide-admin.ts'
import { missing } from './missing.ts'
import { checkNoBody } from './no-body.ts'

export type ExportUserDeps = DecideAdminDeps &
  PersonDataDeps & { readonly store: { readonly users: Pick<Store['users'], 'find'> } }

export async function exportUser(deps: ExportUserDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)
  checkNoBody(request)
  const id = request.route.id ?? ''
  const user = await deps.store.users.find(caller.tenant, id)
  const stored = { roles: user?.roles ?? [], scopes: [] }
  const question = { type: 'user', action: 'export', id, stored, whose: { sub: user?.sub } } as const
  const { decisionId, visible } = await decideAdmin(deps, caller, request, question)
  if (user === undefined) throw missing('user')

  const data = await personData(deps, caller.tenant, user)
  await auditChange(deps, caller, request, { type: 'user', action: 'export', id, decisionId })
  const shown = Object.entries(data).filter(([section]) => visible.has(section))
  return { status: 200, body: Object.fromEntries(shown) }
}
