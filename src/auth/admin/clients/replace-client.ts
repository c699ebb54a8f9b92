/**
 * Changes a client: PUT /admin/clients/{id}; `rotate_secret` adds a secret beside the newest, `keep_secret_ids` ends those that
 * it does not name. Asks `admin`. Deactivation ends its grants. With `If-None-Match: *` (RFC 9110 13.1.2) it makes a client
 * under this id, where none is.
 */
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

/** Nobody vouches for a client that registered itself, and no configuration keeps it, which would delete it. */
function checkRegistered({ settings }: ClientBody): void {
  if (settings.firstParty)
    throw new Problem('bad_request', { detail: 'first_party must be false for a client that registered itself.' })
  if (settings.managedBy !== undefined)
    throw new Problem('bad_request', { detail: 'managed_by must be null for a client that registered itself.' })
}

/** Other writers of one client at once that a write waits out. */
const TRIES = 8

export async function replaceClient(deps: AdminDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)

  const id = request.route.id ?? ''
  if (request.headers['if-none-match']?.trim() === '*') return createNamedClient(deps, request, caller, id)
  // Whoever names no version writes onto any: 412 answers only a precondition (RFC 9110 15.5.13), which the next reading checks.
  for (let tries = 0; tries < TRIES; tries++) {
    const reply = await replaceOnce(deps, request, caller, id)
    if (reply !== 'overtaken') return reply
  }
  throw new Problem('conflict', { detail: 'The client is being changed by others: try again.' })
}

/** `overtaken`: somebody else has changed the client since it was read. Nothing was written. */
async function replaceOnce(
  deps: AdminDeps,
  request: HttpRequest,
  caller: Caller,
  id: string,
): Promise<Reply | 'overtaken'> {
  const stored = await deps.store.clients.find(caller.tenant, id)
  const body = await readBody(deps, caller, request, id, stored)

  const changes = clientChanges(body, settingsOf(stored), stored?.secretDigests ?? [])
  const permit = await decideAdmin(deps, caller, request, { action: 'replace', id, stored, changes })
  if (!stored) throw missing('client')
  checkPrecondition(request, stored)
  if (stored.registration !== undefined) checkRegistered(body)

  const before = { settings: settingsOf(stored), sector: stored.sectorIdentifier }
  const sector = await orBadRequest(() => sectorFor(deps, body.settings, before))
  const seal = (secret: string) => deps.sealSecret(caller.tenant, id, secret)
  const secrets = await orBadRequest(() => secretsFor(body.settings, stored, body.secret, seal))
  const { sealedSecrets: _sealed, secretExpiresAt, ...kept } = stored
  // An end that its registration set is not one of secrets that come from here.
  const { secretDigests } = secrets.kept
  const sameSecrets = secretDigests.length > 0 && secretDigests.every((digest) => stored.secretDigests.includes(digest))
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
  if (written === 'conflict') return 'overtaken'
  await auditChange(deps, caller, request, { action: 'replace', id, decisionId: permit.decisionId })

  return clientReply(200, client, permit.visible, secrets.made)
}
