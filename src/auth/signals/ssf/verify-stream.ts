/** A receiver asks for an event of its own, to see that its stream works: POST /ssf/verify. SSF 1.0 8.1.4. Asks `signal`. */
import type { Audit } from '../../../audit/events.ts'
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import { orderedId } from '../../../kernel/ids.ts'
import type { OutboxTask } from '../../../storage/outbox-port.ts'
import { requireBearer } from '../../token/bearer.ts'
import { enqueue } from '../enqueue.ts'
import { tokenId } from '../receivers.ts'
import { findStream, membersOf, type StreamDeps, streamIdIn, textIn } from './stream-access.ts'

const MAX_STATE = 1024

export async function verifyStream(deps: StreamDeps & { readonly audit: Audit }, request: HttpRequest): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  const members = membersOf(request)
  const id = streamIdIn(members)
  const state = textIn(members, 'state', MAX_STATE)

  const { queue, stream, decisionId } = await findStream(deps, bearer, request, { action: 'verify', id })
  const status = await deps.store.outbox.status(bearer.tenant, queue)
  if (status?.status === 'disabled')
    throw new OAuthError('invalid_request', { detail: 'The stream is disabled. Enable it first.' })

  const at = request.origin.time.epoch_seconds
  const event = { id: orderedId(), name: 'verification', at, requestId: request.id }
  const task: OutboxTask = {
    v: 1,
    id: tokenId(stream, event.id, 0),
    event,
    signal: { type: 'verification', ...(state !== undefined && { state }) },
    attempts: 0,
    createdAt: at,
    expiresAt: at + deps.signals.keepSeconds,
  }
  const { store, signals } = deps
  if ((await enqueue({ store, stored: signals.stored }, bearer.tenant, stream, task)) === 'full')
    throw new OAuthError('temporarily_unavailable', { detail: 'Too many events wait for this receiver.' })
  await deps.audit({
    event: 'stream_verification_asked',
    tenant: bearer.tenant,
    request_id: request.id,
    decision_id: decisionId,
    client_id: bearer.client.clientId,
    resource: queue,
  })
  deps.signals.wake(stream)

  return { status: 204 }
}
