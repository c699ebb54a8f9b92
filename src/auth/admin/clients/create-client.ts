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
import { orBadRequest } from './own-fault.ts'
import { parseClient } from './parse-client.ts'
import { clientReply } from './render-client.ts'

export const createClient = async (deps: AdminDeps, request: HttpRequest): Promise<Reply> =>
  create(deps, request, await findCaller(deps, request))

/** What is plain in a path, a log and a configuration file. */
const CLIENT_ID = /^[\w.-]{1,128}$/
/** As the ids of people are drawn: a resource server that knows a person by `sub` takes no client for them (RFC 9700 4.15). */
const USER_ID = /^[\w-]{21}[AQgw]$/

export async function createNamedClient(
  deps: AdminDeps,
  request: HttpRequest,
  caller: Caller,
  id: string,
): Promise<Reply> {
  if (!CLIENT_ID.test(id))
    throw new Problem('bad_request', {
      detail: 'client_id must be 1 to 128 letters, digits, dots, dashes, underscores.',
    })
  if (USER_ID.test(id)) throw likePerson()
  return create(deps, request, caller, id)
}

const likePerson = () =>
  new Problem('bad_request', { detail: 'client_id must not be the id of a person, nor look like one.' })

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

  if (id !== undefined && (await deps.store.users.find(caller.tenant, id)) !== undefined) throw likePerson()
  const sector = await orBadRequest(() => sectorFor(deps, body.settings))
  const clientId = id ?? randomId()
  const seal = (secret: string) => deps.sealSecret(caller.tenant, clientId, secret)
  const secrets = secretsFor(body.settings, { secretDigests: [] }, body.secret, seal)
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
