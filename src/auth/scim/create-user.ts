/** Creates a user: POST /scim/v2/Users. RFC 7644 3.3. Asks `scim`. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { ScimError } from '../../kernel/errors.ts'
import { randomId } from '../../kernel/ids.ts'
import { firstRevocationEpoch, type UserRecord } from '../../storage/records.ts'
import { type BearerDeps, requireBearer } from '../token/bearer.ts'
import type { PasswordHasher } from '../user/password.ts'
import { userReply } from './answer.ts'
import { changesOf } from './changes.ts'
import { auditChange, decideScim, type ScimDeps } from './decide-scim.ts'
import { parseUser, type UserBody } from './parse-user.ts'
import { passwordHashOf } from './password-of.ts'
import { selectionOf } from './render-user.ts'

export type WriteUserDeps = ScimDeps & BearerDeps & { readonly passwords: PasswordHasher }

const newUser = (body: UserBody, nowSeconds: number): UserRecord => ({
  v: 1,
  sub: randomId(),
  userName: body.userName,
  active: body.active ?? true,
  roles: body.roles ?? [],
  profile: body.profile,
  createdAt: nowSeconds,
  updatedAt: nowSeconds,
  version: 1,
  revocationEpoch: firstRevocationEpoch(),
})

export async function createUser(deps: WriteUserDeps, request: HttpRequest): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  const body = parseUser(request.json)

  const permit = await decideScim(deps, bearer, request, { action: 'create', changes: changesOf(body, undefined) })

  const hash = await passwordHashOf(deps.passwords, body.password)
  const user = { ...newUser(body, request.origin.time.epoch_seconds), ...hash }
  const written = await deps.store.users.create(bearer.tenant, user)
  if (written !== 'written') throw new ScimError('uniqueness', { detail: 'This userName is in use already.' })
  await auditChange(deps, bearer, request, { action: 'create', id: user.sub, decisionId: permit.decisionId })

  return userReply(201, deps.issuer, user, permit.visible, selectionOf(request))
}
