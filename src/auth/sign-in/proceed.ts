/**
 * One step of a sign-in: a factor was checked, `login` is asked with all that was proven, and what it answers is obeyed: the
 * next step, a session, or a refusal. Every way to sign in comes through here, so that none reaches more than another
 * (checklist 39). OIDC Core 3.1.2.3.
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import type { FactorKind } from '../../policy-engine/contract/login.ts'
import { publicCode, type Verdict } from '../../policy-engine/decide.ts'
import type { ProvenFactor, SignInProgress, UserRecord } from '../../storage/records.ts'
import { takeInteraction, updateInteraction } from '../session/interaction.ts'
import { type LiveSession, startSession } from '../session/session.ts'
import { type AskLoginDeps, askAttempt, askFactors, countingSession } from './ask-login.ts'
import { type FailureCounts, failureCounters, WINDOW_SECONDS } from './failures.ts'
import { countingFactors, withFactor } from './progress.ts'
import { stepAt } from './steps.ts'
import { ended, resumeAt, type Waiting } from './waiting.ts'

export type SignInDeps = AskLoginDeps

export type Denied = Extract<Verdict<'login'>, { allow: false }>

export interface Step {
  readonly factor: FactorKind
  readonly outcome: 'verified' | 'failed'
  /** Whose factor it is; undefined where nobody has that name. */
  readonly user: UserRecord | undefined
  /** As `begin` answered. Absent: of a factor that is not counted by account. */
  readonly failures?: FailureCounts | undefined
  /** The name under which the attempt was counted. */
  readonly userName?: string | undefined
  /** Of a passkey: false where the authenticator did not verify its user. */
  readonly userVerified?: boolean | undefined
  /** Of a provider: the level that `federation` gave. */
  readonly acr?: string | undefined
  /** The person wants this browser remembered. */
  readonly rememberDevice?: boolean | undefined
  /** The page of this step once more, saying that it did not hold: the same for a wrong proof and for nobody of that name. */
  readonly again: (status: number) => Reply | Promise<Reply>
}

/** Too many attempts and a refused network are told; what is wrong with the credentials is not. */
export async function refuseStep(verdict: Denied, again: Step['again']): Promise<Reply> {
  const code = publicCode('login', verdict, 'access_denied')
  if (code === 'slow_down') throw new OAuthError('slow_down', { retryAfterSeconds: WINDOW_SECONDS })
  const reasons: readonly string[] = verdict.reasons
  const aboutCredentials =
    reasons.length > 0 && reasons.every((reason) => reason === 'wrong_credentials' || reason === 'subject_inactive')
  if (!aboutCredentials) throw new OAuthError(code, { detail: 'Signing in is not allowed from here or at this time.' })
  return again(401)
}

/** Throws slow_down where policy wants a pause before the next attempt. */
export function requirePause(obligations: Obligations<'login'>): void {
  if (obligations.wait_seconds > 0) throw new OAuthError('slow_down', { retryAfterSeconds: obligations.wait_seconds })
}

/**
 * Asks whether a factor of this account may be checked now, and counts the attempt as failed until it has not: many at once
 * can't all pass under a limit. Asks again until the answer was given on counts that include every attempt begun before.
 */
export async function begin(
  deps: SignInDeps,
  request: HttpRequest,
  waiting: Waiting,
  userName: string,
): Promise<{ readonly verdict: Verdict<'login'>; readonly failures: FailureCounts }> {
  const counters = failureCounters(deps.store.limits, request, userName)
  const failures = await counters.counts()
  const verdict = await askAttempt(deps, request, waiting, failures, userName)
  if (!verdict.allow) return { verdict, failures }
  requirePause(verdict.obligations)
  const account = await counters.begin()
  if (account <= failures.account) return { verdict, failures }
  const counted = { ...failures, account }
  return { verdict: await askAttempt(deps, request, waiting, counted, userName), failures: counted }
}

export async function auditRefusal(
  deps: SignInDeps,
  request: HttpRequest,
  waiting: Waiting,
  verdict: Denied,
  user: UserRecord | undefined,
): Promise<void> {
  await deps.audit({
    event: 'sign_in_failed',
    tenant: request.tenant,
    request_id: request.id,
    client_id: waiting.client.clientId,
    ...(user && { sub: user.sub }),
    decision_id: verdict.decisionId,
    detail: verdict.reasons[0] ?? 'denied',
  })
}

