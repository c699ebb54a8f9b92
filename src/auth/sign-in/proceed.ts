/**
 * One step of a sign-in: a factor was checked, `login` is asked with all that was proven, and what it answers is obeyed: the
 * next step, a session, or a refusal. Every way to sign in comes through here, so that none reaches more than another
 * (checklist 39). OIDC Core 3.1.2.3.
 */

import { isDeepStrictEqual } from 'node:util'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { TOLD } from '../../kernel/told.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import type { FactorKind } from '../../policy-engine/contract/login.ts'
import type { RiskFacts } from '../../policy-engine/contract/risk.ts'
import { publicCode, type Verdict } from '../../policy-engine/decide.ts'
import type { ProvenFactor, SignInProgress } from '../../storage/interaction-records.ts'
import type { UserRecord } from '../../storage/records.ts'
import { browserName } from '../session/browser-name.ts'
import { rememberDevice } from '../session/device.ts'
import { spendSignIn, updateInteraction } from '../session/interaction.ts'
import { askLeaving, type LeaveSessionDeps } from '../session/leave-session.ts'
import { beginSession, primaryTime, startSession } from '../session/session.ts'
import type { Attempted, SignInRisk } from '../threat/risk.ts'
import { type NotifyDeps, notifyUser } from '../user/notify.ts'
import {
  type AskLoginDeps,
  askAttempt,
  askFactors,
  countingSession,
  type Hold,
  type Tried,
  tried,
} from './ask-login.ts'
import { countingFactors, provesFirst, withFactor } from './progress.ts'
import { stepAt } from './steps.ts'
import { ended, resumeAt, type Waiting } from './waiting.ts'

export type SignInDeps = AskLoginDeps & NotifyDeps & LeaveSessionDeps

export type Denied = Extract<Verdict<'login'>, { allow: false }>

