/** A client ends its stream, and what waits for it is forgotten: DELETE /ssf/streams. SSF 1.0 8.1.1.5. Asks `signal`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { requireBearer } from '../../token/bearer.ts'
import type { ManageDeps } from './configured-stream.ts'
import { findStream, malformed, noStream, requireStored } from './stream-access.ts'

export async function deleteStream(deps: ManageDeps, request: HttpRequest): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  const id = request.query.get('stream_id')
  if (id === undefined) throw malformed('stream_id names no stream.')

  const { stream, queue, decisionId } = await findStream(deps, bearer, request, { action: 'delete', id })
  requireStored(stream)

  const { tenant } = bearer
  if ((await deps.store.streams.delete(tenant, id)) === 'missing') throw noStream()
  await deps.store.outbox.forget(tenant, queue)
  await deps.audit({
    event: 'stream_deleted',
    tenant,
    request_id: request.id,
    decision_id: decisionId,
    client_id: bearer.client.clientId,
    resource: queue,
  })
  await deps.signals.changed()

  return { status: 204 }
}