function provenFactor({ factor, userVerified, acr }: Step, at: number): ProvenFactor {
  return { kind: factor, at, ...(userVerified !== undefined && { userVerified }), ...(acr !== undefined && { acr }) }
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
  const { progress: _spent, ...interaction } = waiting.interaction
  const going =
    interaction.page === undefined
      ? await updateInteraction(deps, request, waiting.id, { ...interaction, sessionDigest: session.digest })
      : (await takeInteraction(deps, request, waiting.id)) !== undefined
  if (!going) throw ended()
  await deps.audit({
    event: 'sign_in',
    tenant: request.tenant,
    request_id: request.id,
    client_id: waiting.client.clientId,
    sub: user.sub,
    decision_id: decisionId,
  })
  return { status: 303, headers: { location: interaction.page ?? resumeAt(waiting.id), 'set-cookie': session.cookie } }
}

/** Writes what is known and leads to the next step; 303, so that nothing that was typed is sent along (RFC 9700 4.12). */
export async function leadTo(
  deps: SignInDeps,
  request: HttpRequest,
  waiting: Waiting,
  progress: SignInProgress,
  { next, offers }: Pick<Obligations<'login'>, 'next' | 'offers'>,
): Promise<Reply> {
  const written = { ...waiting.interaction, progress: { ...progress, next, offers: [...offers] } }
  if (!(await updateInteraction(deps, request, waiting.id, written))) throw ended()
  return { status: 303, headers: { location: stepAt(next, waiting.id) } }
}

/** What `login` answers to what is proven by now; `proven` holds the step's factor where it was verified. */
async function judge(
  deps: SignInDeps,
  request: HttpRequest,
  waiting: Waiting,
  step: Step,
  proven: readonly ProvenFactor[],
  session: LiveSession | undefined,
) {
  const failed = step.outcome === 'failed' ? step.factor : undefined
  const counters = failureCounters(deps.store.limits, request, step.userName ?? step.user?.userName ?? '')
  const failures = step.failures ?? (await counters.counts())
  const verdict = await askFactors(deps, request, waiting, { user: step.user, proven, failed, failures, session })
  return { verdict, counters }
}

/** Throws OAuthError where the sign-in cannot go on, PolicyUnavailable where nobody can say. */
export async function proceed(deps: SignInDeps, request: HttpRequest, waiting: Waiting, step: Step): Promise<Reply> {
  const { user, outcome } = step
  const now = epochSeconds(deps.clock)
  const before = user ? countingFactors(waiting.interaction.progress, user, now) : []
  const verified = outcome === 'verified' && user !== undefined
  const proven = verified ? withFactor(before, provenFactor(step, now)) : before
  const counting = await countingSession(deps, request, waiting)
  const session = counting !== undefined && counting.user.sub === user?.sub ? counting : undefined

  const { verdict, counters } = await judge(deps, request, waiting, step, proven, session)
  if (!verdict.allow || !verified) await counters.failed()
  if (!verdict.allow) {
    await auditRefusal(deps, request, waiting, verdict, user)
    return refuseStep(verdict, step.again)
  }
  // A policy that lets a failed factor pass signs nobody in.
  if (!verified) throw new OAuthError('access_denied')

  const { progress } = waiting.interaction
  const rememberDevice = step.rememberDevice ?? progress?.rememberDevice
  const userName = step.userName ?? progress?.userName
  const known: SignInProgress = {
    ...(userName !== undefined && { userName }),
    sub: user.sub,
    userEpoch: user.revocationEpoch,
    factors: proven,
    ...(rememberDevice === true && { rememberDevice }),
  }
  if (verdict.obligations.next !== 'none') return leadTo(deps, request, waiting, known, verdict.obligations)
  // Only now: who knows a password alone must not clear the count of guesses at the second factor.
  await counters.succeeded()
  return admit(deps, request, waiting, user, verdict.obligations, verdict.decisionId)
}
