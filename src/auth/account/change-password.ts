/**
 * A person changes their password: GET and POST /account/password. The one before is given first, where there is one, and the
 * sign-in is as fresh as `account` demands. Unless the person keeps them, all other sessions and all that was granted end with it;
 * links of before and remembered devices do in any case. ASVS 6.2.3, 7.4.3; checklist 42 and 45.
 */
import { type ChangePasswordView, changePasswordPage, type PasswordDone } from '../../../web/account/password.ts'
import type { NewPasswordFault } from '../../../web/sign-in/new-password.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { LimitStore, OneUseStore, UserStore } from '../../storage/port.ts'
import type { UserRecord } from '../../storage/records.ts'
import type { EndSessionsDeps } from '../session/end-session.ts'
import { keepSession } from '../session/keep-session.ts'
import { type AccountPageDeps, type AccountVisit, accountPage } from '../sign-in/account-page.ts'
import { changeUser } from '../user/change-user.ts'
import { endMailLinks } from '../user/mail-link.ts'
import { newPassword } from '../user/new-password.ts'
import { type NotifyDeps, notifyUser } from '../user/notify.ts'
import type { PasswordHasher } from '../user/password/hasher.ts'
import type { PasswordRules } from '../user/password/rules.ts'
import { slowedDown, verifyPassword } from '../user/password/verify.ts'

export type ChangePasswordDeps = AccountPageDeps &
  EndSessionsDeps &
  NotifyDeps & {
    readonly store: {
      readonly users: Pick<UserStore, 'find' | 'replace'>
      readonly limits: Pick<LimitStore, 'hit' | 'clear'>
      readonly oneUse: Pick<OneUseStore, 'endOf'>
    }
    readonly passwords: PasswordHasher
    readonly passwordRules: PasswordRules
  }

const ACTION = { action: 'change_password', type: 'password', page: '/account/password' } as const

const DONE = ['changed', 'reported'] as const satisfies readonly PasswordDone[]

/** Wrong passwords of a session: whoever took it over must not guess on. */
const ATTEMPTS = 10
const WINDOW_SECONDS = 15 * 60

function show(visit: AccountVisit, status: number, more: Pick<ChangePasswordView, 'done' | 'fault'> = {}): Reply {
  const { frame, session } = visit
  const hasPassword = session.user.passwordHash !== undefined
  return { status, ...changePasswordPage({ frame, formToken: visit.formToken(ACTION), hasPassword, ...more }) }
}

export const showChangePassword = (deps: ChangePasswordDeps, request: HttpRequest): Promise<Reply> =>
  accountPage(deps, request, ACTION, async (visit) =>
    show(visit, 200, { done: DONE.find((word) => word === request.query.get('done')) }),
  )

export const changePassword = (deps: ChangePasswordDeps, request: HttpRequest): Promise<Reply> =>
  accountPage(deps, request, ACTION, async (visit) => {
    const { user } = visit.session
    if (!(await knowsPassword(deps, request, visit.session))) return show(visit, 400, { fault: 'wrong' })

    const leastCharacters = visit.obligations.least_password_characters
    const password = request.form.get('new_password')
    const kind = password === undefined ? 'missing' : await faultOf(deps, request, user, password, leastCharacters)
    if (password === undefined || kind !== undefined)
      return show(visit, 400, { fault: { kind: kind ?? 'missing', leastCharacters } })

    const passwordHash = await slowedDown(deps.passwords.hash(password))
    const endsOthers = request.form.get('end_others') !== undefined
    const changed = await setPassword(deps, request, visit, { passwordHash, endsOthers })
    await deps.audit({
      event: 'password_changed',
      tenant: request.tenant,
      request_id: request.id,
      sub: user.sub,
      decision_id: visit.decisionId,
    })
    const cookie = endsOthers && (await keepSession(deps, request, visit.session, changed))
    if (visit.obligations.notify) notifyUser(deps, changed, 'password_changed')
    return {
      status: 303,
      headers: { location: '/account/password?done=changed', ...(cookie && { 'set-cookie': cookie }) },
    }
  })

/** The current one was verified just now, so that what was typed is compared. As it is hashed: after NFC. */
const isCurrent = ({ form }: HttpRequest, { passwordHash }: UserRecord, password: string): boolean =>
  passwordHash !== undefined && form.get('password')?.normalize('NFC') === password.normalize('NFC')

const faultOf = async (
  deps: ChangePasswordDeps,
  request: HttpRequest,
  user: UserRecord,
  password: string,
  leastCharacters: number,
): Promise<NewPasswordFault['kind'] | undefined> =>
  (await deps.passwordRules.check(password, user, leastCharacters)) ??
  (isCurrent(request, user, password) ? 'same' : undefined)

/** In one write with what it ends: none of that outlives it, whatever fails afterwards. */
async function setPassword(
  deps: ChangePasswordDeps,
  { tenant }: HttpRequest,
  { session: { user } }: AccountVisit,
  { passwordHash, endsOthers }: { readonly passwordHash: string; readonly endsOthers: boolean },
): Promise<UserRecord> {
  const changed = await changeUser(deps.store.users, tenant, user.sub, epochSeconds(deps.clock), (now) =>
    now.active && now.revocationEpoch === user.revocationEpoch ? newPassword(now, passwordHash, endsOthers) : undefined,
  )
  if (changed === undefined) throw new OAuthError('access_denied')
  await endMailLinks(deps, tenant, user.sub)
  return changed
}

async function knowsPassword(
  deps: ChangePasswordDeps,
  request: HttpRequest,
  { user, record }: AccountVisit['session'],
): Promise<boolean> {
  if (user.passwordHash === undefined) return true
  // Of this session: what somebody guesses in another is not taken from the owner's.
  const key = `password:change:${record.sid}`
  const attempt = await deps.store.limits.hit(request.tenant, key, WINDOW_SECONDS)
  if (attempt > ATTEMPTS) throw new OAuthError('slow_down', { retryAfterSeconds: WINDOW_SECONDS })
  const knows = await verifyPassword(deps, request, request.form.get('password') ?? '', user)
  if (knows) await deps.store.limits.clear(request.tenant, key)
  else
    await deps.audit({
      event: 'factor_failed',
      tenant: request.tenant,
      request_id: request.id,
      sub: user.sub,
      detail: 'password',
    })
  return knows
}
