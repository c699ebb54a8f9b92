/** Reads a user: GET /scim/v2/Users/{id}. RFC 7644 3.4.1. Asks `scim`, also for an id that is not there: 403 tells nothing. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { ScimError } from '../../kernel/errors.ts'
import { type BearerDeps, requireBearer } from '../token/bearer.ts'
import { userReply } from './answer.ts'
import { decideScim, type ScimDeps } from './decide-scim.ts'
import { selectionOf } from './render-user.ts'

export async function readUser(deps: ScimDeps & BearerDeps, request: HttpRequest): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  const id = request.route.id ?? ''
  const stored = await deps.store.users.find(bearer.tenant, id)

  const permit = await decideScim(deps, bearer, request, { action: 'read', id, stored })
  if (!stored) throw new ScimError('notFound')

  return userReply(200, deps.issuer, stored, permit.visible, selectionOf(request))
}
