/** What a code stands for, once it is known to be the caller's: burnt on a deny, redeemed on an allow. RFC 6749 4.1.3. */
import type { HttpRequest } from '../../../http/message.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import type { GrantedCode } from '../../../storage/port.ts'
import type { AuthenticatedClient } from '../../client/authenticate.ts'
import type { Handle } from '../../token/handle.ts'
import { grantIsLive } from '../../token/live.ts'
import { readResources } from '../parameters.ts'
import type { GrantDeps, Presented } from './grant.ts'

const invalid = (cause: string) => new OAuthError('invalid_grant', { cause })

/** `checkBinding` throws where the code is bound to something that the caller has not; a spent code ends its grant first. */
export async function presentGranted(
  deps: GrantDeps,
  request: HttpRequest,
  client: AuthenticatedClient,
  { grantId, digest }: Handle,
  found: GrantedCode,
  checkBinding?: () => void,
): Promise<Presented> {
  const { codes, users } = deps.store
  const { tenant } = client
  const { grant } = found
  if (grant.clientId !== client.record.clientId) throw invalid('another client')
  if (found.used) {
    if ((await codes.burn(tenant, grantId, digest)) === 'reused') await deps.endGrant('code_reuse', request, grant)
    throw invalid('used before')
  }
  checkBinding?.()
  const now = request.origin.time.epoch_seconds
  const user = await users.find(tenant, grant.sub)
  if (user === undefined || found.code.expiresAt <= now || !grantIsLive(grant, client.record, user, now))
    throw invalid('the code or its grant has ended')
  return {
    person: { record: grant, user, scopes: grant.scopes, audience: grant.audience },
    requested: { scopes: [], resources: readResources(request.form) },
    nonce: grant.nonce,
    async deny() {
      if ((await codes.burn(tenant, grantId, digest)) === 'reused') await deps.endGrant('code_reuse', request, grant)
    },
    async spend({ successors }) {
      const outcome = await codes.redeem(tenant, grantId, digest, successors)
      if (outcome === 'redeemed') return undefined
      if (outcome === 'reused') await deps.endGrant('code_reuse', request, grant)
      throw invalid(outcome)
    },
  }
}
