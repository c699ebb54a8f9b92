/**
 * Device authorization endpoint. RFC 8628 3.1 and 3.2. The client authenticates as at the token endpoint; asks `authorize`,
 * stage `client`, with `flow: device`.
 */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { digestOf, randomSecret } from '../../../kernel/ids.ts'
import { type Decide, publicCode } from '../../../policy-engine/decide.ts'
import type { DeviceGrantRecord, DeviceGrantStore } from '../../../storage/device-grants.ts'
import { type AuthenticateClientDeps, authenticateClient } from '../../client/authenticate.ts'
import { clientFacts } from '../../client/client-facts.ts'
import { requestedFacts } from '../../session/requested-facts.ts'
import type { RecentRisk } from '../../threat/recent-signals.ts'
import { readResources, readScopes, refuseRepeated } from '../parameters.ts'
import { deviceRequest } from './device-request.ts'
import { newUserCode, userCodeDigest } from './user-code.ts'

export type DeviceAuthorizationDeps = AuthenticateClientDeps & {
  readonly issuer: string
  readonly decide: Decide
  readonly recentRisk?: RecentRisk | undefined
  readonly store: { readonly deviceGrants: Pick<DeviceGrantStore, 'begin'> }
}

/** So long a device that comes too late is told so, RFC 8628 3.5 `expired_token`. */
const REMEMBER_SECONDS = 10 * 60
/** Two in 2^34 meet; more than that in a row is no chance. */
const TRIES = 5

async function begin(deps: DeviceAuthorizationDeps, tenant: string, digest: string, request: DeviceGrantRecord) {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const userCode = newUserCode()
    const outcome = await deps.store.deviceGrants.begin(tenant, digest, userCodeDigest(userCode), request)
    if (outcome === 'begun') return userCode
  }
  throw new OAuthError('temporarily_unavailable', { cause: 'no user code was free' })
}

export async function deviceAuthorization(deps: DeviceAuthorizationDeps, request: HttpRequest): Promise<Reply> {
  refuseRepeated(request.form)
  const { record: client, authMethod, tenant } = await authenticateClient(deps, request)
  const now = request.origin.time.epoch_seconds
  const asked = { scopes: readScopes(request.form), resources: readResources(request.form) }
  const pending = deviceRequest(deps.issuer, { clientId: client.clientId, createdAt: now, ...asked })
  const risk = deps.recentRisk?.(request, client)
  const verdict = await deps.decide(
    'authorize',
    {
      tenant,
      stage: 'client',
      client: clientFacts(client, authMethod),
      requested: requestedFacts(pending, { flow: 'device', challengeMethod: 'none', pushed: false }),
      ...(risk && { risk }),
      request: request.origin,
    },
    { requestId: request.id },
  )
  // RFC 6749 5.2, whatever a code is told with elsewhere.
  if (!verdict.allow) throw new OAuthError(publicCode('authorize', verdict, 'access_denied'), { status: 400 })

  const { device_code_ttl_seconds: ttlSeconds, device_interval_seconds: intervalSeconds } = verdict.obligations
  const deviceCode = randomSecret()
  const endsAt = now + ttlSeconds
  const userCode = await begin(deps, tenant, digestOf(deviceCode), {
    v: 1,
    clientId: client.clientId,
    ...asked,
    address: request.origin.address,
    intervalSeconds,
    createdAt: now,
    endsAt,
    expiresAt: endsAt + REMEMBER_SECONDS,
  })
  return {
    status: 200,
    body: {
      device_code: deviceCode,
      user_code: userCode,
      verification_uri: `${deps.issuer}/device`,
      verification_uri_complete: `${deps.issuer}/device?user_code=${userCode}`,
      expires_in: ttlSeconds,
      interval: intervalSeconds,
    },
  }
}
