/**
 * Asks `authorize`, stage `subject`: the consent page and the code that follows it are judged on the same facts.
 * OIDC Core 3.1.2.3 and 3.1.2.4.
 */
import type { HttpRequest } from '../../http/message.ts'
import type { DecisionInput } from '../../policy-engine/contract/index.ts'
import type { Decide, Verdict } from '../../policy-engine/decide.ts'
import type { Store } from '../../storage/port.ts'
import type { ClientRecord, SessionRecord } from '../../storage/records.ts'
import { clientFacts } from '../client/client-facts.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import type { PendingAuthorization } from './interaction.ts'
import type { LiveSession } from './session.ts'

export interface SubjectStageDeps {
  readonly store: { readonly consents: Pick<Store['consents'], 'find'> }
  readonly decide: Decide
}

export interface SubjectStage {
  readonly verdict: Verdict<'authorize'>
  /** Scopes that the person agreed to: in this interaction, and before, unless the client wants the question put again. */
  readonly consented: readonly string[]
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

/** What this person answered in this very interaction; undefined before the page was answered. */
export const answeredScopes = ({ consented }: PendingAuthorization, sub: string): readonly string[] | undefined =>
  consented?.sub === sub ? consented.scopes : undefined

export async function askSubjectStage(
  deps: SubjectStageDeps,
  request: HttpRequest,
  client: ClientRecord,
  pending: PendingAuthorization,
  { record, user }: LiveSession,
): Promise<SubjectStage> {
  const consent = await deps.store.consents.find(request.tenant, user.sub, client.clientId)
  const askAgain = pending.askConsent === true || client.registration?.consent === 'always'
  const before = askAgain ? [] : (consent?.scopes ?? [])
  const consented = [...new Set([...before, ...(answeredScopes(pending, user.sub) ?? [])])]
  const verdict = await deps.decide(
    'authorize',
    {
      tenant: request.tenant,
      stage: 'subject',
      client: clientFacts(client, 'none'),
      subject: subjectFacts(user),
      authentication: authenticationFacts(record),
      requested: {
        response_type: 'code',
        scopes: [...pending.scopes],
        resources: [...pending.resources],
        code_challenge_method: pending.codeChallenge === undefined ? 'none' : 'S256',
      },
      consented_scopes: consented,
      request: request.origin,
    },
    { requestId: request.id },
  )
  return { verdict, consented }
}
