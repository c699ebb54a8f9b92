/** Creates a user: POST /scim/v2/Users. RFC 7644 3.3. Asks `scim`. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { ScimError } from '../../kernel/errors.ts'
import { randomId } from '../../kernel/ids.ts'
import { firstRevocationEpoch, type UserRecord } from '../../storage/records.ts'
import { type BearerDeps, requireBearer } from '../token/bearer.ts'
import { userReply } from './answer.ts'
import { changesOf, profileOf } from './changes.ts'
import { auditChange, decideScim, type ScimDeps, type ScimPermit } from './decide-scim.ts'
import { parseUser, type UserBody } from './parse-user.ts'
import { type PasswordOfDeps, passwordHashOf } from './password-of.ts'
import { selectionOf } from './render-user.ts'

export type WriteUserDeps = ScimDeps & BearerDeps & PasswordOfDeps

const newUser = (body: UserBody, permit: ScimPermit, nowSeconds: number): UserRecord => ({
  v: 1,
  sub: randomId(),
  userName: body.userName,
  active: body.active ?? true,
  roles: body.roles ?? [],
  profile: profileOf(body, permit.vouchesForEmail),
  createdAt: nowSeconds,
  updatedAt: nowSeconds,
  version: 1,
  revocationEpoch: firstRevocationEpoch(),
})

/** RFC 7644 3.12, `uniqueness`. */
export const isTaken = (what: 'conflict' | 'email_taken'): ScimError =>
  new ScimError('uniqueness', {
    detail:
      what === 'conflict' ? 'This userName is in use already.' : 'This e-mail address is verified for another user.',
  })

export async function createUser(deps: WriteUserDeps, request: HttpRequest): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  const body = parseUser(request.json)

  const permit = await decideScim(deps, bearer, request, { action: 'create', changes: changesOf(body, undefined) })

  const newcomer = newUser(body, permit, request.origin.time.epoch_seconds)
  const hash = await passwordHashOf(deps, body.password, newcomer, permit.leastPasswordCharacters)
  const user = { ...newcomer, ...hash }
  const written = await deps.store.users.create(bearer.tenant, user)
  if (written !== 'written') throw isTaken(written)
  await auditChange(deps, bearer, request, { action: 'create', id: user.sub, decisionId: permit.decisionId })

  return userReply(201, deps.issuer, user, permit.visible, selectionOf(request))
}
