/**
 * A new password by a link. GET shows the form of one that would do and spends nothing, so that a scanner of mail spends no
 * link; POST spends it, one of any number at once. A link is its own secret: that it works no more tells who holds it nothing of
 * other accounts. Nobody is signed in by it: the sign-in after it meets `login` and the second factor (checklist 39).
 * The browser is known for the account from then on, so that nobody's guesses elsewhere keep out its owner (checklist 38). Asks
 * `mail_link`. OWASP ASVS 6.4.3.
 */
import { linkDonePage, linkEndedPage, resetPage } from '../../../web/mail-links.ts'
import type { NewPasswordFault } from '../../../web/sign-in/new-password.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { digestOf } from '../../kernel/ids.ts'
import type { UserStore } from '../../storage/port.ts'
import { type DeviceDeps, rememberDevice } from '../session/device.ts'
import { type EndSessionsDeps, endSessionsOf } from '../session/end-session.ts'
import { askMailLink } from '../user/ask-mail-link.ts'
import { changeUser } from '../user/change-user.ts'
import { localesOf } from '../user/email.ts'
import { findMailLink, isUsable, LINK_KINDS, type MailLinkDeps, type OpenLink, stillHolds } from '../user/mail-link.ts'
import { newPassword } from '../user/new-password.ts'
import { notifyUser } from '../user/notify.ts'
import { isEndedPassword } from '../user/password/ended.ts'
import type { PasswordHasher } from '../user/password/hasher.ts'
import type { PasswordRules } from '../user/password/rules.ts'
import { slowedDown } from '../user/password/verify.ts'
import { noteSpent, whoSpent } from '../user/spent.ts'
import { replyWithForm, requireForm } from './form.ts'

export type ResetDeps = MailLinkDeps &
  EndSessionsDeps &
  DeviceDeps & {
    readonly store: MailLinkDeps['store'] & { readonly users: Pick<UserStore, 'find' | 'replace'> }
    readonly passwords: PasswordHasher
    readonly passwordRules: PasswordRules
  }

const KIND = LINK_KINDS.password_reset
const SPENT = 'password_link_spent'
const about = (link: string): readonly string[] => ['reset_password', link]

const form = (deps: ResetDeps, request: HttpRequest, status: number, link: string, fault?: NewPasswordFault): Reply =>
  replyWithForm(deps, request, status, about(link), (formToken) => resetPage({ link, formToken, fault }))

const ended = (): Reply => ({ status: 400, ...linkEndedPage('/password/forgot') })

/** GET /password/reset. */
export async function showResetPassword(deps: ResetDeps, request: HttpRequest): Promise<Reply> {
  if (request.query.repeated.has('link')) throw new OAuthError('invalid_request')
  const link = request.query.get('link')
  if (link === undefined || (await findMailLink(deps, request, KIND, link)) === undefined) return ended()
  const after = request.query.get('after') === 'stopped' ? 'stopped' : undefined
  return replyWithForm(deps, request, 200, about(link), (formToken) => resetPage({ link, formToken, after }))
}

/** POST /password/reset. */
export async function resetPassword(deps: ResetDeps, request: HttpRequest): Promise<Reply> {
  const link = request.form.get('link') ?? ''
  requireForm(deps, request, about(link))
  const found = await findMailLink(deps, request, KIND)

  const verdict = await askMailLink(deps, request, { purpose: 'password_reset', stage: 'use', user: found?.user })
  if (!isUsable(verdict) || found === undefined) {
    await tellReplay(deps, request, await whoSpent(deps.store.oneUse, request.tenant, SPENT, digestOf(link)))
    return ended()
  }
  const { least_password_characters: leastCharacters, revoke_access: revokes, notify } = verdict.obligations

  const password = request.form.get('new_password')
  const kind = password === undefined ? 'missing' : await faultOf(deps, request, found, password, leastCharacters)
  if (password === undefined || kind !== undefined)
    return form(deps, request, 400, link, { kind: kind ?? 'missing', leastCharacters })

  const passwordHash = await slowedDown(deps.passwords.hash(password))
  const user = await spend(deps, request, found, passwordHash, revokes)
  if (user === undefined) return ended()
  await deps.store.oneUse.endOf(request.tenant, user.sub, KIND)
  await deps.store.oneUse.endOf(request.tenant, user.sub, LINK_KINDS.email_change)
  await deps.audit({
    event: 'password_reset',
    tenant: request.tenant,
    request_id: request.id,
    sub: user.sub,
    decision_id: verdict.decisionId,
  })
  // The new epoch has ended them; this tells the clients.
  if (revokes) await endSessionsOf(deps, request.tenant, user.sub)
  if (notify) notifyUser(deps, user, 'password_reset')
  const { cookie } = await rememberDevice(deps, request, user)
  const { headers, body } = linkDonePage('password', localesOf(user))
  return { status: 200, body, headers: { ...headers, 'set-cookie': cookie } }
}

/** One that was ended is told after the rules, which cost no hash. The password of before, merely forgotten, may come back. */
const faultOf = async (
  deps: ResetDeps,
  { tenant }: HttpRequest,
  { user }: OpenLink,
  password: string,
  leastCharacters: number,
): Promise<NewPasswordFault['kind'] | undefined> =>
  (await deps.passwordRules.check(password, user, leastCharacters)) ??
  ((await isEndedPassword(deps, tenant, user.sub, password)) ? 'ended' : undefined)

/** Whoever comes with a link that was used may have read the letter. The answer is that of any link that does not do. */
async function tellReplay(deps: ResetDeps, { tenant, id }: HttpRequest, sub: string | undefined): Promise<void> {
  if (sub === undefined) return
  await deps.audit({ event: 'factor_failed', tenant, request_id: id, sub, detail: 'reset_link:replayed' })
}

/** Takes the link, and with it sets the password of the account that it was made for, if that still is as it was. */
async function spend(deps: ResetDeps, request: HttpRequest, found: OpenLink, passwordHash: string, revokes: boolean) {
  const { oneUse } = deps.store
  const taken = await oneUse.take(request.tenant, KIND, found.digest)
  if (taken === undefined) {
    await tellReplay(deps, request, found.user.sub)
    return undefined
  }
  const spent = { digest: found.digest, sub: found.user.sub, at: epochSeconds(deps.clock) }
  await noteSpent(oneUse, request.tenant, SPENT, spent)
  return changeUser(deps.store.users, request.tenant, found.user.sub, epochSeconds(deps.clock), (user) =>
    user.active && stillHolds(taken, user) ? newPassword(user, passwordHash, revokes) : undefined,
  )
}
