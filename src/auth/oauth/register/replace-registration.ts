/**
 * A client replaces its registration: PUT /oauth/register/{id}. RFC 7592 2.2. Asks `register`. What it leaves out goes back
 * to its default. The registration access token changes with each replace; a secret that ends is renewed.
 */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { equalDigests } from '../../../kernel/constant-time.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { digestOf, randomSecret } from '../../../kernel/ids.ts'
import type { ClientRecord } from '../../../storage/records.ts'
import { sectorFor } from '../../client/metadata/sector.ts'
import { type ClientSettings, settingsOf, withSettings } from '../../client/metadata/together.ts'
import { type Seal, secretsFor } from '../../client/secrets.ts'
import { decideRegister, onTerms, type RegisterDeps, type Terms } from './decide-register.ts'
import { asOAuthError, parseRegistration } from './parse-registration.ts'
import { endAfter } from './register.ts'
import { findRegistered, type Registered } from './registration-access.ts'
import { registrationAnswer } from './registration-answer.ts'

/** RFC 7592 2.2: these are ours to say. */
const NOT_SENT = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
] as const

/** Throws invalid_request for a body that names another client, another secret, or what is ours to say. */
function checkOwn(body: unknown, client: ClientRecord): void {
  const sent = new Map<string, unknown>(Object.entries(Object(body)))
  const wrong = (detail: string) => new OAuthError('invalid_request', { detail })
  const ours = NOT_SENT.find((name) => sent.has(name))
  if (ours !== undefined) throw wrong(`${ours} must not be sent (RFC 7592 2.2).`)
  if (sent.get('client_id') !== client.clientId) throw wrong('client_id must be that of the address (RFC 7592 2.2).')
  const secret = sent.get('client_secret')
  if (secret === undefined) return
  const isLive = client.secretDigests.map((digest) => equalDigests(digestOf(String(secret)), digest)).includes(true)
  if (!isLive) throw wrong('client_secret must be the one in force, which is not chosen by the client (RFC 7592 2.2).')
}

/** One that ends is made anew, and the old one is gone with this answer (RFC 7592 2.2). */
function renewedSecrets(client: ClientRecord, settings: ClientSettings, terms: Terms, now: number, seal: Seal) {
  const ends = client.secretExpiresAt !== undefined || terms.secret_ttl_seconds > 0
  const { kept, made } = secretsFor(settings, ends ? { secretDigests: [] } : client, { rotate: false }, seal)
  const expiresAt = made === undefined ? undefined : endAfter(now, terms.secret_ttl_seconds)
  return { made, kept: { ...kept, ...(expiresAt !== undefined && { secretExpiresAt: expiresAt }) } }
}

/** Of two at once with one token the later shows a token that is no longer in force. */
async function overtaken(deps: RegisterDeps, { tenant }: HttpRequest, stored: Registered['client']) {
  const now = await deps.store.clients.find(tenant, stored.clientId)
  const isSame = now?.registration?.tokenDigest === stored.registration.tokenDigest
  return new OAuthError(isSame ? 'temporarily_unavailable' : 'invalid_token')
}

export async function replaceRegistration(deps: RegisterDeps, request: HttpRequest): Promise<Reply> {
  const { client: stored } = await findRegistered(deps, request)

  checkOwn(request.json, stored)
  const offered = deps.offered()
  const requested = parseRegistration(request.json, offered, stored.clientId)

  const permit = await decideRegister(deps, request, { action: 'replace', client: stored, requested })
  const { terms } = permit

  const settings = { ...onTerms(requested, terms), managedBy: stored.managedBy }
  const before = { settings: settingsOf(stored), sector: stored.sectorIdentifier }
  const sector = await sectorFor(deps, settings, before).catch((error: unknown) => {
    throw asOAuthError(error)
  })
  const now = request.origin.time.epoch_seconds
  const seal = (secret: string) => deps.sealSecret(request.tenant, stored.clientId, secret)
  const secrets = renewedSecrets(stored, settings, terms, now, seal)
  const registrationToken = randomSecret()
  const { secretExpiresAt: _ended, sealedSecrets: _sealed, ...kept } = withSettings(stored, settings, sector)
  const client: ClientRecord = {
    ...kept,
    ...secrets.kept,
    registration: { tokenDigest: digestOf(registrationToken), consent: terms.consent },
    updatedAt: now,
    version: stored.version + 1,
  }
  const written = await deps.store.clients.replace(request.tenant, client, stored.version)
  if (written !== 'written') throw await overtaken(deps, request, stored)
  await deps.audit({
    event: 'registration_changed',
    tenant: request.tenant,
    request_id: request.id,
    client_id: stored.clientId,
    decision_id: permit.decisionId,
  })

  return registrationAnswer(200, { issuer: deps.issuer, offered, client, registrationToken, secret: secrets.made })
}
