/**
 * Asks `authorize`, stage `subject`: the consent page and the code that follows it are judged on the same facts.
 * OIDC Core 3.1.2.3 and 3.1.2.4.
 */
import type { HttpRequest } from '../../http/message.ts'
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { FactorKind } from '../../policy-engine/contract/login.ts'
import type { Decide, Verdict } from '../../policy-engine/decide.ts'
import type { Store } from '../../storage/port.ts'
import type { ClientRecord, SessionRecord, UserRecord } from '../../storage/records.ts'
import { clientFacts } from '../client/client-facts.ts'
import { isConsentTo } from '../client/shown-client.ts'
import type { RecentRisk } from '../threat/recent-signals.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import type { PendingAuthorization } from './interaction.ts'
import { requestedFacts } from './requested-facts.ts'
import { type LiveSession, primaryTime } from './session.ts'

/** What an account can prove itself with. Asked of a person who has proven something only. */
export type EnrolledFactors = (tenant: string, user: UserRecord) => Promise<readonly FactorKind[]>

export interface SubjectStageDeps {
  readonly store: { readonly consents: Pick<Store['consents'], 'find'> }
  readonly decide: Decide
  readonly enrolled: EnrolledFactors
  readonly recentRisk?: RecentRisk | undefined
}

/** Scopes, and claims asked for one by one, that a person agreed to. */
export interface Agreed {
  readonly scopes: readonly string[]
  readonly claims: readonly string[]
}

export interface SubjectStage {
  readonly verdict: Verdict<'authorize'>
  /** In this interaction, and before, unless the client wants the question put again. */
  readonly consented: Agreed
}

/** How and when the person signed in, as decisions take it. */
export const authenticationFacts = ({
  acr,
  amr,
  authTime,
}: Pick<SessionRecord, 'acr' | 'amr' | 'authTime'>): DecisionInput<'consent'>['authentication'] => ({
  acr,
  amr: [...amr],
  auth_time: authTime,
})

/** The same for what changes how a person signs in: a code on an old session is no fresh sign-in. */
export const ownAuthenticationFacts = (
  session: Pick<SessionRecord, 'acr' | 'amr' | 'authTime' | 'primaryAt'>,
): DecisionInput<'account'>['authentication'] => ({
  ...authenticationFacts(session),
  primary_time: primaryTime(session),
})

/** What this person answered in this very interaction; undefined before the page was answered. */
export const answered = ({ consented }: PendingAuthorization, sub: string): Agreed | undefined =>
  consented?.sub === sub ? { scopes: consented.scopes, claims: consented.claims ?? [] } : undefined

/** Whether this session began with a sign-in for this very request. */
export const signedInHere = ({ sessionDigest }: PendingAuthorization, session: LiveSession): boolean =>
  sessionDigest === session.digest

const NOTHING: Agreed = { scopes: [], claims: [] }

const both = (before: readonly string[], now: readonly string[]): string[] => [...new Set([...before, ...now])]

/** Read only where the client would like a level that the session has not: whether a new sign-in could reach one. */
async function enrolledFacts(
  deps: SubjectStageDeps,
  request: HttpRequest,
  pending: PendingAuthorization,
  session: LiveSession,
): Promise<Pick<DecisionInput<'authorize'>, 'enrolled'>> {
  const { acrValues } = pending
  if (acrValues === undefined || acrValues.includes(session.record.acr) || signedInHere(pending, session)) return {}
  return { enrolled: [...(await deps.enrolled(request.tenant, session.user))] }
}

export async function askSubjectStage(
  deps: SubjectStageDeps,
  request: HttpRequest,
  client: ClientRecord,
  pending: PendingAuthorization,
  session: LiveSession,
  flow?: 'device',
): Promise<SubjectStage> {
  const { record, user } = session
  const stored = await deps.store.consents.find(request.tenant, user.sub, client.clientId)
  const askAgain = pending.askConsent || client.registration?.consent === 'always'
  const counts = stored !== undefined && !askAgain && isConsentTo(stored, client)
  const before: Agreed = !counts ? NOTHING : { scopes: stored.scopes, claims: stored.claims ?? [] }
  const here = answered(pending, user.sub) ?? NOTHING
  const consented = { scopes: both(before.scopes, here.scopes), claims: both(before.claims, here.claims) }
  const enrolled = await enrolledFacts(deps, request, pending, session)
  const risk = deps.recentRisk?.(request, client, user.sub)
  const verdict = await deps.decide(
    'authorize',
    {
      tenant: request.tenant,
      stage: 'subject',
      client: clientFacts(client, 'none'),
      subject: subjectFacts(user),
      authentication: authenticationFacts(record),
      ...enrolled,
      requested: requestedFacts(pending, {
        ...(flow === undefined ? { responseType: 'code' } : { flow }),
        challengeMethod: pending.codeChallenge === undefined ? 'none' : 'S256',
        pushed: pending.pushedDigest !== undefined,
      }),
      consented_scopes: consented.scopes,
      ...(pending.claims && { consented_claims: consented.claims }),
      ...(signedInHere(pending, session) && { signed_in_here: true }),
      ...(risk && { risk }),
      request: request.origin,
    },
    { requestId: request.id },
  )
  return { verdict, consented }
}
