/** A client makes itself a stream: POST /ssf/streams. SSF 1.0 8.1.1.1. Asks `signal`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { OAuthError, Problem } from '../../../kernel/errors.ts'
import { randomId } from '../../../kernel/ids.ts'
import type { StreamRecord } from '../../../storage/streams-port.ts'
import { requireBearer } from '../../token/bearer.ts'
import { queueOf } from '../receivers.ts'
import { receiverOf } from '../stored-streams.ts'
import { configured, type ManageDeps } from './configured-stream.ts'
import { shownStream } from './shown-stream.ts'
import { decideStream, membersOf } from './stream-access.ts'
import { checkReach, streamFacts, wantedIn } from './stream-body.ts'

export async function createStream(deps: ManageDeps, request: HttpRequest): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  const wanted = wantedIn(membersOf(request))
  await checkReach(deps.signals, wanted)
  const { tenant, client } = bearer
  const id = randomId()
  const base = { v: 1, streamId: id, clientId: client.clientId, createdAt: request.origin.time.epoch_seconds } as const
  const record: StreamRecord = configured(deps.envelope, tenant, { ...base, version: 1 }, wanted)

  const stream = streamFacts(record)
  const decisionId = await decideStream(deps, bearer, request, { action: 'create', id, client, stream })

  const created = await deps.store.streams.create(tenant, record)
  if (created === 'missing') throw new OAuthError('invalid_token', { cause: 'the client was deleted meanwhile' })
  // 8.1.1.1: 409 of a client that may have no further one.
  if (created !== 'written')
    throw new Problem('conflict', { detail: 'This client has as many streams as it may have. Delete one first.' })
  const receiver = receiverOf(deps.envelope, tenant, record)
  await deps.audit({
    event: 'stream_created',
    tenant,
    request_id: request.id,
    decision_id: decisionId,
    client_id: client.clientId,
    detail: stream.delivery,
    resource: queueOf(receiver),
  })
  await deps.signals.changed()

  return { status: 201, body: shownStream(deps.issuer, receiver) }
}
