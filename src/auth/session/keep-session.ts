/**
 * What a person's own new password does, and whatever else of theirs ends all that hangs on them: the session that they did it
 * in goes on under another cookie, all others end with their grants, and clients are told. Checklist 45; OWASP ASVS 7.4.3.
 */
import type { HttpRequest } from '../../http/message.ts'
import type { UserRecord } from '../../storage/records.ts'
import { type EndSessionsDeps, endSessionsOf } from './end-session.ts'
import { type LiveSession, renewSession, type SessionDeps } from './session.ts'

/** `user`: as stored since, with the new revocation epoch. Answers the Set-Cookie value that goes out with the answer. */
export async function keepSession(
  deps: SessionDeps & EndSessionsDeps,
  request: HttpRequest,
  session: LiveSession,
  user: UserRecord,
): Promise<string> {
  const { cookie } = await renewSession(deps, request, session, user)
  await endSessionsOf(deps, request.tenant, user.sub, session.record.sid)
  return cookie
}
