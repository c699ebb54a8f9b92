/** Token revocation. RFC 7009. Asks `revoke`; unknown tokens answer 200 (section 2.2). */
import type { Audit } from '../../audit/events.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { OAuthError } from '../../kernel/errors.ts'
import { type Decide, publicCode } from '../../policy-engine/decide.ts'
import type { Store } from '../../storage/port.ts'
import { type AuthenticateClientDeps, authenticateClient } from '../client/authenticate.ts'
import { clientFacts } from '../client/client-facts.ts'
import { type FindTokenDeps, type FoundToken, findToken } from '../token/find-token.ts'
import { refuseRepeated, required } from './parameters.ts'

export type RevokeDeps = AuthenticateClientDeps &
  FindTokenDeps & {
    readonly store: {
      readonly accessTokens: Pick<Store['accessTokens'], 'revoke'>
      readonly grants: Pick<Store['grants'], 'revoke'>
    }
    readonly decide: Decide
    readonly audit: Audit
  }

/** A refresh token ends its grant whatever policy says (RFC 7009 2.1); a token without a grant can only end itself. */
async function end(deps: RevokeDeps, tenant: string, found: FoundToken, whole: boolean) {
  const { grantId, jti } = found
  if (grantId !== undefined && (whole || jti === undefined)) {
    await deps.store.grants.revoke(tenant, grantId)
    return 'grant_revoked'
  }
  if (jti !== undefined) await deps.store.accessTokens.revoke(tenant, jti, grantId)
  return 'token_revoked'
}

export async function revoke(deps: RevokeDeps, request: HttpRequest): Promise<Reply> {
  refuseRepeated(request.form)
  const client = await authenticateClient(deps, request)
  const { tenant, record } = client
  const text = required(request.form, 'token')
  const found = await findToken(deps, tenant, text, request.origin.time.epoch_seconds)
  const about = { tenant, request_id: request.id, client_id: record.clientId }
  if (found === undefined) {
    await deps.audit({ event: 'revoke_unknown_token', ...about })
    return { status: 200 }
  }

  const verdict = await deps.decide(
    'revoke',
    { tenant, client: clientFacts(record, client.authMethod), token: found.facts, request: request.origin },
    { requestId: request.id },
  )
  if (!verdict.allow) throw new OAuthError(publicCode('revoke', verdict, 'unauthorized_client'))

  const event = await end(deps, tenant, found, verdict.obligations.revoke === 'grant')
  await deps.audit({
    event,
    ...about,
    decision_id: verdict.decisionId,
    detail: found.facts.kind,
    ...(found.grantId !== undefined && { grant_id: found.grantId }),
    ...(found.facts.sub !== undefined && { sub: found.facts.sub }),
  })
  return { status: 200 }
}
