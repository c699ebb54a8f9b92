/**
 * Registers a client: POST /admin/clients, under an id made here; PUT /admin/clients/{id} with `If-None-Match: *`, under
 * that id. A secret made here is answered once and never again. Asks `admin`.
 */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { Problem } from '../../../kernel/errors.ts'
import { randomId } from '../../../kernel/ids.ts'
import { type ClientRecord, firstRevocationEpoch } from '../../../storage/records.ts'
import { sectorFor } from '../../client/metadata/sector.ts'
import { blank, type ClientSettings, withSettings } from '../../client/metadata/together.ts'
import { secretsFor } from '../../client/secrets.ts'
import { type Caller, findCaller } from '../actor.ts'
import { type AdminDeps, auditChange, decideAdmin } from '../decide-admin.ts'
import { clientChanges } from './client-changes.ts'
import { clientIdFault, LIKE_PERSON } from './client-id.ts'
import { orBadRequest } from './own-fault.ts'
import { parseClient } from './parse-client.ts'
import { clientReply } from './render-client.ts'

export const createClient = async (deps: AdminDeps, request: HttpRequest): Promise<Reply> =>
  create(deps, request, await findCaller(deps, request))

export async function createNamedClient(
  deps: AdminDeps,
  request: HttpRequest,
  caller: Caller,
  id: string,
): Promise<Reply> {
  const fault = clientIdFault(id)
  if (fault !== undefined) throw new Problem('bad_request', { detail: fault })
  return create(deps, request, caller, id)
}

/** The setup credential works once: a client that could make no other would spend it. Which role, policy says. */
const administers = ({ active, grantTypes, scopes, roles }: ClientSettings): boolean =>
  active && grantTypes.includes('client_credentials') && scopes.includes('admin') && roles.length > 0

const inVain = () =>
  new Problem('bad_request', {
    detail:
      'The first client makes the others: it needs the grant type client_credentials, the scope admin and the role platform_admin, as `sallyport init` printed it.',
  })

async function create(deps: AdminDeps, request: HttpRequest, caller: Caller, id?: string): Promise<Reply> {
  const body = parseClient(request.json, blank, deps.offered(), id)
  if (caller.setup !== undefined && !administers(body.settings)) throw inVain()

  const permit = await decideAdmin(deps, caller, request, {
    action: 'create',
    ...(id !== undefined && { id }),
    changes: clientChanges(body, blank, []),
  })

  if (id !== undefined && (await deps.store.users.find(caller.tenant, id)) !== undefined)
    throw new Problem('bad_request', { detail: LIKE_PERSON })
  const sector = await orBadRequest(() => sectorFor(deps, body.settings))
  const clientId = id ?? randomId()
  const seal = (secret: string) => deps.sealSecret(caller.tenant, clientId, secret)
  const secrets = await orBadRequest(() => secretsFor(body.settings, { secretDigests: [] }, body.secret, seal))
  const now = request.origin.time.epoch_seconds
  const client: ClientRecord = {
    ...withSettings({}, body.settings, sector),
    v: 1,
    clientId,
    ...secrets.kept,
    createdAt: now,
    updatedAt: now,
    version: 1,
    revocationEpoch: firstRevocationEpoch(),
  }
  const written = await deps.store.clients.create(caller.tenant, client)
  if (written !== 'written') throw new Problem(id === undefined ? 'conflict' : 'precondition_failed')
  await auditChange(deps, caller, request, { action: 'create', id: client.clientId, decisionId: permit.decisionId })

  return clientReply(201, client, permit.visible, secrets.made)
}
