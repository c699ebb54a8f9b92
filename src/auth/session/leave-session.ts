/**
 * Another person signs in with the browser: the session that it had ends as at a sign-out, its clients are told, and `session`
 * says what ends with it. So does one that its own person cannot go on with, since its device proved nothing. OIDC Back-Channel
 * Logout 1.0 2.7; checklist 31 and 44.
 */
import type { HttpRequest } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { type Decide, publicCode } from '../../policy-engine/decide.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import { type EndSessionDeps, endSession } from './end-session.ts'
import type { LiveSession } from './session.ts'
import { authenticationFacts } from './subject-stage.ts'

export type LeaveSessionDeps = EndSessionDeps & { readonly decide: Decide }

/** Asks first, and answers what ends it. Throws OAuthError where policy denies: then the next person does not sign in either. */
export async function askLeaving(
  deps: LeaveSessionDeps,
  request: HttpRequest,
  { record, user }: LiveSession,
): Promise<() => Promise<void>> {
  const verdict = await deps.decide(
    'session',
    {
      tenant: request.tenant,
      stage: 'sign_out',
      subject: subjectFacts(user),
      authentication: authenticationFacts(record),
      // Nobody is asked: whoever it belongs to is not there.
      hint: 'none',
      confirmed: false,
      request: request.origin,
    },
    { requestId: request.id },
  )
  if (!verdict.allow) throw new OAuthError(publicCode('session', verdict, 'access_denied'))
  const { revoke_grants: ends } = verdict.obligations
  return async () => {
    await endSession(deps, request.tenant, record, ends)
  }
}
