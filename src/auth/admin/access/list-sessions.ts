/** Lists the sessions that have not ended, of one person or all: GET /admin/sessions?sub=&offset=&limit=. Asks `admin`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { findCaller } from '../actor.ts'
import { decideAdmin } from '../decide-admin.ts'
import { pageOf } from '../page-of.ts'
import { type AccessDeps, renderSessions } from './access.ts'

export async function listSessions(deps: AccessDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)

  const { offset, limit } = pageOf(request, ['sub'])
  const sub = request.query.get('sub')

  const { visible } = await decideAdmin(deps, caller, request, { type: 'session', action: 'list', whose: { sub } })

  const of = sub === undefined ? {} : { sub }
  const { total, records } = await deps.store.sessions.list(caller.tenant, of, offset, limit)
  const now = request.origin.time.epoch_seconds
  return {
    status: 200,
    body: { total, offset, sessions: await renderSessions(deps, caller.tenant, records, visible, now) },
  }
}
