/**
 * Whether a stream goes on: GET and POST /ssf/status. SSF 1.0 8.1.2. Paused, what happens waits for as long as it would for a
 * receiver that is down; disabled, it is not kept, and what waited is forgotten. Asks `signal`.
 */
import type { Audit } from '../../../audit/events.ts'
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { OAuthError } from '../../../kernel/errors.ts'
import type { StreamStatusRecord } from '../../../storage/outbox-port.ts'
import { requireBearer } from '../../token/bearer.ts'
import { findStream, membersOf, type StreamDeps, streamIdIn, textIn } from './stream-access.ts'

const STATUSES: readonly StreamStatusRecord['status'][] = ['enabled', 'paused', 'disabled']
const MAX_REASON = 256

const shown = (id: string, record: StreamStatusRecord | undefined) => ({
  stream_id: id,
  status: record?.status ?? 'enabled',
  ...(record?.reason !== undefined && { reason: record.reason }),
})

export async function readStreamStatus(deps: StreamDeps, request: HttpRequest): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  const id = request.query.get('stream_id')
  if (id === undefined) throw new OAuthError('invalid_request', { detail: 'stream_id names no stream.' })

  const { queue } = await findStream(deps, bearer, request, { action: 'read', id })

  return { status: 200, body: shown(id, await deps.store.outbox.status(bearer.tenant, queue)) }
}

export async function updateStreamStatus(
  deps: StreamDeps & { readonly audit: Audit },
  request: HttpRequest,
): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  const members = membersOf(request)
  const id = streamIdIn(members)
  const status = STATUSES.find((one) => one === members.status)
  if (status === undefined)
    throw new OAuthError('invalid_request', { detail: `status is none of ${STATUSES.join(', ')}.` })
  const reason = textIn(members, 'reason', MAX_REASON)

  const { queue, stream, decisionId } = await findStream(deps, bearer, request, { action: 'update', id })

  const record: StreamStatusRecord = { v: 1, status, ...(reason !== undefined && { reason }) }
  await deps.store.outbox.setStatus(bearer.tenant, queue, record)
  if (status === 'disabled') await deps.store.outbox.clear(bearer.tenant, queue)
  await deps.audit({
    event: 'stream_updated',
    tenant: bearer.tenant,
    request_id: request.id,
    decision_id: decisionId,
    client_id: bearer.client.clientId,
    detail: status,
    resource: queue,
  })
  deps.signals.wake(stream)

  return { status: 200, body: shown(id, record) }
}
