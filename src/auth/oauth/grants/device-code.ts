/**
 * Grant type urn:ietf:params:oauth:grant-type:device_code. RFC 8628 3.4 and 3.5. What the person approved lies under the device
 * code as an authorization code does under its own, and is spent as one: once, and a second use ends what came of it.
 */
import type { HttpRequest } from '../../../http/message.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { digestOf } from '../../../kernel/ids.ts'
import type { AuthenticatedClient } from '../../client/authenticate.ts'
import { required } from '../parameters.ts'
import type { GrantDeps, Present } from './grant.ts'
import { presentGranted } from './granted-code.ts'

const invalid = (cause: string) => new OAuthError('invalid_grant', { cause })

/** The grant that the person gave. Throws what the device is to do instead: wait, wait longer, or give up. */
async function approvedGrant(
  deps: GrantDeps,
  request: HttpRequest,
  client: AuthenticatedClient,
  digest: string,
): Promise<string> {
  const polled = await deps.store.deviceGrants.poll(client.tenant, digest, client.record.clientId)
  if (polled === undefined) throw invalid('no such device code')
  const { answer, request: asked, tooFast } = polled
  if (answer?.kind === 'refused') throw new OAuthError('access_denied', { status: 400 })
  if (asked.endsAt <= request.origin.time.epoch_seconds) throw new OAuthError('expired_token')
  if (answer !== undefined) return answer.grantId
  if (tooFast)
    throw new OAuthError('slow_down', {
      status: 400,
      detail: 'Ask five seconds less often from now on (RFC 8628 3.5).',
    })
  throw new OAuthError('authorization_pending')
}

export const presentDeviceCode: Present = async (deps, request, client) => {
  const digest = digestOf(required(request.form, 'device_code'))
  const grantId = await approvedGrant(deps, request, client, digest)
  const found = await deps.store.codes.peek(client.tenant, grantId, digest)
  if (found?.code.device !== true) throw invalid('no such grant')
  return presentGranted(deps, request, client, { grantId, digest }, found)
}
