/**
 * Takes up an authorization request after sign-in or consent: the same browser, the session as it is now, and `authorize`
 * asked once more. RFC 6749 4.1.1, OIDC Core 3.1.2.3.
 */

import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { TOLD } from '../../kernel/told.ts'
import { ownsRedirectUri } from '../client/redirect-uri.ts'
import { answerClientError, seeOther } from '../session/answer-client.ts'
import { findInteraction, takeInteraction } from '../session/interaction.ts'
import { findSession } from '../session/session.ts'
import type { AuthorizeDeps } from './authorize.ts'
import { issueCode } from './issue-code.ts'
import { judgeSubject } from './judge-subject.ts'
import { required } from './parameters.ts'

const ended = () => new OAuthError('invalid_request', { detail: TOLD.ended })

export async function resume(deps: AuthorizeDeps, request: HttpRequest): Promise<Reply> {
  const id = required(request.query, 'interaction')
  const pending = await findInteraction(deps, request, id)
  const client = pending && (await deps.store.clients.find(request.tenant, pending.clientId))
  if (pending === undefined || client === undefined || !ownsRedirectUri(client, pending.redirectUri)) throw ended()
  try {
    const session = await findSession(deps, request, pending)
    const judged = await judgeSubject(deps, request, client, pending, session)
    if (judged.needs !== 'nothing') return seeOther(`/${judged.needs}?interaction=${id}`)
    const taken = await takeInteraction(deps, request, id)
    const answer = taken && (await issueCode(deps, request, client, taken, judged.session, judged.obligations))
    if (answer !== undefined) return answer
  } catch (error) {
    return answerClientError(deps, request, pending, error)
  }
  // Another tab was first and has its code: telling the client of an error would spoil that one.
  throw ended()
}
