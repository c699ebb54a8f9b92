/**
 * Second stage of `authorize`: what a request still needs from the person, or what the code may carry.
 * OIDC Core 3.1.2.3 and 3.1.2.4, RFC 9470 5.
 */

import type { HttpRequest } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { TOLD } from '../../kernel/told.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import { publicCode } from '../../policy-engine/decide.ts'
import type { ClientRecord } from '../../storage/records.ts'
import type { PendingAuthorization } from '../session/interaction.ts'
import type { LiveSession } from '../session/session.ts'
import {
  type Agreed,
  answered,
  askSubjectStage,
  type SubjectStageDeps,
  signedInHere,
} from '../session/subject-stage.ts'
import type { SubjectOf } from '../token/subject-identifier.ts'

export type JudgeSubjectDeps = SubjectStageDeps & { readonly subjectOf: SubjectOf }

export type Judged =
  | { readonly needs: 'login' }
  | { readonly needs: 'consent' }
  | { readonly needs: 'nothing'; readonly session: LiveSession; readonly obligations: Obligations<'authorize'> }

/** Throws login_required where the person who signed in for this request is not the one that it is for (OIDC Core 3.1.2.2). */
function mustSignIn(pending: PendingAuthorization, session: LiveSession, sub: string): boolean {
  const here = signedInHere(pending, session)
  if (pending.onlySub !== undefined && pending.onlySub !== sub) {
    if (here) throw new OAuthError('login_required', { detail: TOLD.anotherPerson })
    return true
  }
  if (pending.askSignIn === true && !here) return true
  if (pending.prompt?.includes('select_account') && pending.accountChosen === undefined && !here) return true
  return pending.authenticatedSince !== undefined && session.record.authTime < pending.authenticatedSince
}

/** Asked at most once an interaction: what the person, or policy on their answer, left out is left out of the code. */
function afterConsent(
  pending: PendingAuthorization,
  here: Agreed | undefined,
  consented: Agreed,
  obliged: Obligations<'authorize'>,
): Obligations<'authorize'> | undefined {
  const scopes = obliged.scopes.filter((scope) => consented.scopes.includes(scope))
  const claims = obliged.claims.filter((claim) => consented.claims.includes(claim))
  const open = scopes.length < obliged.scopes.length || claims.length < obliged.claims.length
  const required = obliged.consent === 'required' && open
  if (here !== undefined) return required ? { ...obliged, scopes, claims } : obliged
  return required || (pending.askConsent === true && obliged.scopes.length > 0) ? undefined : obliged
}

export async function judgeSubject(
  deps: JudgeSubjectDeps,
  request: HttpRequest,
  client: ClientRecord,
  pending: PendingAuthorization,
  session: LiveSession | undefined,
): Promise<Judged> {
  if (session === undefined) return { needs: 'login' }
  // As the client knows the person: that is whom a hint names.
  if (mustSignIn(pending, session, deps.subjectOf(client, session.user.sub))) return { needs: 'login' }
  const { verdict, consented } = await askSubjectStage(deps, request, client, pending, session)
  if (!verdict.allow) throw new OAuthError(publicCode('authorize', verdict, 'access_denied'))
  if (verdict.obligations.sign_in === 'required') {
    // A second one would reach no more.
    if (signedInHere(pending, session)) throw new OAuthError('unmet_authentication_requirements')
    return { needs: 'login' }
  }
  const obligations = afterConsent(pending, answered(pending, session.user.sub), consented, verdict.obligations)
  return obligations === undefined ? { needs: 'consent' } : { needs: 'nothing', session, obligations }
}
