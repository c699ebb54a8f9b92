/** Ends an authorization without a code, and tells the client: the person, or policy, said no. RFC 6749 4.1.2.1. */
import { notSignedInPage } from '../../../web/not-signed-in.ts'
import type { AuditEventName } from '../../audit/events.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import type { OAuthErrorCode } from '../../kernel/error-codes.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { answerClientError } from '../session/answer-client.ts'
import { takeInteraction } from '../session/interaction.ts'
import { ended, type Waiting, type WaitingDeps } from './waiting.ts'

export interface Refusal {
  readonly event: Extract<AuditEventName, 'consent_refused' | 'sign_in_refused'>
  readonly code: OAuthErrorCode
  readonly sub?: string
}

/** The request is spent with it, one that was pushed too (RFC 9126 4). Throws where it has ended meanwhile. */
export async function refuseAuthorization(
  deps: WaitingDeps,
  request: HttpRequest,
  waiting: Waiting,
  { event, code, sub }: Refusal,
): Promise<Reply> {
  const interaction = await takeInteraction(deps, request, waiting.id)
  if (!interaction) throw ended()
  if (interaction.pushedDigest !== undefined)
    await deps.store.pushedRequests.take(request.tenant, interaction.pushedDigest)
  await deps.audit({
    event,
    tenant: request.tenant,
    request_id: request.id,
    client_id: waiting.client.clientId,
    ...(sub !== undefined && { sub }),
  })
  if (interaction.page !== undefined) return { status: 200, ...notSignedInPage() }
  return answerClientError(deps, request, interaction, new OAuthError(code))
}
