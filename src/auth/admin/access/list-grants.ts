/** Lists the grants of a person, a client or a session: GET /admin/grants?sub=|client_id=|sid=&offset=&limit=. Asks `admin`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { Problem } from '../../../kernel/errors.ts'
import type { GrantsOf } from '../../../storage/port.ts'
import { findCaller } from '../actor.ts'
import { decideAdmin } from '../decide-admin.ts'
import { pageOf } from '../page-of.ts'
import { type AccessDeps, renderGrants } from './access.ts'

const FILTERS = ['sub', 'client_id', 'sid'] as const

/** Exactly one: nobody looks through all grants there are. */
function readFilter(request: HttpRequest): GrantsOf {
  const [sub, clientId, sid] = FILTERS.map((name) => request.query.get(name))
  if ([sub, clientId, sid].filter((value) => value !== undefined).length === 1) {
    if (sub !== undefined) return { sub }
    if (clientId !== undefined) return { clientId }
    if (sid !== undefined) return { sid }
  }
  throw new Problem('bad_request', { detail: 'Name whose grants: one of sub, client_id and sid.' })
}

export async function listGrants(deps: AccessDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)

  const { offset, limit } = pageOf(request, FILTERS)
  const of = readFilter(request)

  const whose = 'sid' in of ? {} : of
  const { visible } = await decideAdmin(deps, caller, request, { type: 'grant', action: 'list', whose })

  const { total, records } = await deps.store.grants.list(caller.tenant, of, offset, limit)
  const now = request.origin.time.epoch_seconds
  return {
    status: 200,
    body: { total, offset, grants: await renderGrants(deps, caller.tenant, records, visible, now) },
  }
}
