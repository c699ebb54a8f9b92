/**
 * Dynamic client registration: POST /oauth/register. RFC 7591 3, OIDC Dynamic Client Registration 3. Asks `register`. With
 * an initial access token, which is an access token of ours, or without one where policy lets anyone register. The secret
 * and the registration access token are answered here and kept as digests.
 */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { networkOf } from '../../../http/network-of.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { digestOf, randomId, randomSecret } from '../../../kernel/ids.ts'
import { type ClientRecord, firstRevocationEpoch } from '../../../storage/records.ts'
import { sectorFor } from '../../client/metadata/sector.ts'
import { withSettings } from '../../client/metadata/together.ts'
import { secretsFor } from '../../client/secrets.ts'
import { readSentToken, requireBearer } from '../../token/bearer.ts'
import { decideRegister, onTerms, type RegisterDeps, WINDOW_SECONDS } from './decide-register.ts'
import { asOAuthError, parseRegistration } from './parse-registration.ts'
import { registrationAnswer } from './registration-answer.ts'

/** Counted before the answer is known, so that many at once can't all pass under the limit. */
const countRegistration = (deps: RegisterDeps, { tenant, origin }: HttpRequest): Promise<number> =>
  deps.store.limits.hit(tenant, `register:${digestOf(`${tenant}\n${networkOf(origin.address)}`)}`, WINDOW_SECONDS)

export const endAfter = (now: number, seconds: number): number | undefined =>
  seconds === 0 ? undefined : now + seconds

export async function register(deps: RegisterDeps, request: HttpRequest): Promise<Reply> {
  const bearer = readSentToken(request) === undefined ? undefined : await requireBearer(deps, request)
  const tenant = bearer?.tenant ?? request.tenant

  const clientId = randomId()
  const offered = deps.offered()
  const requested = parseRegistration(request.json, offered, clientId)
  // Only now: whoever asks for nothing of sense writes nothing to the store.
  const registrations = bearer === undefined ? await countRegistration(deps, request) : 0

  const permit = await decideRegister(deps, request, { action: 'create', bearer, requested, registrations })
  const { terms } = permit

  const settings = onTerms(requested, terms)
  const sector = await sectorFor(deps, settings).catch((error: unknown) => {
    throw asOAuthError(error)
  })
  const now = request.origin.time.epoch_seconds
  const secrets = secretsFor(settings, { secretDigests: [] }, { rotate: false }, (secret) =>
    deps.sealSecret(tenant, clientId, secret),
  )
  const registrationToken = randomSecret()
  const secretExpiresAt = secrets.made === undefined ? undefined : endAfter(now, terms.secret_ttl_seconds)
  const expiresAt = endAfter(now, terms.unused_ttl_seconds)
  const client: ClientRecord = {
    ...withSettings({}, settings, sector),
    v: 1,
    clientId,
    ...secrets.kept,
    registration: { tokenDigest: digestOf(registrationToken), consent: terms.consent },
    ...(secretExpiresAt !== undefined && { secretExpiresAt }),
    ...(expiresAt !== undefined && { expiresAt }),
    createdAt: now,
    updatedAt: now,
    version: 1,
    revocationEpoch: firstRevocationEpoch(),
  }
  if ((await deps.store.clients.create(tenant, client)) !== 'written') throw new OAuthError('temporarily_unavailable')
  await deps.audit({
    event: 'client_registered',
    tenant,
    request_id: request.id,
    ...(bearer && { client_id: bearer.client.clientId }),
    decision_id: permit.decisionId,
    resource: `client:${clientId}`,
  })

  return registrationAnswer(201, { issuer: deps.issuer, offered, client, registrationToken, secret: secrets.made })
}
