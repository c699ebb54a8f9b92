/**
 * Grant type refresh_token: every use rotates it, and a second use of one ends the family, unless policy granted a grace
 * in which it gives the same successor again. A deny leaves it usable. RFC 6749 section 6, RFC 9700 4.14.2; one that is
 * bound to a key is refused without it, RFC 9449 5.
 */
import type { HttpRequest } from '../../../http/message.ts'
import { OAuthError, StoreUnavailable } from '../../../kernel/errors.ts'
import type { Successors } from '../../../storage/port.ts'
import type { GrantRecord } from '../../../storage/records.ts'
import type { AuthenticatedClient } from '../../client/authenticate.ts'
import { parseHandle } from '../../token/handle.ts'
import { grantIsLive } from '../../token/live.ts'
import { isProved, type Sender } from '../../token/sender.ts'
import { openSuccessor, sealSuccessor } from '../../token/successor.ts'
import { readResources, readScopes, required } from '../parameters.ts'
import type { GrantDeps, Presented, Spendable } from './grant.ts'

const invalid = (cause: string) => new OAuthError('invalid_grant', { cause })

/** More parallel requests of one client than this are no honest retry. */
const GRACE_USES = 100

function withGrace({ successors, refreshToken, graceSeconds }: Spendable, spent: string, now: number): Successors {
  const stored = successors.refreshToken
  if (graceSeconds === 0 || stored === undefined || refreshToken === undefined) return successors
  const grace = { until: now + graceSeconds, uses: GRACE_USES, sealed: sealSuccessor(spent, refreshToken) }
  return { ...successors, refreshToken: { ...stored, grace } }
}

/** Logged each time: many of them are a retry that does not end, or a thief. */
async function answerAgain(
  deps: GrantDeps,
  request: HttpRequest,
  grant: GrantRecord,
  successor: string | undefined,
): Promise<string> {
  if (successor === undefined) throw new StoreUnavailable('the successor of a refresh token cannot be read')
  await deps.audit({
    event: 'refresh_token_grace',
    tenant: request.tenant,
    request_id: request.id,
    client_id: grant.clientId,
    sub: grant.sub,
    grant_id: grant.grantId,
  })
  return successor
}

export async function presentRefreshToken(
  deps: GrantDeps,
  request: HttpRequest,
  client: AuthenticatedClient,
  sender: Sender,
): Promise<Presented> {
  const { refreshTokens, users } = deps.store
  const { tenant } = client
  const text = required(request.form, 'refresh_token')
  const handle = parseHandle(text)
  const requested = { scopes: readScopes(request.form), resources: readResources(request.form) }
  const found = handle && (await refreshTokens.peek(tenant, handle.grantId, handle.digest))
  if (handle === undefined || found === undefined) throw invalid('no such refresh token')
  const { grant, token, used } = found
  const { grantId, digest } = handle
  if (grant.clientId !== client.record.clientId) throw invalid('another client')
  // Before its use is judged: who lacks the key cannot end the family of who has it.
  if (!isProved(token.confirmation, sender)) throw invalid('another key')
  const refuseReuse = async () => {
    const outcome = await refreshTokens.reuse(tenant, grantId, digest)
    if (outcome === 'reused') await deps.endGrant('refresh_token_reuse', request, grant)
    throw invalid('used before')
  }
  if (used && !found.inGrace) return refuseReuse()
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
    async spend(made) {
      // Policy grants the grace anew with every answer from it.
      if (used && made.graceSeconds === 0) return refuseReuse()
      const successors = withGrace(made, text, now)
      const outcome = await refreshTokens.rotate(tenant, grantId, digest, successors)
      if (outcome === 'rotated') return undefined
      if (typeof outcome === 'object') return answerAgain(deps, request, grant, openSuccessor(text, outcome.again))
      if (outcome === 'reused') await deps.endGrant('refresh_token_reuse', request, grant)
      throw invalid(outcome)
    },
  }
}
