/**
 * The consent page and its answer. OIDC Core 3.1.2.4. What is asked for comes from `authorize`, stage subject; `consent`
 * says what of the answer may be kept and for how long.
 */

import { consentPage } from '../../../web/consent.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { publicCode } from '../../policy-engine/decide.ts'
import { clientFacts } from '../client/client-facts.ts'
import { shownClient } from '../client/shown-client.ts'
import { formToken } from '../session/csrf.ts'
import { type FacedDeps, faced } from '../session/faced.ts'
import { updateInteraction } from '../session/interaction.ts'
import { requestedLevels } from '../session/requested-facts.ts'
import { findSession, type LiveSession } from '../session/session.ts'
import { type Agreed, askSubjectStage, authenticationFacts, type SubjectStageDeps } from '../session/subject-stage.ts'
import { refuseAuthorization } from '../sign-in/refuse.ts'
import {
  ended,
  findAuthorization,
  requireOwnForm,
  resumeAt,
  type Waiting,
  type WaitingDeps,
} from '../sign-in/waiting.ts'
import type { AssessClient } from '../threat/client-risk.ts'
import { subjectFacts } from '../user/subject-facts.ts'

export type ConsentDeps = WaitingDeps & SubjectStageDeps & FacedDeps & { readonly assessClient: AssessClient }

/** What is asked for is part of the form's token: what is agreed to is what was shown, to whom it was shown. */
const formAbout = (waiting: Waiting, session: LiveSession, { scopes, claims }: Agreed): readonly string[] => [
  'consent',
  waiting.id,
  session.digest,
  scopes.join(' '),
  claims.join(' '),
]

const backToAuthorize = (waiting: Waiting): Reply => ({ status: 303, headers: { location: resumeAt(waiting.id) } })

/** GET /consent. Asks `authorize`, so that the page never asks for more than a code could carry. */
export async function showConsent(deps: WaitingDeps & SubjectStageDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findAuthorization(deps, request)
  const session = await findSession(deps, request, waiting.interaction)
  if (!session) return backToAuthorize(waiting)

  const { interaction, client } = waiting
  const { verdict } = await askSubjectStage(deps, request, client, interaction, session)
  if (!verdict.allow) return backToAuthorize(waiting)
  const { scopes, claims } = verdict.obligations

  const page = consentPage({
    clientName: client.name,
    selfRegistered: client.registration !== undefined,
    policyUri: client.metadata?.policy_uri,
    tosUri: client.metadata?.tos_uri,
    redirectUri: interaction.redirectUri,
    accountName: session.user.userName,
    scopes,
    claims,
    interactionId: waiting.id,
    formToken: formToken(waiting.secret, ...formAbout(waiting, session, { scopes, claims })),
    uiLocales: interaction.uiLocales,
  })
  return { status: 200, ...page }
}

/** Names in a field of the form, apart by spaces. */
const named = (request: HttpRequest, field: string): string[] =>
  (request.form.get(field) ?? '').split(' ').filter((name) => name !== '')

const within = (names: readonly string[], limit: readonly string[]): string[] =>
  names.filter((name) => limit.includes(name))

/** POST /consent. */
export async function consent(deps: ConsentDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findAuthorization(deps, request)
  const session = await findSession(deps, request, waiting.interaction)
  if (!session) return backToAuthorize(waiting)
  const shown = { scopes: named(request, 'scope'), claims: named(request, 'claims') }
  requireOwnForm(deps, request, waiting.secret, ...formAbout(waiting, session, shown))

  const answer = request.form.get('answer')
  if (answer !== 'allow' && answer !== 'deny') throw new OAuthError('invalid_request')

  const { device, risk } = await faced(deps, request, session.user)
  const verdict = await deps.decide(
    'consent',
    {
      tenant: request.tenant,
      client: clientFacts(waiting.client, 'none'),
      subject: subjectFacts(session.user),
      authentication: authenticationFacts(session.record),
      requested: { ...shown, ...requestedLevels(waiting.interaction) },
      granted: answer === 'allow' ? shown : { scopes: [], claims: [] },
      risk: await deps.assessClient(request.tenant, waiting.client),
      person_risk: risk,
      device,
      request: request.origin,
    },
    { requestId: request.id },
  )
  if (answer === 'deny' || !verdict.allow) {
    const code = verdict.allow || answer === 'deny' ? 'access_denied' : publicCode('consent', verdict, 'access_denied')
    const { sub } = session.user
    return refuseAuthorization(deps, request, waiting, { event: 'consent_refused', code, sub })
  }

  const { remember_seconds: rememberSeconds, scopes, claims } = verdict.obligations
  const now = epochSeconds(deps.clock)
  const shownOf = shownClient(waiting.client)
  const consented = {
    sub: session.user.sub,
    scopes: within(scopes, shown.scopes),
    ...(shown.claims.length > 0 && { claims: within(claims, shown.claims) }),
  }
  // What policy wants asked for every time still carries the one authorization it was given for.
  if (!(await updateInteraction(deps, request, waiting.id, { ...waiting.interaction, consented }))) throw ended()
  if (rememberSeconds > 0)
    await deps.store.consents.put(request.tenant, session.user.sub, waiting.client.clientId, {
      v: 1,
      scopes: consented.scopes,
      ...(consented.claims && { claims: consented.claims }),
      ...(shownOf !== undefined && { shownClient: shownOf }),
      grantedAt: now,
      expiresAt: now + rememberSeconds,
    })
  await deps.audit({
    event: 'consent_granted',
    tenant: request.tenant,
    request_id: request.id,
    client_id: waiting.client.clientId,
    sub: session.user.sub,
    decision_id: verdict.decisionId,
  })
  return backToAuthorize(waiting)
}
