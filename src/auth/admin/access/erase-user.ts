/** Erases a person and all that hangs on them: POST /admin/users/{sub}/erase. Asks `admin`. docs/privacy.md. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { type ErasePersonDeps, erasePerson } from '../../session/erase-person.ts'
import { missing } from '../missing.ts'
import { type DecideOnUserDeps, decideOnUser } from './decide-on-user.ts'

export type EraseUserDeps = DecideOnUserDeps & ErasePersonDeps

export async function eraseUser(deps: EraseUserDeps, request: HttpRequest): Promise<Reply> {
  const { caller, user, decisionId } = await decideOnUser(deps, request, 'erase')
  const by = { requestId: request.id, clientId: caller.actor.client_id, decisionId }
  const erased = await erasePerson(deps, { tenant: caller.tenant, sub: user.sub, by })
  if (erased === undefined) throw missing('user')
  return { status: 200, body: { sub: user.sub, sessions_ended: erased.sessions, files: erased.files } }
}
