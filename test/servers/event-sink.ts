/**
 * For tests: who receives security events, as an HTTPS server of its own on loopback. It keeps what it took, and can be made to
 * fail: with a status, by being slow, by breaking the connection before or after it kept what it was sent, by not listening.
 */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import type { CertificateFiles } from './certificates.ts'

/** A status, perhaps with a JSON body and headers, to answer with; `drop` breaks the connection, `slow` keeps and answers late, `lost` keeps and breaks, `hang` never answers. */
export type Mood = number | Answer | 'drop' | 'slow' | 'lost' | 'hang'

type Answer = readonly [status: number, body: object, headers?: Readonly<Record<string, string>>]

export interface Received {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface EventSink {
  readonly url: string
  /** Those that were kept, in order. */
  readonly kept: Received[]
  /** Requests, whatever became of them. */
  readonly asked: number
  /** At once, at most so far. */
  readonly atOnce: number
  /** How it answers from now on; or one after the other, the last one for ever. */
  feel(...moods: Mood[]): void
  /** What it answers 500 to, whatever it feels. */
  refuse(which: (body: string) => boolean): void
  /** Nothing listens until `open`. */
  shut(): Promise<void>
  open(): Promise<void>
}

const LATE_MS = 300

export async function startEventSink({ certFile, keyFile }: CertificateFiles, good = 200): Promise<EventSink> {
  const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
  const kept: Received[] = []
  let moods: Mood[] = [good]
  let refused = (_body: string): boolean => false
  const count = { asked: 0, underWay: 0, atOnce: 0 }
  let port = 0
  let server: Server

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    count.asked += 1
    const mood = (moods.length > 1 ? moods.shift() : moods[0]) ?? good
    const body = await text(request)
    if (mood === 'hang') return undefined
    if (refused(body)) return void response.writeHead(500).end()
    if (mood === 'drop') return void response.destroy()
    if (typeof mood === 'object') return void response.writeHead(mood[0], mood[2]).end(JSON.stringify(mood[1]))
    if (typeof mood === 'number' && (mood < 200 || mood > 299)) return void response.writeHead(mood).end()
    kept.push({ path: request.url ?? '', headers: request.headers, body })
    if (mood === 'lost') return void response.destroy()
    if (mood === 'slow') await pause(LATE_MS)
    response.writeHead(typeof mood === 'number' ? mood : good).end()
  }
  const counted = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    count.underWay += 1
    count.atOnce = Math.max(count.atOnce, count.underWay)
    await answer(request, response).catch(() => response.destroy())
    count.underWay -= 1
  }
  const open = async (): Promise<void> => {
    server = createServer(tls, (request, response) => void counted(request, response))
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }
  await open()
  return {
    get url() {
      return `https://localhost:${port}/events`
    },
    kept,
    get asked() {
      return count.asked
    },
    get atOnce() {
      return count.atOnce
    },
    feel: (...next) => {
      moods = next
    },
    refuse: (which) => {
      refused = which
    },
    shut: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
    open,
  }
}
