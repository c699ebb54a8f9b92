/** Registers a client: POST /admin/clients. The server makes id and secret; the secret is answered here and never again. Asks `admin`. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { Problem } from '../../kernel/errors.ts'
import { randomId } from '../../kernel/ids.ts'
import { type ClientRecord, firstRevocationEpoch } from '../../storage/records.ts'
import { OFFERED } from '../client/metadata/offered.ts'
import { blank } from '../client/metadata/together.ts'
import { secretsFor } from '../client/new-secret.ts'
import { findCaller } from './actor.ts'
import { clientChanges } from './client-changes.ts'
import { type AdminDeps, auditChange, decideAdmin } from './decide-admin.ts'
import { parseClient } from './parse-client.ts'
import { clientReply } from './render-client.ts'

export async function createClient(deps: AdminDeps, request: HttpRequest): Promise<Reply> {
  const caller = await findCaller(deps, request)

  const body = parseClient(request.json, blank, OFFERED)

  const permit = await decideAdmin(deps, caller, request, { action: 'create', changes: clientChanges(body, blank) })

  const clientId = randomId()
  const seal = (secret: string) => deps.sealSecret(caller.tenant, clientId, secret)
  const secrets = secretsFor(body.settings, { secretDigests: [] }, false, seal)
  const now = request.origin.time.epoch_seconds
  const client: ClientRecord = {
    v: 1,
    clientId,
    ...body.settings,
    ...secrets.kept,
    createdAt: now,
    updatedAt: now,
    version: 1,
    revocationEpoch: firstRevocationEpoch(),
  }
  const written = await deps.store.clients.create(caller.tenant, client)
  if (written !== 'written') throw new Problem('conflict')
  await auditChange(deps, caller, request, { action: 'create', id: client.clientId, decisionId: permit.decisionId })

  return clientReply(201, client, permit.visible, secrets.made)
}
