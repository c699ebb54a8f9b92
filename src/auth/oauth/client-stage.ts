/**
 * First stage of `authorize`: may this client ask this, before any page? At the authorization endpoint and where a request is
 * pushed. RFC 6749 4.1.1, RFC 9126 2.1.
 */
import type { HttpRequest } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import type { Obligations } from '../../policy-engine/contract/index.ts'
import { type Decide, publicCode } from '../../policy-engine/decide.ts'
import type { ClientRecord } from '../../storage/records.ts'
import { type AuthMethod, clientFacts } from '../client/client-facts.ts'
import type { PendingAuthorization } from '../session/interaction.ts'
import { requestedFacts } from '../session/requested-facts.ts'
import type { RecentRisk } from '../threat/recent-signals.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

export interface ClientStage {
  readonly client: ClientRecord
  readonly authMethod: AuthMethod
  readonly asked: AuthorizationRequest
  readonly pending: PendingAuthorization
  readonly pushed: boolean
}

/** What is missing, in the contract's order. */
const MISSING = {
  pkce_required: 'PKCE is required: send code_challenge, with code_challenge_method=S256 (RFC 7636 4.3).',
  par_required:
    'This client must push its requests: send them to /oauth/par, and the request_uri from there here (RFC 9126 5).',
} as const

export async function askClientStage(
  deps: { readonly decide: Decide; readonly recentRisk?: RecentRisk | undefined },
  request: HttpRequest,
  { client, authMethod, asked, pending, pushed }: ClientStage,
): Promise<Obligations<'authorize'>> {
  const { responseType, pkce } = asked
  const risk = deps.recentRisk?.(request, client)
  const verdict = await deps.decide(
    'authorize',
    {
      tenant: request.tenant,
      stage: 'client',
      client: clientFacts(client, authMethod),
      requested: requestedFacts(pending, { responseType, challengeMethod: pkce.method, pushed }),
      ...(risk && { risk }),
      request: request.origin,
    },
    { requestId: request.id },
  )
  if (!verdict.allow) {
    const code = publicCode('authorize', verdict, 'access_denied')
    const { pkce_required, par_required } = MISSING
    const detail = verdict.reasons.includes('pkce_required') ? pkce_required : par_required
    throw new OAuthError(code, code === 'invalid_request' ? { detail } : {})
  }
  // Whatever policy allows, nothing else is built here (RFC 9700 2.1.1 and 2.1.2).
  if (responseType !== 'code') throw new OAuthError('unsupported_response_type')
  if (pkce.method === 'plain')
    throw new OAuthError('invalid_request', { detail: 'Only code_challenge_method=S256 is supported.' })
  return verdict.obligations
}
