/**
 * Changes a client: PUT /admin/clients/{id}; `rotate_secret` adds a secret beside the newest. Asks `admin`. Deactivation
 * ends its grants. With `If-None-Match: *` (RFC 9110 13.1.2) it makes a client under this id, where none is.
 */
import { isDeepStrictEqual } from 'node:util'
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { Problem } from '../../../kernel/errors.ts'
import type { ClientRecord } from '../../../storage/records.ts'
import { sectorFor } from '../../client/metadata/sector.ts'
import { settingsOf, withSettings } from '../../client/metadata/together.ts'
import { secretsFor } from '../../client/secrets.ts'
import { type Caller, findCaller } from '../actor.ts'
import { type AdminDeps, auditChange, decideAdmin } from '../decide-admin.ts'
import { missing } from '../missing.ts'
import { clientChanges } from './client-changes.ts'
import { createNamedClient } from './create-client.ts'
import { orBadRequest } from './own-fault.ts'
import { type ClientBody, parseClient } from './parse-client.ts'
import { checkPrecondition } from './precondition.ts'
import { clientReply } from './render-client.ts'

/** What is wrong with a body can tell what is stored: only who may replace the client hears of it. */
async function readBody(
  deps: AdminDeps,
  caller: Caller,
  request: HttpRequest,
  id: string,
  stored: ClientRecord | undefined,
): Promise<ClientBody> {
  try {
    return parseClient(request.json, settingsOf(stored), deps.offered(), id)
  } catch (fault) {
    await decideAdmin(deps, caller, request, { action: 'replace', id, stored })
    throw fault
  }
}

export async function replaceClient(deps: AdminDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)

  const id = request.route.id ?? ''
  if (request.headers['if-none-match']?.trim() === '*') return createNamedClient(deps, request, caller, id)
  const stored = await deps.store.clients.find(caller.tenant, id)
  const body = await readBody(deps, caller, request, id, stored)

  const changes = clientChanges(body, settingsOf(stored), stored?.secretDigests ?? [])
  const permit = await decideAdmin(deps, caller, request, { action: 'replace', id, stored, changes })
  if (!stored) throw missing('client')
  checkPrecondition(request, stored)
  if (stored.registration !== undefined && body.settings.firstParty)
    throw new Problem('bad_request', { detail: 'first_party must be false for a client that registered itself.' })

  const before = { settings: settingsOf(stored), sector: stored.sectorIdentifier }
  const sector = await orBadRequest(() => sectorFor(deps, body.settings, before))
  const seal = (secret: string) => deps.sealSecret(caller.tenant, id, secret)
  const secrets = secretsFor(body.settings, stored, body.secret, seal)
  const { sealedSecrets: _sealed, secretExpiresAt, ...kept } = stored
  // An end that its registration set is not one of secrets that come from here.
  const sameSecrets = isDeepStrictEqual(secrets.kept.secretDigests, stored.secretDigests)
  const ends = stored.active && !body.settings.active
  const client = {
    ...withSettings(kept, body.settings, sector),
    ...secrets.kept,
    ...(sameSecrets && secretExpiresAt !== undefined && { secretExpiresAt }),
    updatedAt: request.origin.time.epoch_seconds,
    version: stored.version + 1,
    revocationEpoch: stored.revocationEpoch + (ends ? 1 : 0),
  }
  const written = await deps.store.clients.replace(caller.tenant, client, stored.version)
  if (written === 'missing') throw missing('client')
  if (written === 'conflict') throw new Problem('precondition_failed')
  await auditChange(deps, caller, request, { action: 'replace', id, decisionId: permit.decisionId })

  return clientReply(200, client, permit.visible, secrets.made)
}
