/**
 * Sign-in by password. OIDC Core 3.1.2.3. Asks `login` before any password is hashed and again with what was verified;
 * an unknown user and a wrong password get the same page after the same work (checklist 37). Whoever refuses to sign in goes
 * back to the client with access_denied.
 */

import { type SignInFault, signInPage } from '../../../web/sign-in.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { DecisionInput, Obligations } from '../../policy-engine/contract/index.ts'
import { publicCode, type Verdict } from '../../policy-engine/decide.ts'
import type { UserRecord } from '../../storage/records.ts'
import { clientFacts } from '../client/client-facts.ts'
import { formToken } from '../session/csrf.ts'
import { updateInteraction } from '../session/interaction.ts'
import { startSession } from '../session/session.ts'
import { GateFull } from '../user/gate.ts'
import type { PasswordHasher } from '../user/password.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import { type FailureCounters, type FailureCounts, failureCounters, WINDOW_SECONDS } from './failures.ts'
import { ended, findWaiting, type LoginDeps, requireOwnForm, resumeAt, type Waiting } from './page-facts.ts'
import { refuseAuthorization } from './refuse.ts'

export type SignInDeps = LoginDeps & { readonly passwords: PasswordHasher }

const MAX_USER_NAME = 256

type Denied = Extract<Verdict<'login'>, { allow: false }>

type Evidence = Pick<DecisionInput<'login'>, 'stage' | 'factors' | 'failures'> & {
  readonly user?: UserRecord | undefined
}

function ask(deps: LoginDeps, request: HttpRequest, waiting: Waiting, evidence: Evidence): Promise<Verdict<'login'>> {
  const { user, ...facts } = evidence
  return deps.decide(
    'login',
    {
      tenant: request.tenant,
      client: clientFacts(waiting.client, 'none'),
      ...(user && { subject: subjectFacts(user) }),
      ...facts,
      request: request.origin,
    },
    { requestId: request.id },
  )
}

const askAttempt = (deps: LoginDeps, request: HttpRequest, waiting: Waiting, failures: FailureCounts) =>
  ask(deps, request, waiting, { stage: 'attempt', factors: { password: 'absent' }, failures })

function page(waiting: Waiting, status: number, userName?: string, fault?: SignInFault): Reply {
  const view = signInPage({
    clientName: waiting.client.name,
    redirectUri: waiting.interaction.redirectUri,
    interactionId: waiting.id,
    formToken: formToken(waiting.secret, 'login', waiting.id),
    userName,
    fault,
    uiLocales: waiting.interaction.uiLocales,
  })
  return { status, ...view }
}

/** Too many attempts and a refused network are told; what is wrong with the credentials is not. */
function denial(verdict: Denied, waiting: Waiting, userName: string): Reply {
  const code = publicCode('login', verdict, 'access_denied')
  if (code === 'slow_down') throw new OAuthError('slow_down', { retryAfterSeconds: WINDOW_SECONDS })
  const reasons: readonly string[] = verdict.reasons
  const aboutCredentials =
    reasons.length > 0 && reasons.every((reason) => reason === 'wrong_credentials' || reason === 'subject_inactive')
  if (!aboutCredentials) throw new OAuthError(code, { detail: 'Signing in is not allowed from here or at this time.' })
  return page(waiting, 401, userName, { field: 'form', text: 'The user name or the password is wrong.' })
}

/** GET /login. Counts of an account are not known yet: only the address can be refused here. */
export async function showLogin(deps: LoginDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)

  const { address } = await failureCounters(deps.store.limits, request, '').counts()

  const verdict = await askAttempt(deps, request, waiting, { account: 0, address })
  if (!verdict.allow) return denial(verdict, waiting, '')

  return page(waiting, 200, waiting.interaction.loginHint)
}

function missingField(userName: string, password: string): SignInFault | undefined {
  if (userName === '') return { field: 'username', text: 'Enter your user name.' }
  if (password === '') return { field: 'password', text: 'Enter your password.' }
  return undefined
}

async function verifyPassword(deps: SignInDeps, password: string, user: UserRecord | undefined): Promise<boolean> {
  try {
    return await deps.passwords.verify(password, user?.passwordHash)
  } catch (cause) {
    if (cause instanceof GateFull) throw new OAuthError('temporarily_unavailable', { cause, retryAfterSeconds: 2 })
    throw cause
  }
}

