/**
 * Takes a key away that others may have: POST /admin/keys/{kid}/revoke. What it signed verifies nowhere any more, and the
 * next key signs at once. Asks `admin`, also for a kid that is not there: 403 tells nothing.
 */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { findCaller } from '../actor.ts'
import { decideAdmin } from '../decide-admin.ts'
import { checkNoBody } from '../no-body.ts'
import { type KeyDeps, renderKeys, tellChanges } from './key-endpoints.ts'

export async function revokeKey(deps: KeyDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)
  checkNoBody(request)
  const { keeper } = deps
  const id = request.route.id ?? ''

  const permit = await decideAdmin(deps, caller, request, { type: 'key', action: 'revoke', id })

  const kept = await keeper.revoke(id)
  await tellChanges(deps, caller, request, kept, permit)

  return { status: 200, body: renderKeys(kept.set, keeper.rules, permit.visible) }
}
