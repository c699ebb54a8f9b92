/**
 * Second stage of `authorize`: what a request still needs from the person, or what the code may carry.
 * OIDC Core 3.1.2.3 and 3.1.2.4.
 */
import type { HttpRequest } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import { publicCode } from '../../policy-engine/decide.ts'
import type { ClientRecord } from '../../storage/records.ts'
import type { PendingAuthorization } from '../session/interaction.ts'
import type { LiveSession } from '../session/session.ts'
import { answeredScopes, askSubjectStage, type SubjectStageDeps } from '../session/subject-stage.ts'

export type Judged =
  | { readonly needs: 'login' }
  | { readonly needs: 'consent' }
  | { readonly needs: 'nothing'; readonly session: LiveSession; readonly obligations: Obligations<'authorize'> }

function mustSignIn(pending: PendingAuthorization, session: LiveSession): boolean {
  if (pending.askSignIn === true && session.digest !== pending.sessionDigest) return true
  return pending.authenticatedSince !== undefined && session.record.authTime < pending.authenticatedSince
}

/** Asked at most once an interaction: what the person, or policy on their answer, left out is left out of the code. */
function afterConsent(
  pending: PendingAuthorization,
  answered: readonly string[] | undefined,
  consented: readonly string[],
  obliged: Obligations<'authorize'>,
): Obligations<'authorize'> | undefined {
  const required = obliged.consent === 'required' && obliged.scopes.some((scope) => !consented.includes(scope))
  if (answered !== undefined)
    return required ? { ...obliged, scopes: obliged.scopes.filter((scope) => consented.includes(scope)) } : obliged
  return required || (pending.askConsent === true && obliged.scopes.length > 0) ? undefined : obliged
}

export async function judgeSubject(
  deps: SubjectStageDeps,
  request: HttpRequest,
  client: ClientRecord,
  pending: PendingAuthorization,
  session: LiveSession | undefined,
): Promise<Judged> {
  if (session === undefined || mustSignIn(pending, session)) return { needs: 'login' }
  const { verdict, consented } = await askSubjectStage(deps, request, client, pending, session)
  if (!verdict.allow) throw new OAuthError(publicCode('authorize', verdict, 'access_denied'))
  const obligations = afterConsent(pending, answeredScopes(pending, session.user.sub), consented, verdict.obligations)
  return obligations === undefined ? { needs: 'consent' } : { needs: 'nothing', session, obligations }
}