/** Asks until the answer was given on counts that include every attempt begun before this one. */
async function attempt(deps: SignInDeps, request: HttpRequest, waiting: Waiting, counters: FailureCounters) {
  const failures = await counters.counts()
  const verdict = await askAttempt(deps, request, waiting, failures)
  if (!verdict.allow) return { verdict, failures }
  const account = await counters.begin()
  if (account <= failures.account) return { verdict, failures }
  const counted = { ...failures, account }
  return { verdict: await askAttempt(deps, request, waiting, counted), failures: counted }
}

async function refuse(
  deps: SignInDeps,
  request: HttpRequest,
  waiting: Waiting,
  verdict: Denied,
  user: UserRecord | undefined,
  userName: string,
): Promise<Reply> {
  await deps.audit({
    event: 'sign_in_failed',
    tenant: request.tenant,
    request_id: request.id,
    client_id: waiting.client.clientId,
    ...(user && { sub: user.sub }),
    decision_id: verdict.decisionId,
    detail: verdict.reasons[0] ?? 'denied',
  })
  return denial(verdict, waiting, userName)
}

async function admit(
  deps: SignInDeps,
  request: HttpRequest,
  waiting: Waiting,
  user: UserRecord,
  obligations: Obligations<'login'>,
  decisionId: string,
): Promise<Reply> {
  const { acr, amr, session_ttl_seconds: ttlSeconds } = obligations
  const session = await startSession(deps, request, { user, acr, amr, ttlSeconds })
  const { interaction } = waiting
  const signedIn = { ...interaction, sessionDigest: session.digest }
  if (!(await updateInteraction(deps, request, waiting.id, signedIn))) throw ended()
  await deps.audit({
    event: 'sign_in',
    tenant: request.tenant,
    request_id: request.id,
    client_id: waiting.client.clientId,
    sub: user.sub,
    decision_id: decisionId,
  })
  return { status: 303, headers: { location: resumeAt(waiting.id), 'set-cookie': session.cookie, ...session.headers } }
}

/** Policy hears of it as of any sign-in, though there is nothing that it could forbid. */
async function cancel(deps: SignInDeps, request: HttpRequest, waiting: Waiting): Promise<Reply> {
  const { address } = await failureCounters(deps.store.limits, request, '').counts()
  await askAttempt(deps, request, waiting, { account: 0, address })
  return refuseAuthorization(deps, request, waiting, { event: 'sign_in_refused', code: 'access_denied' })
}

/** POST /login. */
export async function login(deps: SignInDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  requireOwnForm(deps, request, waiting.secret, 'login', waiting.id)
  if (request.form.get('answer') === 'deny') return cancel(deps, request, waiting)

  const userName = (request.form.get('username') ?? '').trim()
  const password = request.form.get('password') ?? ''
  const missing = missingField(userName, password)
  if (missing || userName.length > MAX_USER_NAME)
    return page(
      waiting,
      400,
      userName.slice(0, MAX_USER_NAME),
      missing ?? { field: 'username', text: 'That is too long.' },
    )
  const counters = failureCounters(deps.store.limits, request, userName)

  const first = await attempt(deps, request, waiting, counters)
  if (!first.verdict.allow) return refuse(deps, request, waiting, first.verdict, undefined, userName)

  const user = await deps.store.users.findByUserName(request.tenant, userName)
  const verified = await verifyPassword(deps, password, user)
  const factors = { password: verified ? 'verified' : 'failed' } as const
  const verdict = await ask(deps, request, waiting, { stage: 'factors', factors, failures: first.failures, user })
  if (!verdict.allow || !verified || !user) await counters.failed()
  if (!verdict.allow) return refuse(deps, request, waiting, verdict, user, userName)
  // A policy that lets a failed password pass, or wants a step that this page has not, signs nobody in.
  if (!verified || !user || verdict.obligations.next !== 'none') throw new OAuthError('access_denied')
  await counters.succeeded()

  return admit(deps, request, waiting, user, verdict.obligations, verdict.decisionId)
}
