/**
 * Authorization endpoint. RFC 6749 3.1, OIDC Core 3.1.2, RFC 9126 4, RFC 9700. Asks `authorize`: stage `client` before any
 * page, stage `subject` once a person is signed in.
 */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { answerClientError, type ClientAddress, seeOther } from '../session/answer-client.ts'
import { type InteractionDeps, startInteraction } from '../session/interaction.ts'
import { findSession, type SessionDeps } from '../session/session.ts'
import { askByGet } from './ask-by-get.ts'
import { readAuthorizationRequest } from './authorization-request.ts'
import { type CheckRedirectUriDeps, checkRedirectUri } from './check-redirect-uri.ts'
import { clientAddress } from './client-address.ts'
import { askClientStage } from './client-stage.ts'
import { type IdTokenHintDeps, subjectOfHint } from './id-token-hint.ts'
import { type IssueCodeDeps, issueCode } from './issue-code.ts'
import { type JudgeSubjectDeps, judgeSubject } from './judge-subject.ts'
import { pendingAuthorization } from './pending-authorization.ts'
import { findSent, type PushedRequestDeps, type Sent } from './pushed-request.ts'

export type AuthorizeDeps = CheckRedirectUriDeps &
  PushedRequestDeps &
  IdTokenHintDeps &
  JudgeSubjectDeps &
  IssueCodeDeps &
  SessionDeps &
  InteractionDeps & { readonly audit: Parameters<typeof answerClientError>[0]['audit'] }

async function authorizeAtClient(
  deps: AuthorizeDeps,
  request: HttpRequest,
  client: ClientRecord,
  { params, pushed }: Sent,
  address: ClientAddress,
): Promise<Reply | undefined> {
  const asked = readAuthorizationRequest(params, address.redirectUri, client.metadata)
  const hintedSub = (await subjectOfHint(deps, client.clientId, asked.idTokenHint)) ?? pushed?.onlySub
  const nowSeconds = request.origin.time.epoch_seconds
  const pending = pendingAuthorization(asked, client, { address, hintedSub, pushed, nowSeconds })
  const wasPushed = pushed !== undefined
  await askClientStage(deps, request, { client, authMethod: 'none', asked, pending, pushed: wasPushed })

  const session = await findSession(deps, request, pending)
  const judged = await judgeSubject(deps, request, client, pending, session)
  if (judged.needs === 'nothing') return issueCode(deps, request, client, pending, judged.session, judged.obligations)
  if (asked.prompt.has('none')) throw new OAuthError(judged.needs === 'login' ? 'login_required' : 'consent_required')
  const { id, cookie } = await startInteraction(deps, request, pending)
  return seeOther(`/${judged.needs}?interaction=${id}`, cookie)
}

export async function authorize(deps: AuthorizeDeps, request: HttpRequest): Promise<Reply> {
  const byGet = askByGet(request)
  if (byGet !== undefined) return byGet
  const sent = await findSent(deps, request)
  const { client, redirectUri } = await checkRedirectUri(deps, request.tenant, sent.params)
  const { params } = sent
  const address = clientAddress(params, redirectUri)
  try {
    const answer = await authorizeAtClient(deps, request, client, sent, address)
    if (answer !== undefined) return answer
  } catch (error) {
    return answerClientError(deps, request, address, error)
  }
  // Its code is on the way to the client already: telling of an error there would spoil that one.
  throw new OAuthError('invalid_request_uri')
}
