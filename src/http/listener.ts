/** The sockets under the server: plain, or over TLS, with bounds on what a request's head may be and how slowly it may come. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { TlsContext } from './tls.ts'

export interface ListenerOptions {
  readonly tls?: TlsContext | undefined
  readonly headerBytes: number
  /** Within which a request must have come whole. */
  readonly requestMs: number
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** How often connections that send too slowly are looked for. */
const LOOK_FOR_SLOW_MS = 5 * 1000
/** Longer than the idle times of the usual load balancers, so that these close first. */
const IDLE_MS = 72 * 1000
const HEADERS_MS = 10 * 1000
export const MAX_HEADERS = 100

export function createListener({ tls, headerBytes, requestMs }: ListenerOptions, answer: Answer): Server {
  const rules = {
    maxHeaderSize: headerBytes,
    requestTimeout: requestMs,
    headersTimeout: Math.min(HEADERS_MS, requestMs),
    connectionsCheckingInterval: LOOK_FOR_SLOW_MS,
    keepAliveTimeout: IDLE_MS,
  }
  const secure = tls && createSecureServer({ ...rules, ...tls.options() }, answer)
  if (secure) tls.adopt(secure)
  const server = secure ?? createServer(rules, answer)
  // One more is 431 (RFC 6585 5): none is left out, since the last are those that a proxy wrote.
  server.maxHeadersCount = MAX_HEADERS
  return server
}
