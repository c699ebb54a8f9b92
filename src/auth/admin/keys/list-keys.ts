/** Lists signing keys and what their life will bring: GET /admin/keys. Asks `admin`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { findCaller } from '../actor.ts'
import { decideAdmin } from '../decide-admin.ts'
import { checkQuery } from '../page-of.ts'
import { type KeyDeps, renderKeys } from './key-endpoints.ts'

export async function listKeys(deps: KeyDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)
  checkQuery(request, [])
  const set = await deps.keeper.read()
  const { visible } = await decideAdmin(deps, caller, request, { type: 'key', action: 'list' })
  return { status: 200, body: renderKeys(set, deps.keeper.rules, visible) }
}
