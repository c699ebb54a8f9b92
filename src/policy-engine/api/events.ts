/**
 * `GET /v1/events`: activation notices as an event stream (HTML, "Server-sent events"). Who was away says by `Last-Event-ID`
 * what it heard last, and gets what it missed; where that cannot be told, an event `resync`: forget every decision.
 */
import type { ServerResponse } from 'node:http'
import type { Notice, NoticeHub } from '../notices/hub.ts'
import { ApiError } from './api-error.ts'
import type { ApiReply, ApiRequest, ApiRoute } from './exchange.ts'

const HEARTBEAT_MS = 15_000
/** In which a subscriber comes back (`retry`). */
const RETRY_MS = 1000
const MAX_SUBSCRIBERS = 100
/** A subscriber that does not read is let go: it comes back and resyncs. */
const MAX_UNSENT_BYTES = 64 * 1024

export function eventsRoute(notices: NoticeHub): ApiRoute {
  let subscribers = 0
  const follow = (response: ServerResponse, lastId: string | undefined): void => {
    subscribers += 1
    const send = (text: string) => {
      if (response.writableLength > MAX_UNSENT_BYTES) response.destroy()
      else response.write(text)
    }
    const { missed, stop } = notices.subscribe((notice) => send(eventOf(notice)), lastId)
    send(`retry: ${RETRY_MS}\n\n`)
    if (missed === undefined) send('event: resync\ndata: {}\n\n')
    else for (const notice of missed) send(eventOf(notice))
    const beat = setInterval(() => send(': still here\n\n'), HEARTBEAT_MS)
    response.once('close', () => {
      subscribers -= 1
      clearInterval(beat)
      stop()
    })
  }
  return {
    method: 'GET',
    path: '/v1/events',
    handler: 'v1/events',
    answer: (request) => {
      if (subscribers >= MAX_SUBSCRIBERS) {
        throw new ApiError('too_many_requests', 'too many subscribers', { headers: { 'retry-after': '10' } })
      }
      return streamReply((response) => follow(response, lastIdOf(request)))
    },
    describe: {
      id: 'events',
      summary:
        'Notices that decisions made before are to be forgotten: bundle.activated, bundle.withdrawn, cache.purged',
      answers: { 200: { text: 'an event stream', content: { 'text/event-stream': { type: 'string' } } } },
    },
  }
}

const streamReply = (stream: (response: ServerResponse) => void): ApiReply => ({ type: 'text/event-stream', stream })

/** One line each: JSON has no line ends. */
const eventOf = ({ id, type, timestamp, data }: Notice): string =>
  `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ type, timestamp, data })}\n\n`

const lastIdOf = ({ headers }: ApiRequest): string | undefined => {
  const given = headers['last-event-id']
  return typeof given === 'string' && given !== '' ? given : undefined
}
