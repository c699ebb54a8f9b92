/** Asks `session`: what the client's hint proves about who is signed in here, and what policy says of ending it. */
import type { HttpRequest } from '../../../http/message.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import type { DecisionInput, Obligations } from '../../../policy-engine/contract/index.ts'
import { type Decide, publicCode } from '../../../policy-engine/decide.ts'
import { clientFacts } from '../../client/client-facts.ts'
import { findSession, type LiveSession, readSession, type SessionDeps } from '../../session/session.ts'
import { authenticationFacts } from '../../session/subject-stage.ts'
import { sessionIdentifier } from '../../token/session-identifier.ts'
import type { SubjectOf } from '../../token/subject-identifier.ts'
import { subjectFacts } from '../../user/subject-facts.ts'
import type { LogoutRequest } from './logout-request.ts'

export interface AskSessionDeps {
  readonly decide: Decide
  readonly subjectOf: SubjectOf
}

type Hint = NonNullable<DecisionInput<'session'>['hint']>

/** An ID token proves the session that it names; one that names none proves none, however young. A `logout_hint` of somebody else takes that back. */
function hintOf(
  deps: AskSessionDeps,
  { client, hint, logoutHint }: LogoutRequest,
  session: LiveSession | undefined,
): Hint {
  if (hint === undefined || client === undefined) return 'none'
  if (session === undefined) return 'another_session'
  const sid = sessionIdentifier(session.record.sid, client.clientId)
  const sub = deps.subjectOf(client, session.user.sub)
  const names: readonly string[] = [sub, sid, session.user.userName]
  return hint.sid === sid && (logoutHint === undefined || names.includes(logoutHint))
    ? 'this_session'
    : 'another_session'
}

/**
 * Whose sign-out it is. That needs no proof that the session is used as before: whoever would have to sign in anew here has a
 * session all the same, with clients to be told. One that `session` ends has ended, and its clients are told, once this answers.
 */
export const sessionToEnd = async (deps: SessionDeps, request: HttpRequest): Promise<LiveSession | undefined> =>
  (await findSession(deps, request)) ?? readSession(deps, request)

export interface SessionVerdict {
  readonly obligations: Obligations<'session'>
  readonly decisionId: string
  readonly mustConfirm: boolean
}

/** Throws OAuthError where policy denies. */
export async function askSession(
  deps: AskSessionDeps,
  request: HttpRequest,
  asked: LogoutRequest,
  session: LiveSession | undefined,
  confirmed: boolean,
): Promise<SessionVerdict> {
  const hint = hintOf(deps, asked, session)
  const verdict = await deps.decide(
    'session',
    {
      tenant: request.tenant,
      stage: 'sign_out',
      ...(asked.client && { client: clientFacts(asked.client, 'none') }),
      ...(session && { subject: subjectFacts(session.user), authentication: authenticationFacts(session.record) }),
      hint,
      confirmed,
      request: request.origin,
    },
    { requestId: request.id },
  )
  if (!verdict.allow) throw new OAuthError(publicCode('session', verdict, 'access_denied'))
  const { obligations, decisionId } = verdict
  // Whatever policy says: without a proof anybody could sign people out by a link (RP-Initiated Logout 1.0 2 and 6).
  const asks = obligations.confirmation === 'required' || hint !== 'this_session'
  return { obligations, decisionId, mustConfirm: session !== undefined && !confirmed && asks }
}
