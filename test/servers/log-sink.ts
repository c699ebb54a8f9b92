/**
 * For tests: a service that takes OPA's decision logs, on loopback. It refuses what is no gzipped JSON array, and can be made
 * to fail: with a status, by being slow, by breaking the connection, before or after it kept what it was sent.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'

/** A status to answer with, `drop` breaks the connection, `slow` keeps and answers late, `lost` keeps and breaks. */
export type Mood = number | 'drop' | 'slow' | 'lost'

export interface Chunk {
  readonly path: string
  /** As it was sent. */
  readonly bytes: number
  readonly headers: IncomingMessage['headers']
  /** JSON texts. */
  readonly events: readonly string[]
}

export interface LogSink {
  readonly url: string
  /** Those that were kept. */
  readonly chunks: readonly Chunk[]
  /** Requests, whatever became of them. */
  readonly asked: number
  /** How it answers from now on; or one after the other, the last one for ever. */
  feel(...moods: Mood[]): void
  /** JSON texts of all events kept, in order. */
  events(): readonly string[]
  decisionIds(): readonly string[]
  /** Nothing listens until `open`. */
  shut(): Promise<void>
  open(): Promise<void>
  stop(): Promise<void>
}

export interface LogSinkOptions {
  /** Answers 413 to more, compressed. */
  readonly maxBytes?: number
}

const LATE_MS = 300

export async function startLogSink({ maxBytes = 1024 * 1024 }: LogSinkOptions = {}): Promise<LogSink> {
  const chunks: Chunk[] = []
  let moods: Mood[] = [200]
  let asked = 0
  let port = 0

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    asked += 1
    const mood = (moods.length > 1 ? moods.shift() : moods[0]) ?? 200
    const body = await buffer(request)
    if (mood === 'drop') return void response.destroy()
    if (typeof mood === 'number' && mood !== 200) return void response.writeHead(mood).end()
    if (body.byteLength > maxBytes) return void response.writeHead(413).end()
    const events = eventsIn(request, body)
    if (events === undefined) return void response.writeHead(400).end()
    chunks.push({ path: request.url ?? '', bytes: body.byteLength, headers: request.headers, events })
    if (mood === 'lost') return void response.destroy()
    if (mood === 'slow') await pause(LATE_MS)
    response.writeHead(204).end()
  }
  let server = createServer()
  const open = async (): Promise<void> => {
    server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }
  const shut = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  await open()
  const events = () => chunks.flatMap((chunk) => chunk.events)
  return {
    url: `http://127.0.0.1:${port}`,
    chunks,
    get asked() {
      return asked
    },
    feel: (...next) => {
      moods = next
    },
    events,
    decisionIds: () => events().map((event) => String((JSON.parse(event) as Record<string, unknown>).decision_id)),
    shut,
    open,
    stop: shut,
  }
}

function eventsIn(request: IncomingMessage, body: Uint8Array): readonly string[] | undefined {
  if (request.method !== 'POST' || request.headers['content-encoding'] !== 'gzip') return undefined
  if (request.headers['content-type'] !== 'application/json') return undefined
  try {
    const events: unknown = JSON.parse(gunzipSync(body).toString('utf8'))
    return Array.isArray(events) && events.length > 0 ? events.map((event) => JSON.stringify(event)) : undefined
  } catch {
    return undefined
  }
}
