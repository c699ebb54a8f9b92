/**
 * A client changes what its stream carries and where to: PATCH /ssf/streams, which leaves what it does not name as it is, and
 * PUT, which takes it away. SSF 1.0 8.1.1.3, 8.1.1.4. Asks `signal`.
 */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { Problem } from '../../../kernel/errors.ts'
import type { StreamRecord } from '../../../storage/streams-port.ts'
import { requireBearer } from '../../token/bearer.ts'
import { queueOf } from '../receivers.ts'
import { receiverOf } from '../stored-streams.ts'
import { configured, type ManageDeps } from './configured-stream.ts'
import { shownStream } from './shown-stream.ts'
import { decideStream, lookUpStream, membersOf, noStream, requireStored, streamIdIn } from './stream-access.ts'
import { checkOurs, checkReach, streamFacts, type Wanted, wantedIn } from './stream-body.ts'

type Change = (before: StreamRecord, after: StreamRecord, wanted: Wanted) => StreamRecord

/** What was not named stays, and with the same address its credential, which is shown to nobody and so cannot be repeated. */
const updated: Change = (before, after, { requested, description, delivery }) => {
  const kept = {
    ...(requested === undefined && before.requested !== undefined && { requested: before.requested }),
    ...(description === undefined && before.description !== undefined && { description: before.description }),
  }
  const { pushUrl, sealed } = before
  if (delivery === undefined)
    return { ...after, ...kept, ...(pushUrl !== undefined && { pushUrl }), ...(sealed !== undefined && { sealed }) }
  const keepsCredential = sealed !== undefined && after.sealed === undefined && after.pushUrl === pushUrl
  return { ...after, ...kept, ...(keepsCredential && { sealed }) }
}

const replaced: Change = (_before, after) => after

async function changeStream(deps: ManageDeps, request: HttpRequest, change: Change): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  const members = membersOf(request)
  const id = streamIdIn(members)
  const wanted = wantedIn(members)
  await checkReach(deps.signals, wanted)
  const { tenant } = bearer
  const { stream, client } = await lookUpStream(deps, tenant, id)
  const { stored } = stream
  const after = stored && change(stored, configured(deps.envelope, tenant, stored, wanted), wanted)

  const facts = after === undefined ? { delivery: stream.delivery.method, events: [] } : streamFacts(after)
  const decisionId = await decideStream(deps, bearer, request, { action: 'configure', id, client, stream: facts })
  const before = requireStored(stream)
  if (after === undefined) throw noStream()
  checkOurs(members, shownStream(deps.issuer, stream))

  const next = { ...after, version: before.version + 1 }
  const written = await deps.store.streams.replace(tenant, next, before.version)
  if (written === 'missing') throw noStream()
  if (written === 'conflict')
    throw new Problem('conflict', { detail: 'The stream was changed meanwhile. Read it anew.' })
  const receiver = receiverOf(deps.envelope, tenant, next)
  // What waited to be fetched is sent now.
  if (before.pushUrl === undefined && next.pushUrl !== undefined)
    await deps.store.outbox.hasten(tenant, queueOf(receiver))
  await deps.audit({
    event: 'stream_configured',
    tenant,
    request_id: request.id,
    decision_id: decisionId,
    client_id: bearer.client.clientId,
    detail: receiver.delivery.method,
    resource: queueOf(receiver),
  })
  await deps.signals.changed()
  deps.signals.wake(receiver)

  return { status: 200, body: shownStream(deps.issuer, receiver) }
}

export const updateStream = (deps: ManageDeps, request: HttpRequest): Promise<Reply> =>
  changeStream(deps, request, updated)

export const replaceStream = (deps: ManageDeps, request: HttpRequest): Promise<Reply> =>
  changeStream(deps, request, replaced)
