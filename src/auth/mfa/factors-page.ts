/**
 * The person's own factors: list, rename, remove, new recovery codes, and the end of the other sessions after a change. A
 * change wants a fresh sign-in and is told by letter. ASVS 7.5.1, 6.3.7 and 7.4.3; checklist 42. Asks `mfa`.
 */
import { FACTORS_DONE, type FactorsDone, type FactorsView, factorsPage } from '../../../web/account/factors.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { TOLD } from '../../kernel/told.ts'
import { withCookie } from '../session/answer-client.ts'
import { formToken } from '../session/csrf.ts'
import { keepSession } from '../session/keep-session.ts'
import { keptWay, type OtherWay } from '../sign-in/other-way-in.ts'
import { localesOf } from '../user/email.ts'
import { endMailLinks } from '../user/mail-link.ts'
import { lettersReach, notifyUser } from '../user/notify.ts'
import type { MfaAction } from './ask-mfa.ts'
import {
  aboutOf,
  askEnrolling,
  type Enrolling,
  FACTORS_PAGE,
  findEnrolling,
  isReply,
  isStepUp,
  makeRecoveryCodes,
  requireEnrolForm,
  showCodes,
  toFactors,
} from './enrolling.ts'
import { factorName } from './factor-name.ts'
import type { MfaDeps } from './mfa-deps.ts'
import { auditFactor } from './second-step.ts'

const FORM = 'factors'
/** Who comes back from a step-up has not done yet what they wanted to: nothing is carried through a sign-in. */
const CONFIRMED: FactorsDone = 'confirmed'

/** Signed in; a sign-in that is under way has no business here. */
async function findOwner(deps: MfaDeps, request: HttpRequest): Promise<Enrolling | Reply> {
  if (request.query.get('interaction') !== undefined) throw new OAuthError('invalid_request')
  return findEnrolling(deps, request, FACTORS_PAGE)
}

/** GET /account/factors. */
export async function showFactors(deps: MfaDeps, request: HttpRequest): Promise<Reply> {
  const owner = await findOwner(deps, request)
  if (isReply(owner)) return owner
  const permit = await askEnrolling(deps, request, owner, { action: 'view', page: FACTORS_PAGE })
  if (isStepUp(permit)) return permit

  const done = request.query.get('done')
  return page(deps, owner, 200, { done: FACTORS_DONE.find((one) => one === done) })
}

function page(deps: MfaDeps, owner: Enrolling, status: number, about: Pick<FactorsView, 'done' | 'unnamed'>): Reply {
  const { totp, passkeys, recoveryCodes } = owner.held
  const { user } = owner
  const view = factorsPage({
    frame: { accountName: user.userName, paths: deps.accountPaths, uiLocales: localesOf(user) },
    formToken: formToken(owner.secret, ...aboutOf(owner, FORM)),
    totp,
    passkeys: passkeys.map(({ credentialId, backedUp, ...rest }) => ({ ...rest, id: credentialId, synced: backedUp })),
    recoveryCodes,
    letters: lettersReach(deps, user),
    ...about,
  })
  return { status, ...view }
}

interface Permit {
  /** How many recovery codes policy wants made. */
  readonly codes: number
  /** Of a passkey that is removed. */
  readonly other: OtherWay | undefined
}

type Change = (deps: MfaDeps, request: HttpRequest, owner: Enrolling, permit: Permit) => Promise<Reply>

const gone = () => new OAuthError('invalid_request', { detail: TOLD.factorGone })

const chosen = (request: HttpRequest, { held }: Enrolling) => {
  const passkey = held.passkeys.find(({ credentialId }) => credentialId === request.form.get('factor'))
  if (passkey === undefined) throw gone()
  return passkey
}

const rename: Change = async (deps, request, owner) => {
  const { credentialId } = chosen(request, owner)
  const name = factorName(request.form.get('name'))
  if (name === undefined) return page(deps, owner, 400, { unnamed: credentialId })
  const written = await deps.store.factors.passkeys.rename(request.tenant, owner.user.sub, credentialId, name)
  if (written === 'missing') throw gone()
  return toFactors('renamed')
}

/** Recovery codes stand for another factor; without one they would stand for nothing. */
async function removed(
  deps: MfaDeps,
  request: HttpRequest,
  { user }: Enrolling,
  factor: 'totp' | 'passkey',
  name?: string,
): Promise<Reply> {
  const { factors } = deps.store
  const left = await factors.of(request.tenant, user.sub)
  if (left.totp === undefined && left.passkeys.length === 0)
    await factors.recoveryCodes.replace(request.tenant, user.sub, [])
  await auditFactor(deps, request, 'factor_removed', user, factor)
  notifyUser(deps, user, 'factor_removed', { factor, name })
  return toFactors('removed')
}

const removeTotp: Change = async (deps, request, owner) => {
  if ((await deps.store.factors.totp.remove(request.tenant, owner.user.sub)) === 'missing') throw gone()
  return removed(deps, request, owner, 'totp')
}

const removePasskey: Change = async (deps, request, owner, { other }) => {
  const { credentialId, name } = chosen(request, owner)
  const { passkeys } = deps.store.factors
  const written = await passkeys.remove(request.tenant, owner.user.sub, credentialId, keptWay(other))
  // What they were to keep has gone meanwhile: all is read and decided anew.
  if (written === 'conflict') return changeFactors(deps, request)
  if (written === 'missing') throw gone()
  return removed(deps, request, owner, 'passkey', name)
}

const renewCodes: Change = async (deps, request, owner, permit) => {
  const codes = await makeRecoveryCodes(deps, request, owner.user, permit.codes)
  notifyUser(deps, owner.user, 'recovery_codes_made')
  return showCodes(deps, owner, codes, { status: 303, headers: { location: FACTORS_PAGE } })
}

const endOthers: Change = async (deps, request, { user, during }) => {
  if (!('session' in during)) throw new OAuthError('invalid_request')
  const cookie = await keepSession(deps, request, during.session, user)
  await endMailLinks(deps, request.tenant, user.sub)
  notifyUser(deps, user, 'sessions_ended')
  return withCookie(toFactors('sessions_ended'), cookie)
}

const CHANGES: ReadonlyMap<string, readonly [MfaAction, Change]> = new Map([
  ['rename', ['rename', rename]],
  ['remove_totp', ['remove', removeTotp]],
  ['remove_passkey', ['remove', removePasskey]],
  ['recovery_codes', ['make_recovery_codes', renewCodes]],
  ['end_other_sessions', ['end_other_sessions', endOthers]],
])

/** POST /account/factors. */
export async function changeFactors(deps: MfaDeps, request: HttpRequest): Promise<Reply> {
  const owner = await findOwner(deps, request)
  if (isReply(owner)) return owner
  requireEnrolForm(deps, request, owner, FORM)
  const [action, change] = CHANGES.get(request.form.get('action') ?? '') ?? []
  if (action === undefined || change === undefined) throw new OAuthError('invalid_request')
  const page = `${FACTORS_PAGE}?done=${CONFIRMED}`
  const passkey = change === removePasskey ? chosen(request, owner).credentialId : undefined
  const other = passkey === undefined ? undefined : await deps.otherWayIn(request.tenant, owner.user, { passkey })
  // Nobody signs in by a TOTP alone.
  const otherWays = action === 'remove' ? passkey === undefined || other !== undefined : undefined
  const permit = await askEnrolling(deps, request, owner, { action, page, otherWays })
  return isStepUp(permit) ? permit : change(deps, request, owner, { codes: permit.recovery_codes, other })
}
