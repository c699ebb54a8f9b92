/**
 * Sign-in begins: who is it? OIDC Core 3.1.2.3. Asks `login` before anything is checked. Nothing that is answered here depends
 * on whether there is such an account (checklist 37). Whoever refuses to sign in goes back to the client with access_denied.
 */

import type { ProviderButton } from '../../../web/sign-in/federation.ts'
import { type SignInFault, signInPage } from '../../../web/sign-in/sign-in.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import { formToken } from '../session/csrf.ts'
import { findSession, type LiveSession } from '../session/session.ts'
import { askAttempt, askFactors, countingSession, tried } from '../sign-in/ask-login.ts'
import { cancelSignIn } from '../sign-in/cancel.ts'
import { leadTo, refuseStep, requirePause, type SignInDeps } from '../sign-in/proceed.ts'
import { countingFactors, NOTHING_PROVEN } from '../sign-in/progress.ts'
import { findWaiting, requireOwnForm, shownName, type Waiting } from '../sign-in/waiting.ts'
import { checkPassword, type PasswordDeps } from './password.ts'

export type LoginDeps = PasswordDeps & {
  /** Identity providers that people may come in by, as they are at the moment. */
  readonly providerButtons?: (() => readonly ProviderButton[]) | undefined
}

const MAX_USER_NAME = 256

function page(
  { providerButtons }: LoginDeps,
  waiting: Waiting,
  status: number,
  userName?: string,
  fault?: SignInFault,
): Reply {
  const view = signInPage({
    clientName: shownName(waiting),
    redirectUri: waiting.interaction.redirectUri,
    interactionId: waiting.id,
    formToken: formToken(waiting.secret, 'login', waiting.id),
    passkeyToken: formToken(waiting.secret, 'passkey', waiting.id),
    userName,
    fault,
    providers: providerButtons?.(),
    uiLocales: waiting.interaction.uiLocales,
  })
  return { status, ...view }
}

/** Of an application `onlySub` is the name that it knows the person by; the endpoint that waits tells them apart. */
const isForAnother = ({ interaction: { onlySub, page } }: Waiting, { user }: LiveSession): boolean =>
  onlySub !== undefined && (page === undefined || onlySub !== user.sub)

/** A page of ours wants to know anew that it is still the person who is signed in here: their name is not asked for. */
async function confirmPerson(
  deps: SignInDeps,
  request: HttpRequest,
  waiting: Waiting,
  obligations: Obligations<'login'>,
): Promise<Reply | undefined> {
  const { page, onlySub, progress } = waiting.interaction
  if (page === undefined || onlySub === undefined || progress !== undefined) return undefined
  const session = await findSession(deps, request, waiting.interaction)
  if (session === undefined || isForAnother(waiting, session)) return undefined
  return leadTo(deps, request, waiting, { ...NOTHING_PROVEN, userName: session.user.userName }, obligations)
}

/** An earlier sign-in in this browser that counts, but does not do: only what it lacks is asked for. RFC 9470 5. */
async function stepUp(
  deps: SignInDeps,
  request: HttpRequest,
  waiting: Waiting,
  begin: Obligations<'login'>,
): Promise<Reply | undefined> {
  const session = await countingSession(deps, request, waiting)
  if (session === undefined || isForAnother(waiting, session)) return undefined
  const { user } = session
  const { device, risk } = await tried(deps, request, { userName: user.userName, user })
  const proven = countingFactors(waiting.interaction.progress, user, epochSeconds(deps.clock))
  const verdict = await askFactors(deps, request, waiting, { user, proven, device, risk: risk.facts, session })
  // Where it would do as it is, the endpoint that sent the person here wants a new one all the same.
  if (!verdict.allow || verdict.obligations.next === 'none' || verdict.obligations.next === 'password') return undefined
  // A factor is added by who has proven another one just now: a session alone may be anybody's.
  if (verdict.obligations.next === 'enrol' && proven.length === 0)
    return leadTo(deps, request, waiting, { ...NOTHING_PROVEN, userName: user.userName }, begin)
  const known = { userName: user.userName, sub: user.sub, userEpoch: user.revocationEpoch, factors: proven }
  return leadTo(deps, request, waiting, known, verdict.obligations)
}

const mustChoose = ({ interaction: { prompt, accountChosen } }: Waiting): boolean =>
  prompt?.includes('select_account') === true && accountChosen === undefined

/** GET /login. Counts of an account are not known yet: only the address can be refused here. */
export async function showLogin(deps: LoginDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  const { device, risk } = await tried(deps, request, { userName: '' })
  const verdict = await askAttempt(deps, request, waiting, { device, risk: risk.facts })
  if (!verdict.allow) return refuseStep(verdict, (status) => page(deps, waiting, status))
  requirePause(verdict.obligations)

  if (mustChoose(waiting))
    return { status: 303, headers: { location: `/login/select?interaction=${encodeURIComponent(waiting.id)}` } }
  return (
    (await stepUp(deps, request, waiting, verdict.obligations)) ??
    (await confirmPerson(deps, request, waiting, verdict.obligations)) ??
    page(deps, waiting, 200, waiting.interaction.loginHint)
  )
}

/** POST /login. A password that comes along, as password managers and simple clients send it, is checked at once. */
export async function login(deps: LoginDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  requireOwnForm(deps, request, waiting.secret, 'login', waiting.id)
  if (request.form.get('answer') === 'deny') return cancelSignIn(deps, request, waiting)

  const userName = (request.form.get('username') ?? '').trim()
  if (userName === '') return page(deps, waiting, 400, '', 'noUserName')
  if (userName.length > MAX_USER_NAME)
    return page(deps, waiting, 400, userName.slice(0, MAX_USER_NAME), 'userNameTooLong')

  const password = request.form.get('password')
  if (password !== undefined) return checkPassword(deps, request, waiting, userName, password)

  // Nothing is checked yet: guesses at the account keep nobody from the step where something is.
  const { device, risk } = await tried(deps, request, { userName, proof: 'none' })
  const verdict = await askAttempt(deps, request, waiting, { device, risk: risk.facts })
  if (!verdict.allow) return refuseStep(verdict, (status) => page(deps, waiting, status, userName))
  requirePause(verdict.obligations)
  return leadTo(deps, request, waiting, { ...NOTHING_PROVEN, userName }, verdict.obligations)
}
