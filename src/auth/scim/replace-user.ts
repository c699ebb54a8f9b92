/** Replaces a user: PUT /scim/v2/Users/{id}. RFC 7644 3.5.1. Asks `scim`. Deactivation ends sessions and tokens, and so does what policy says, such as a new password. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { ScimError } from '../../kernel/errors.ts'
import type { OneUseStore } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'
import { emailOf } from '../../storage/verified-email.ts'
import { endSessionsOf } from '../session/end-session.ts'
import { type Bearer, requireBearer } from '../token/bearer.ts'
import { STOP_LINK } from '../user/stop-link.ts'
import { userReply } from './answer.ts'
import { type Changes, changesOf, omitted, profileAfter } from './changes.ts'
import { isTaken, type WriteUserDeps } from './create-user.ts'
import { auditChange, decideScim, type ScimPermit } from './decide-scim.ts'
import { parseUser, type UserBody } from './parse-user.ts'
import { passwordHashOf } from './password-of.ts'
import { checkPrecondition } from './precondition.ts'
import { selectionOf } from './render-user.ts'

export type ReplaceUserDeps = WriteUserDeps & { readonly store: { readonly oneUse: Pick<OneUseStore, 'endOf'> } }

/** Whether what the person was given before ends with the change. */
const endsAccess = (stored: UserRecord, body: UserBody, { revokeAccess }: ScimPermit): boolean =>
  revokeAccess || (stored.active && body.active === false)

/** What a link of before must not undo: how the person gets in, as somebody else has set it. */
const OF_GETTING_IN = ['emails', 'password', 'active']

interface Replacing {
  readonly cleared: readonly string[]
  readonly ends: boolean
  readonly permit: ScimPermit
  /** Whether it is another who sets how the person gets in. */
  readonly setsEntry: boolean
}

function replaced(
  stored: UserRecord,
  body: UserBody,
  { cleared, ends, permit, setsEntry }: Replacing,
  nowSeconds: number,
): UserRecord {
  const profile = profileAfter(body, stored, cleared, permit.vouchesForEmail)
  // An address that a directory gives an account is no change by whoever is signed in to it.
  const { emailChangedAt, ...rest } = stored
  const isOwnChange = emailChangedAt !== undefined && emailOf({ profile }) === emailOf(stored)
  return {
    ...rest,
    ...(isOwnChange && { emailChangedAt }),
    ...(setsEntry && { directoryEpoch: (stored.directoryEpoch ?? 0) + 1 }),
    userName: body.userName,
    active: body.active ?? stored.active,
    roles: body.roles ?? stored.roles,
    profile,
    updatedAt: nowSeconds,
    version: stored.version + 1,
    revocationEpoch: stored.revocationEpoch + (ends ? 1 : 0),
  }
}

/**
 * Whether a left-out attribute may be cleared is known only once policy answered; then it is asked again, with the
 * cleared among the changed. Left-out attributes that this actor may not write stay: it cannot even see them all.
 */
async function decideReplace(
  deps: ReplaceUserDeps,
  bearer: Bearer,
  request: HttpRequest,
  id: string,
  body: UserBody,
  stored: UserRecord | undefined,
): Promise<{ readonly permit: ScimPermit; readonly cleared: readonly string[]; readonly changed: readonly string[] }> {
  const changes = changesOf(body, stored)
  const ask = (asked: Changes): Promise<ScimPermit> =>
    decideScim(deps, bearer, request, { action: 'replace', id, stored, changes: asked })
  const permit = await ask(changes)
  const cleared = stored ? omitted(body, stored).filter((name) => permit.writable.has(name)) : []
  const changed = [...changes.changed, ...cleared]
  if (cleared.length === 0) return { permit, cleared, changed }
  return { permit: await ask({ ...changes, changed }), cleared, changed }
}

/** A conflict is a lost race for the version, or a user name that is taken: what is stored now tells which. */
async function conflictOf(deps: ReplaceUserDeps, tenant: string, stored: UserRecord): Promise<ScimError> {
  const now = await deps.store.users.find(tenant, stored.sub)
  return now?.version === stored.version ? isTaken('conflict') : new ScimError('preconditionFailed')
}

export async function replaceUser(deps: ReplaceUserDeps, request: HttpRequest): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  const id = request.route.id ?? ''
  const body = parseUser(request.json)
  const stored = await deps.store.users.find(bearer.tenant, id)

  const { permit, cleared, changed: names } = await decideReplace(deps, bearer, request, id, body, stored)
  if (!stored) throw new ScimError('notFound')
  checkPrecondition(request, stored)

  const ends = endsAccess(stored, body, permit)
  // Whoever is in an account for a moment must not end its owner's link by what they set themselves.
  const setsEntry = bearer.user?.sub !== id && names.some((name) => OF_GETTING_IN.includes(name))
  const replacing = { cleared, ends, permit, setsEntry }
  const changed = replaced(stored, body, replacing, request.origin.time.epoch_seconds)
  const hash = await passwordHashOf(deps, body.password, changed, permit.leastPasswordCharacters)
  const user = { ...changed, ...hash }
  const written = await deps.store.users.replace(bearer.tenant, user, stored.version)
  if (written === 'missing') throw new ScimError('notFound')
  if (written === 'email_taken') throw isTaken(written)
  if (written === 'conflict') throw await conflictOf(deps, bearer.tenant, stored)
  await auditChange(deps, bearer, request, { action: 'replace', id, changed: names, decisionId: permit.decisionId })
  // The count in the account has ended them; this tidies up.
  if (setsEntry) await deps.store.oneUse.endOf(bearer.tenant, id, STOP_LINK)
  // The new epoch has ended them; this tells the clients.
  if (ends) await endSessionsOf(deps, bearer.tenant, id)

  return userReply(200, deps.issuer, user, permit.visible, selectionOf(request))
}
