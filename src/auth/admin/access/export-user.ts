/** All that is kept of a person: GET /admin/users/{sub}/export. Asks `admin`. docs/privacy.md. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { type PersonDataDeps, personData } from '../../user/person-data.ts'
import { auditChange } from '../decide-admin.ts'
import { type DecideOnUserDeps, decideOnUser } from './decide-on-user.ts'

export type ExportUserDeps = DecideOnUserDeps & PersonDataDeps

export async function exportUser(deps: ExportUserDeps, request: HttpRequest): Promise<Reply> {
  const { caller, user, decisionId, visible } = await decideOnUser(deps, request, 'export')
  const data = await personData(deps, caller.tenant, user)
  await auditChange(deps, caller, request, { type: 'user', action: 'export', id: user.sub, decisionId })
  const shown = Object.entries(data).filter(([section]) => visible.has(section))
  return { status: 200, body: Object.fromEntries(shown) }
}
