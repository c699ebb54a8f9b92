/**
 * The consent page and its answer. OIDC Core 3.1.2.4. What is asked for comes from `authorize`, stage subject; `consent`
 * says what of the answer may be kept and for how long.
 */

import { consentPage } from '../../../web/consent.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { epochSeconds } from '../../kernel/clock.ts'
import type { OAuthErrorCode } from '../../kernel/error-codes.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { publicCode } from '../../policy-engine/decide.ts'
import { clientFacts } from '../client/client-facts.ts'
import { answerClientError } from '../session/answer-client.ts'
import { formToken } from '../session/csrf.ts'
import { takeInteraction, updateInteraction } from '../session/interaction.ts'
import { findSession, type LiveSession } from '../session/session.ts'
import { askSubjectStage, authenticationFacts } from '../session/subject-stage.ts'
import { subjectFacts } from '../user/subject-facts.ts'
import { ended, findWaiting, type LoginDeps, requireOwnForm, resumeAt, type Waiting } from './page-facts.ts'

/** Scopes are part of the form's token: what is agreed to is what was shown, to whom it was shown. */
const formAbout = (waiting: Waiting, session: LiveSession, scopes: readonly string[]): readonly string[] => [
  'consent',
  waiting.id,
  session.digest,
  ...scopes,
]

const backToAuthorize = (waiting: Waiting): Reply => ({ status: 303, headers: { location: resumeAt(waiting.id) } })

/** GET /consent. Asks `authorize`, so that the page never asks for more than a code could carry. */
export async function showConsent(deps: LoginDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  const session = await findSession(deps, request)
  if (!session) return backToAuthorize(waiting)

  const { interaction, client } = waiting
  const { verdict } = await askSubjectStage(deps, request, client, interaction, session)
  if (!verdict.allow) return backToAuthorize(waiting)
  const { scopes } = verdict.obligations

  const page = consentPage({
    clientName: client.name,
    selfRegistered: client.registration !== undefined,
    policyUri: client.metadata?.policy_uri,
    tosUri: client.metadata?.tos_uri,
    redirectUri: interaction.redirectUri,
    accountName: session.user.userName,
    scopes,
    interactionId: waiting.id,
    formToken: formToken(waiting.secret, ...formAbout(waiting, session, scopes)),
  })
  return { status: 200, ...page }
}

/** Ends the authorization without a code: the person, or policy, said no. */
async function refuse(
  deps: LoginDeps,
  request: HttpRequest,
  waiting: Waiting,
  session: LiveSession,
  code: OAuthErrorCode,
): Promise<Reply> {
  const interaction = await takeInteraction(deps, request, waiting.id)
  if (!interaction) throw ended()
  await deps.audit({
    event: 'consent_refused',
    tenant: request.tenant,
    request_id: request.id,
    client_id: waiting.client.clientId,
    sub: session.user.sub,
  })
  return answerClientError(deps, request, interaction, new OAuthError(code))
}

/** POST /consent. */
export async function consent(deps: LoginDeps, request: HttpRequest): Promise<Reply> {
  const waiting = await findWaiting(deps, request)
  const session = await findSession(deps, request)
  if (!session) return backToAuthorize(waiting)
  const scopes = (request.form.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  requireOwnForm(deps, request, waiting.secret, ...formAbout(waiting, session, scopes))

  const answer = request.form.get('answer')
  if (answer !== 'allow' && answer !== 'deny') throw new OAuthError('invalid_request')

  const verdict = await deps.decide(
    'consent',
    {
      tenant: request.tenant,
      client: clientFacts(waiting.client, 'none'),
      subject: subjectFacts(session.user),
      authentication: authenticationFacts(session.record),
      requested: { scopes },
      granted: { scopes: answer === 'allow' ? scopes : [] },
      request: request.origin,
    },
    { requestId: request.id },
  )
  if (answer === 'deny') return refuse(deps, request, waiting, session, 'access_denied')
  if (!verdict.allow) return refuse(deps, request, waiting, session, publicCode('consent', verdict, 'access_denied'))

  const { remember_seconds: rememberSeconds, scopes: kept } = verdict.obligations
  const now = epochSeconds(deps.clock)
  const consented = { sub: session.user.sub, scopes: kept.filter((scope) => scopes.includes(scope)) }
  // What policy wants asked for every time still carries the one authorization it was given for.
  if (!(await updateInteraction(deps, request, waiting.id, { ...waiting.interaction, consented }))) throw ended()
  if (rememberSeconds > 0)
    await deps.store.consents.put(request.tenant, session.user.sub, waiting.client.clientId, {
      v: 1,
      scopes: consented.scopes,
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
