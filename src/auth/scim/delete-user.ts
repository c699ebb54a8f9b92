/** Deletes a user, whose sessions and tokens end with the record: DELETE /scim/v2/Users/{id}. RFC 7644 3.6. Asks `scim`. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { ScimError } from '../../kernel/errors.ts'
import { type EraseRestDeps, eraseRest } from '../session/erase-person.ts'
import { type BearerDeps, requireBearer } from '../token/bearer.ts'
import { auditChange, decideScim, type ScimDeps } from './decide-scim.ts'
import { checkPrecondition } from './precondition.ts'

export async function deleteUser(deps: ScimDeps & BearerDeps & EraseRestDeps, request: HttpRequest): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  const id = request.route.id ?? ''
  const stored = await deps.store.users.find(bearer.tenant, id)

  const permit = await decideScim(deps, bearer, request, { action: 'delete', id, stored })
  if (!stored) throw new ScimError('notFound')
  checkPrecondition(request, stored)

  const written = await deps.store.users.delete(bearer.tenant, id)
  if (written !== 'written') throw new ScimError('notFound')
  await auditChange(deps, bearer, request, { action: 'delete', id, decisionId: permit.decisionId })
  await eraseRest(deps, bearer.tenant, id)

  return { status: 204 }
}
