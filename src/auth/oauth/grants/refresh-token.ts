/**
 * Grant type refresh_token: every use rotates it, and a second use of one ends the family. A deny leaves it usable.
 * RFC 6749 section 6, RFC 9700 4.14.2; one that is bound to a key is refused without it, RFC 9449 5.
 */
import type { HttpRequest } from '../../../http/message.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import type { AuthenticatedClient } from '../../client/authenticate.ts'
import { parseHandle } from '../../token/handle.ts'
import { grantIsLive } from '../../token/live.ts'
import { isProved, type Sender } from '../../token/sender.ts'
import { readResources, readScopes, required } from '../parameters.ts'
import type { GrantDeps, Presented } from './grant.ts'

const invalid = (cause: string) => new OAuthError('invalid_grant', { cause })

export async function presentRefreshToken(
  deps: GrantDeps,
  request: HttpRequest,
  client: AuthenticatedClient,
  sender: Sender,
): Promise<Presented> {
  const { refreshTokens, users } = deps.store
  const { tenant } = client
  const handle = parseHandle(required(request.form, 'refresh_token'))
  const requested = { scopes: readScopes(request.form), resources: readResources(request.form) }
  const found = handle && (await refreshTokens.peek(tenant, handle.grantId, handle.digest))
  if (handle === undefined || found === undefined) throw invalid('no such refresh token')
  const { grant, token, used } = found
  const { grantId, digest } = handle
  if (grant.clientId !== client.record.clientId) throw invalid('another client')
  // Before its use is judged: who lacks the key cannot end the family of who has it.
  if (!isProved(token.confirmation, sender)) throw invalid('another key')
  if (used) {
    const outcome = await refreshTokens.reuse(tenant, grantId, digest)
    if (outcome === 'reused') await deps.endGrant('refresh_token_reuse', request, grant)
    throw invalid('used before')
  }
  const now = request.origin.time.epoch_seconds
  const user = await users.find(tenant, grant.sub)
  if (user === undefined || token.expiresAt <= now || !grantIsLive(grant, client.record, user, now))
    throw invalid('the refresh token or its grant has ended')
  return {
    person: {
      record: grant,
      user,
      scopes: token.scopes,
      audience: token.audience,
      confirmation: token.confirmation,
    },
    requested,
    async deny() {},
    async spend(successors) {
      const outcome = await refreshTokens.rotate(tenant, grantId, digest, successors)
      if (outcome === 'rotated') return
      if (outcome === 'reused') await deps.endGrant('refresh_token_reuse', request, grant)
      throw invalid(outcome)
    },
  }
}
