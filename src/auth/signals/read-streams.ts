/** The streams of a client, which the configuration makes: GET /ssf/streams. SSF 1.0 8.1.1.2. Asks `signal`. */
import type { HttpRequest, Reply } from '../../http/message.ts'
import { requireBearer } from '../token/bearer.ts'
import { EVENT_TYPES, SIGNAL_TYPES } from './caep.ts'
import type { StreamReceiver } from './receivers.ts'
import { DELIVERY } from './ssf-configuration.ts'
import { decideStream, findStream, type StreamDeps } from './stream-access.ts'

/** What goes in an Authorization header of ours is shown to nobody. */
function shown(issuer: string, { name, clientId, events, description, delivery }: StreamReceiver) {
  const supported = SIGNAL_TYPES.map((type) => EVENT_TYPES[type])
  const delivered = (events ?? SIGNAL_TYPES).map((type) => EVENT_TYPES[type])
  return {
    stream_id: name,
    iss: issuer,
    aud: clientId,
    events_supported: supported,
    events_requested: delivered,
    events_delivered: delivered,
    delivery:
      delivery.method === 'push'
        ? { method: DELIVERY.push, endpoint_url: delivery.url.href }
        : { method: DELIVERY.poll, endpoint_url: `${issuer}/ssf/poll/${name}` },
    ...(description !== undefined && { description }),
  }
}

export async function readStreams(deps: StreamDeps, request: HttpRequest): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  const id = request.query.get('stream_id')
  if (id !== undefined) {
    const { stream } = await findStream(deps, bearer, request, { action: 'read', id })
    return { status: 200, body: shown(deps.issuer, stream) }
  }
  // All that are its own: one question, about none of them.
  await decideStream(deps, bearer, request, { action: 'read', id: '*', client: bearer.client })

  const own = deps.signals.streams.filter(({ clientId }) => clientId === bearer.client.clientId)
  return { status: 200, body: own.map((stream) => shown(deps.issuer, stream)) }
}
