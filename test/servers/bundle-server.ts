/**
 * For tests: a bundle server on loopback that behaves as OPA's documentation says ("Bundle Service API"; its own reference is
 * `v1/download/testharness.go` of the Go module), and can be told to misbehave.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => unknown

export interface BundleServer {
  readonly url: string
  /** Headers of each request, oldest first. */
  readonly requests: readonly SeenRequest[]
  /** What is served from now on; wakes those who wait. */
  put(bytes: Uint8Array | undefined, etag?: string): void
  /** Answers in place of the server; undefined: it behaves. */
  misbehave(as: Misbehaviour | undefined): void
  /** Whether long polls are answered as such. */
  holdsAnswers: boolean
  /** Resolves when so many requests were seen. */
  seen(count: number): Promise<void>
  close(): void
}

export interface SeenRequest {
  readonly path: string
  readonly ifNoneMatch: string | undefined
  readonly prefer: string | undefined
  readonly authorization: string | undefined
}

export async function startBundleServer(port = 0): Promise<BundleServer> {
  const requests: SeenRequest[] = []
  let wakeSeen: (() => void)[] = []
  let wakePollers: (() => void)[] = []
  let bytes: Uint8Array | undefined
  let etag = ''
  let misbehaviour: Misbehaviour | undefined
  let holds = false

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { prefer, authorization } = request.headers
    const ifNoneMatch = request.headers['if-none-match']
    requests.push({ path: request.url ?? '', ifNoneMatch, prefer: one(prefer), authorization })
    for (const wake of wakeSeen.splice(0)) wake()
    if (misbehaviour !== undefined) return void misbehaviour(request, response)
    const waitSeconds = /(?:^|;)\s*wait=(\d+)/.exec(one(prefer) ?? '')?.[1]
    if (holds && waitSeconds !== undefined && ifNoneMatch === etag) {
      const changed = new Promise<void>((resolve) => wakePollers.push(resolve))
      const late = setTimeout(() => wake(), Number(waitSeconds) * 1000)
      response.once('close', () => wake())
      await changed
      clearTimeout(late)
    }
    if (response.destroyed) return
    if (bytes !== undefined && ifNoneMatch !== undefined && ifNoneMatch === etag) {
      return void response.writeHead(304, { etag }).end()
    }
    const type = holds ? 'application/vnd.openpolicyagent.bundles' : 'application/gzip'
    response.writeHead(200, { 'content-type': type, ...(bytes && etag !== '' && { etag }) }).end(bytes)
  }
  const wake = () => {
    for (const poller of wakePollers.splice(0)) poller()
  }
  const server = createServer((request, response) => void answer(request, response))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    put: (next, tag = `"${requests.length}-${next?.byteLength}"`) => {
      bytes = next
      etag = tag
      wake()
    },
    misbehave: (as) => {
      misbehaviour = as
      wake()
    },
    get holdsAnswers() {
      return holds
    },
    set holdsAnswers(value) {
      holds = value
    },
    seen: async (count) => {
      while (requests.length < count) await new Promise<void>((resolve) => wakeSeen.push(resolve))
    },
    close: () => {
      wakeSeen = []
      wakePollers = []
      server.close()
      server.closeAllConnections()
    },
  }
}

const one = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header)
