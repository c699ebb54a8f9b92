/**
 * Authorization endpoint. RFC 6749 3.1, OIDC Core 3.1.2, RFC 9700. Asks `authorize`: stage `client` before any page,
 * stage `subject` once a person is signed in.
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { publicCode } from '../../policy-engine/decide.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { clientFacts } from '../client/client-facts.ts'
import { answerClientError, type ClientAddress, seeOther } from '../session/answer-client.ts'
import { type InteractionDeps, type PendingAuthorization, startInteraction } from '../session/interaction.ts'
import { findSession, type SessionDeps } from '../session/session.ts'
import type { SubjectStageDeps } from '../session/subject-stage.ts'
import { type AuthorizationRequest, readAuthorizationRequest, readState } from './authorization-request.ts'
import { type CheckRedirectUriDeps, checkRedirectUri } from './check-redirect-uri.ts'
import { type IssueCodeDeps, issueCode } from './issue-code.ts'
import { judgeSubject } from './judge-subject.ts'

export type AuthorizeDeps = CheckRedirectUriDeps &
  SubjectStageDeps &
  IssueCodeDeps &
  SessionDeps &
  InteractionDeps & { readonly audit: Parameters<typeof answerClientError>[0]['audit'] }

async function askClientStage(
  deps: Pick<AuthorizeDeps, 'decide'>,
  request: HttpRequest,
  client: ClientRecord,
  asked: AuthorizationRequest,
): Promise<void> {
  const { responseType, scopes, resources, pkce } = asked
  const verdict = await deps.decide(
    'authorize',
    {
      tenant: request.tenant,
      stage: 'client',
      client: clientFacts(client, 'none'),
      requested: {
        response_type: responseType,
        scopes: [...scopes],
        resources: [...resources],
        code_challenge_method: pkce.method,
      },
      request: request.origin,
    },
    { requestId: request.id },
  )
  if (!verdict.allow) throw new OAuthError(publicCode('authorize', verdict, 'access_denied'))
  // Whatever policy allows, nothing else is built here (RFC 9700 2.1.1 and 2.1.2).
  if (responseType !== 'code') throw new OAuthError('unsupported_response_type')
  if (pkce.method === 'plain')
    throw new OAuthError('invalid_request', { detail: 'Only code_challenge_method=S256 is supported.' })
}

function pendingOf(
  asked: AuthorizationRequest,
  client: ClientRecord,
  address: ClientAddress,
  now: number,
): PendingAuthorization {
  const { pkce, prompt, maxAgeSeconds, nonce } = asked
  const freshLogin = prompt.has('login') || prompt.has('select_account') || maxAgeSeconds === 0
  return {
    v: 1,
    clientId: client.clientId,
    redirectUri: address.redirectUri,
    scopes: asked.scopes,
    resources: asked.resources,
    createdAt: now,
    ...(address.state !== undefined && { state: address.state }),
    ...(nonce !== undefined && { nonce }),
    ...(pkce.challenge !== undefined && { codeChallenge: pkce.challenge }),
    ...(freshLogin && { askSignIn: true }),
    ...(maxAgeSeconds !== undefined && { authenticatedSince: now - maxAgeSeconds }),
    ...(prompt.has('consent') && { askConsent: true }),
  }
}

async function authorizeAtClient(
  deps: AuthorizeDeps,
  request: HttpRequest,
  client: ClientRecord,
  address: ClientAddress,
): Promise<Reply> {
  const asked = readAuthorizationRequest(request.method === 'POST' ? request.form : request.query)
  await askClientStage(deps, request, client, asked)
  const session = await findSession(deps, request)
  const pending = pendingOf(asked, client, address, request.origin.time.epoch_seconds)
  const judged = await judgeSubject(deps, request, client, pending, session)
  if (judged.needs === 'nothing') return issueCode(deps, request, client, pending, judged.session, judged.obligations)
  if (asked.prompt.has('none')) throw new OAuthError(judged.needs === 'login' ? 'login_required' : 'consent_required')
  const { id, cookie } = await startInteraction(deps, request, pending)
  return seeOther(`/${judged.needs}?interaction=${id}`, cookie)
}

export async function authorize(deps: AuthorizeDeps, request: HttpRequest): Promise<Reply> {
  const params = request.method === 'POST' ? request.form : request.query
  const { client, redirectUri } = await checkRedirectUri(deps, request.tenant, params)
  const address = { redirectUri, state: readState(params) }
  try {
    return await authorizeAtClient(deps, request, client, address)
  } catch (error) {
    return answerClientError(deps, request, address, error)
  }
}