export interface Step {
  readonly factor: FactorKind
  readonly outcome: 'verified' | 'failed'
  /** Whose factor it is; undefined where nobody has that name. */
  readonly user: UserRecord | undefined
  /** As `begin` answered it. */
  readonly tried: Tried
  /** As it was typed, where it was. */
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

/** Where policy names no time. */
const WAIT_SECONDS = 15 * 60

/** Too many attempts and a refused network are told; what is wrong with the credentials is not. */
export async function refuseStep(verdict: Denied, again: Step['again']): Promise<Reply> {
  const code = publicCode('login', verdict, 'access_denied')
  if (code === 'slow_down') throw new OAuthError('slow_down', { retryAfterSeconds: WAIT_SECONDS })
  const reasons: readonly string[] = verdict.reasons
  const aboutCredentials =
    reasons.length > 0 && reasons.every((reason) => reason === 'wrong_credentials' || reason === 'subject_inactive')
  if (!aboutCredentials) throw new OAuthError(code, { detail: TOLD.notFromHere })
  return again(401)
}

const paused = (seconds: number) => new OAuthError('slow_down', { retryAfterSeconds: seconds })

/**
 * Throws slow_down where policy wants a pause before the next attempt is looked at; answers the wait of one that is checked all
 * the same. For nothing only where who is there is not known yet: a code that is good once would be spent.
 */
export function requirePause(
  { wait_seconds: seconds, while_waiting: meanwhile = 'refuse' }: Obligations<'login'>,
  { namesOnly = false }: { readonly namesOnly?: boolean } = {},
): Hold | undefined {
  if (seconds === 0) return undefined
  if (meanwhile === 'refuse' || (meanwhile === 'check' && !namesOnly)) throw paused(seconds)
  return { seconds, admits: meanwhile === 'admit' }
}

/** A step that may be checked now, or what policy says against it. */
export type Begun = { readonly tried: Tried } | { readonly denied: Denied }

/**
 * Asks whether a factor of this account may be checked now, and counts the attempt as failed until it has not: many at once
 * can't all pass under a limit. Throws slow_down where policy wants a pause first. `namesOnly`: nothing was proven yet.
 */
export async function begin(
  deps: SignInDeps,
  request: HttpRequest,
  waiting: Waiting,
  account: Omit<Attempted, 'device'>,
  known: { readonly namesOnly?: boolean } = {},
): Promise<Begun> {
  const attempt = await tried(deps, request, account)
  const { device } = attempt
  const ask = async (risk: RiskFacts) => {
    const verdict = await askAttempt(deps, request, waiting, { device, risk })
    return verdict.allow ? { verdict, hold: requirePause(verdict.obligations, known) } : { verdict }
  }
  const first = await ask(attempt.risk.facts)
  if (!first.verdict.allow) return { denied: first.verdict }
  // Who should wait makes nobody wait longer but those who come from here.
  const facts = await attempt.risk.begin({ counts: first.hold === undefined ? 'everywhere' : 'here' })
  const counted = { device, risk: { ...attempt.risk, facts } }
  if (isDeepStrictEqual(facts, attempt.risk.facts)) return { tried: { ...counted, hold: first.hold } }
  const second = await ask(facts)
  return second.verdict.allow ? { tried: { ...counted, hold: second.hold } } : { denied: second.verdict }
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
  { obligations, decisionId }: Extract<Verdict<'login'>, { allow: true }>,
  { remember, primaryAt, risk }: { readonly remember: boolean; readonly primaryAt: number; readonly risk: SignInRisk },
): Promise<Reply> {
  const { acr, amr, remember_device_seconds: rememberSeconds } = obligations
  const [ttlSeconds, idleSeconds] = [obligations.session_ttl_seconds, obligations.session_idle_seconds]
  const begun = await beginSession(deps, request, user.sub)
  const leave = begun.left && (await askLeaving(deps, request, begun.left))
  const location = waiting.interaction.page ?? resumeAt(waiting.id)
  // First of all that is done, though a store that fails after it loses the sign-in: its person makes it once more, from the
  // same request or page. The other way round, what comes several times at once would leave sessions that nobody knows of.
  if (!(await spendSignIn(deps, request, waiting.id, waiting.interaction, begun.digest))) {
    await risk.verified()
    // Where it leads to tells whether somebody is signed in in this browser by now, else asks for it or says that it has ended.
    return { status: 303, headers: { location } }
  }
  await leave?.()
  const session = await startSession(deps, request, { user, acr, amr, primaryAt, ttlSeconds, idleSeconds }, begun)
  // Only now: who knows a password alone must not clear the count of guesses at the second factor.
  await risk.succeeded({ sub: user.sub, sid: session.sid })
  const device = await rememberDevice(deps, request, user, remember ? rememberSeconds : 0)
  await deps.audit({
    event: 'sign_in',
    tenant: request.tenant,
    request_id: request.id,
    client_id: waiting.client.clientId,
    sub: user.sub,
    decision_id: decisionId,
  })
  if (session.levelChanged !== undefined)
    await deps.audit({
      event: 'assurance_level_changed',
      tenant: request.tenant,
      request_id: request.id,
      client_id: waiting.client.clientId,
      sub: user.sub,
      decision_id: decisionId,
      resource: `session:${session.levelChanged.sid}`,
      detail: `${session.levelChanged.before} ${acr}`,
    })
  if (device.isNew) notifyUser(deps, user, 'new_sign_in', browserName(request))
  return { status: 303, headers: { location, 'set-cookie': [session.cookie, device.cookie], ...session.headers } }
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

/** Throws OAuthError where the sign-in cannot go on, PolicyUnavailable where nobody can say. */
export async function proceed(deps: SignInDeps, request: HttpRequest, waiting: Waiting, step: Step): Promise<Reply> {
  const { user } = step
  const { device, risk, hold } = step.tried
  const outcome = hold?.admits === false ? 'failed' : step.outcome
  const now = epochSeconds(deps.clock)
  const before = user ? countingFactors(waiting.interaction.progress, user, now) : []
  const verified = outcome === 'verified' && user !== undefined
  const proven = verified ? withFactor(before, provenFactor(step, now)) : before
  const counting = await countingSession(deps, request, waiting)
  const session = counting !== undefined && counting.user.sub === user?.sub ? counting : undefined

  const failed = outcome === 'failed' ? step.factor : undefined
  const verdict = await askFactors(deps, request, waiting, { user, proven, failed, device, risk: risk.facts, session })
  if (!verdict.allow || !verified) await risk.failed()
  if (!verdict.allow) {
    await auditRefusal(deps, request, waiting, verdict, user)
    return refuseStep(verdict, hold === undefined ? step.again : () => Promise.reject(paused(hold.seconds)))
  }
  // A policy that lets a failed factor pass signs nobody in.
  if (!verified) throw new OAuthError('access_denied')

  const { progress } = waiting.interaction
  const remember = step.rememberDevice ?? progress?.rememberDevice
  const userName = step.userName ?? progress?.userName
  const known: SignInProgress = {
    ...(userName !== undefined && { userName }),
    sub: user.sub,
    userEpoch: user.revocationEpoch,
    factors: proven,
    ...(remember === true && { rememberDevice: true }),
  }
  if (verdict.obligations.next !== 'none') {
    await risk.verified()
    return leadTo(deps, request, waiting, known, verdict.obligations)
  }
  // Where a second factor raises the level of a session, its first factor is as old as it was.
  const primaryAt = provesFirst(proven) ? now : session === undefined ? 0 : primaryTime(session.record)
  return admit(deps, request, waiting, user, verdict, { remember: remember === true, primaryAt, risk })
}
