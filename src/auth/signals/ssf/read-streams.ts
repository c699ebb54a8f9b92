/** The streams of a client, which the configuration made or it itself: GET /ssf/streams. SSF 1.0 8.1.1.2. Asks `signal`. */
import type { HttpRequest, Reply } from '../../../http/message.ts'
import { requireBearer } from '../../token/bearer.ts'
import { shownStream } from './shown-stream.ts'
import { decideStream, findStream, type StreamDeps } from './stream-access.ts'

export async function readStreams(deps: StreamDeps, request: HttpRequest): Promise<Reply> {
  const bearer = await requireBearer(deps, request)

  const id = request.query.get('stream_id')
  if (id !== undefined) {
    const { stream } = await findStream(deps, bearer, request, { action: 'read', id })
    return { status: 200, body: shownStream(deps.issuer, stream) }
  }
  // All that are its own: one question, about none of them.
  await decideStream(deps, bearer, request, { action: 'read', id: '*', client: bearer.client })

  const all = [...deps.signals.streams, ...(await deps.signals.stored.list(bearer.tenant))]
  const own = all.filter(({ clientId }) => clientId === bearer.client.clientId)
  return { status: 200, body: own.map((stream) => shownStream(deps.issuer, stream)) }
}
