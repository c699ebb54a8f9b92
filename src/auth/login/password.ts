/**
 * The password step. OIDC Core 3.1.2.3. An unknown user and a wrong password get the same page after the same work
 * (checklist 37).
 */
import { type PasswordFault, passwordPage } from '../../../web/sign-in/password.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { emailKey } from '../../storage/verified-email.ts'
import { formToken } from '../session/csrf.ts'
import { askAttempt, tried } from '../sign-in/ask-login.ts'
import { cancelSignIn } from '../sign-in/cancel.ts'
import { auditRefusal, begin, proceed, refuseStep, requirePause, type SignInDeps } from '../sign-in/proceed.ts'
import { loginAt } from '../sign-in/steps.ts'
import { findWaiting, requireOwnForm, shownName, type Waiting } from '../sign-in/waiting.ts'
import { slowedDown, type VerifyPasswordDeps, verifyPassword } from '../user/password/verify.ts'

export type PasswordDeps = SignInDeps & VerifyPasswordDeps

function page(deps: PasswordDeps, waiting: Waiting, status: number, userName: string, fault?: PasswordFault): Reply {
  const { interaction } = waiting
  const view = passwordPage({
    clientName: shownName(waiting),
    redirectUri: interaction.redirectUri,
    interactionId: waiting.id,
    formToken: formToken(waiting.secret, 'password', waiting.id),
    userName,
    offers: interaction.progress?.offers ?? [],
    canReset: deps.mail.enabled,
    fault,
    uiLocales: interaction.uiLocales,
  })
  return { status, ...view }
}

/** Of the identifier's page and of this one. */
export async function checkPassword(
  deps: PasswordDeps,
  request: HttpRequest,
  waiting: Waiting,
  userName: string,
  password: string,
): Promise<Reply> {
  const again = (status: number) => page(deps, waiting, status, userName, 'wrong')
  const user = await deps.store.users.findBySignInName(request.tenant, userName)
  // Guesses are counted for the account, whichever of its names they are made by; for an address of nobody, however it is written.
  const tries = { userName: user?.userName ?? emailKey(userName), user }
  const begun = await begin(deps, request, waiting, tries, { namesOnly: true })
  if ('denied' in begun) {
    await auditRefusal(deps, request, waiting, begun.denied, undefined)
    return refuseStep(begun.denied, again)
  }
  const { tried } = begun
  const turn = { ahead: tried.device.known, of: tried.device.id }
  // What is checked for nothing is not hashed anew either: that a password is right would be seen by the work.
  const checking =
    tried.hold?.admits === false
      ? slowedDown(deps.passwords.verify(password, user?.passwordHash, turn))
      : verifyPassword(deps, request, password, user, turn)
  const verified = await checking.catch(async (cause: unknown) => {
    // Nothing was checked, so nothing failed.
    await tried.risk.verified()
    throw cause
  })
  const outcome = verified ? 'verified' : 'failed'
  return proceed(deps, request, waiting, { factor: 'password', outcome, user, tried, userName, again })
}

/** GET /login/password. */
export async function showPassword(deps: PasswordDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  const { userName } = waiting.interaction.progress ?? {}
  const { device, risk } = await tried(deps, request, { userName: userName ?? '', proof: 'none' })
  const verdict = await askAttempt(deps, request, waiting, { device, risk: risk.facts })
  const show = (status: number) =>
    userName === undefined ? loginAt(waiting.id) : page(deps, waiting, status, userName)
  if (!verdict.allow) return refuseStep(verdict, show)
  requirePause(verdict.obligations)
  return show(200)
}

/** POST /login/password. */
export async function password(deps: PasswordDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  requireOwnForm(deps, request, waiting.secret, 'password', waiting.id)
  if (request.form.get('answer') === 'deny') return cancelSignIn(deps, request, waiting)
  const { userName } = waiting.interaction.progress ?? {}
  if (userName === undefined) return loginAt(waiting.id)
  const given = request.form.get('password')
  if (given === undefined) return page(deps, waiting, 400, userName, 'missing')
  return checkPassword(deps, request, waiting, userName, given)
}
