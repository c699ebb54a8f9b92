/**
 * Asks `session` whether one goes on that is used otherwise than before: from another browser or network, or without the proof
 * of the device that it is bound to. Nothing is asked of one that is used as before. Checklist 44.
 */
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import { type Decide, publicCode } from '../../policy-engine/decide.ts'
import type { Store } from '../../storage/port.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import { type EndSessionDeps, endSession } from './end-session.ts'
import { type FacedDeps, faced } from './faced.ts'
import { requestedLevels } from './requested-facts.ts'
import { type Continuation, type ContinueSession, type LiveSession, writeSeen } from './session.ts'
import { authenticationFacts, type EnrolledFactors } from './subject-stage.ts'

export type ContinueSessionDeps = FacedDeps &
  EndSessionDeps & {
    readonly store: { readonly sessions: Pick<Store['sessions'], 'replace'> }
    readonly decide: Decide
    readonly audit: Audit
    readonly enrolled: EnrolledFactors
  }

export interface SessionAnswer {
  readonly obligations: Obligations<'session'>
  readonly decisionId: string
}

/** Throws OAuthError where policy denies. */
export async function askSessionStage(
  deps: Pick<ContinueSessionDeps, keyof FacedDeps | 'decide' | 'enrolled'>,
  request: HttpRequest,
  stage: 'continue' | 'bind',
  { record, user }: LiveSession,
  { changes, proof, asked }: Continuation,
): Promise<SessionAnswer> {
  const now = epochSeconds(deps.clock)
  const { device, risk } = await faced(deps, request, user)
  const verdict = await deps.decide(
    'session',
    {
      tenant: request.tenant,
      stage,
      subject: subjectFacts(user),
      authentication: authenticationFacts(record),
      enrolled: [...(await deps.enrolled(request.tenant, user))],
      ...(asked && { requested: requestedLevels(asked) }),
      seen: {
        browser_changed: changes.browser,
        network_changed: changes.network,
        device_known: device.known,
        device_bound: record.deviceKey !== undefined,
        ...(proof && { binding: proof }),
        idle_seconds: Math.max(0, now - (record.lastSeenAt ?? record.createdAt)),
        age_seconds: Math.max(0, now - record.authTime),
      },
      risk,
      request: request.origin,
    },
    { requestId: request.id },
  )
  if (!verdict.allow) throw new OAuthError(publicCode('session', verdict, 'access_denied'))
  return { obligations: verdict.obligations, decisionId: verdict.decisionId }
}

/** A word for each thing that may have changed, the weightiest alone. */
function changedWord({ changes, proof }: Continuation): string {
  if (proof === 'failed') return 'proof_failed'
  if (proof === 'missing') return 'proof_missing'
  return changes.browser ? (changes.network ? 'browser_and_network' : 'browser') : 'network'
}

export async function obeyContinuation(
  deps: ContinueSessionDeps,
  request: HttpRequest,
  session: LiveSession,
  continuation: Continuation,
  { obligations, decisionId }: SessionAnswer,
): Promise<LiveSession | undefined> {
  const { next, revoke_grants: ends } = obligations
  await deps.audit({
    event: 'session_changed',
    tenant: request.tenant,
    request_id: request.id,
    sub: session.user.sub,
    decision_id: decisionId,
    resource: `session:${session.record.sid}`,
    detail: `${changedWord(continuation)}:${next}`,
  })
  if (next === 'go_on') return writeSeen(deps, request, session, continuation.changes.sight)
  if (next === 'end') await endSession(deps, request.tenant, session.record, ends)
  return undefined
}

export const sessionContinuation =
  (deps: ContinueSessionDeps): ContinueSession =>
  async (request, session, continuation) => {
    const answer = await askSessionStage(deps, request, 'continue', session, continuation)
    return obeyContinuation(deps, request, session, continuation, answer)
  }
