/**
 * The policy API, by default on 8181: OPA's Data API, health, status, metrics. Each request goes the same way: capacity,
 * address, access, then the route's answer. On node:http alone: a framework's share was a third of what a question costs.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { openTlsContext } from '../../http/tls.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Metrics } from '../../observability/metrics.ts'
import { seriesOf } from '../../observability/series.ts'
import { API_LIMITS, type ApiLimits, type ApiTls } from '../listen.ts'
import { type AccessOptions, admit, permits } from './access.ts'
import { ApiError, errorBody } from './api-error.ts'
import { readBody } from './body.ts'
import type { DataDeps } from './data.ts'
import { type ApiReply, type ApiRoute, json } from './exchange.ts'
import type { OperationsDeps } from './operations.ts'
import { sendReply } from './reply.ts'
import { routeTree } from './route-tree.ts'
import { apiRoutes } from './routes.ts'
import { readAddress } from './url.ts'

export interface PolicyApiOptions extends AccessOptions, OperationsDeps {
  readonly node: OperationsDeps['node']
  readonly version: string
  readonly logger: Logger
  readonly metrics: Metrics
  readonly limits?: Partial<ApiLimits>
  /** Throws ConfigError where its files cannot be used. */
  readonly tls?: ApiTls | undefined
  /** What `POST /` asks; OPA's default where it is absent. */
  readonly defaultDecision?: DataDeps['defaultDecision'] | undefined
}

export interface PolicyApi {
  readonly routes: readonly ApiRoute[]
  readonly server: Server | SecureServer
  /** Resolves with its port. */
  listen(at: { readonly host: string; readonly port: number }): Promise<number>
  /** Ends open connections too. */
  close(): Promise<void>
}

/** How often connections that send too slowly are looked for. */
const LOOK_FOR_SLOW_MS = 1000
const MAX_HEADERS = 100

export function createPolicyApi(options: PolicyApiOptions): PolicyApi {
  const limits = { ...API_LIMITS, ...options.limits }
  const routes = apiRoutes(options)
  const { logger, metrics } = options
  const tls =
    options.tls && openTlsContext({ setting: 'policy.tls', listener: 'policy', files: options.tls, logger, metrics })
  const listener = requestListener(options, limits, routes)
  const rules = {
    maxHeaderSize: limits.headerBytes,
    requestTimeout: limits.requestMs,
    headersTimeout: limits.requestMs,
    connectionsCheckingInterval: LOOK_FOR_SLOW_MS,
    keepAliveTimeout: limits.idleMs,
  }
  const secure = tls && createSecureServer({ ...rules, ...tls.options() }, listener)
  if (secure) tls.adopt(secure)
  const server = secure ?? createServer(rules, listener)
  server.maxHeadersCount = MAX_HEADERS
  return {
    routes,
    server,
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.off('error', reject)
          resolve((server.address() as AddressInfo).port)
        })
      }),
    close: () =>
      new Promise((resolve) => {
        tls?.close()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function requestListener(options: PolicyApiOptions, limits: ApiLimits, routes: readonly ApiRoute[]) {
  const { node, metrics, logger } = options
  const find = routeTree(routes)
  const measure = measureOf(metrics)
  let inFlight = 0

  const answer = (request: IncomingMessage, startedMs: number, seen: Seen): ApiReply | Promise<ApiReply> => {
    if (inFlight > limits.inFlight) {
      throw new ApiError('too_many_requests', 'too many requests at once', { headers: { 'retry-after': '1' } })
    }
    const { method = '', headers, socket } = request
    const address = readAddress(request.url ?? '/')
    const { methods, route, rest } = find(method === 'HEAD' ? 'GET' : method, address.segments)
    const [any] = methods.values()
    seen.handler = any?.handler ?? 'other'
    const judged = method === 'HEAD' && route?.head === true ? 'GET' : method
    const caller = admit(options, { method: judged, segments: address.segments, headers, socket })
    if (any === undefined) throw new ApiError('resource_not_found', 'there is nothing at this address')
    if (route === undefined || (method === 'HEAD' && route.head !== true)) throw notAllowed(methods)
    const body = () => readBody(request, limits.bodyBytes)
    const alsoPermits = (segments: readonly string[]) => permits(options, caller, { method, segments })
    return route.answer({ method, address, rest, headers, caller, startedMs, permits: alsoPermits, body })
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const startedMs = performance.now()
    const seen: Seen = { handler: 'other' }
    inFlight += 1
    response.once('close', () => {
      inFlight -= 1
      measure(request.method ?? '', seen.handler, response.statusCode, (performance.now() - startedMs) / 1000)
    })
    const revision = node.active?.revision
    try {
      await sendReply(request, response, await answer(request, startedMs, seen), revision)
    } catch (error) {
      const known = error instanceof ApiError ? error : undefined
      if (known === undefined) logger.error({ err: error, handler: seen.handler }, 'policy API failed')
      const failure = known ?? new ApiError('internal_error', 'the service met an unexpected condition')
      if (failure.status === 401 || failure.status === 403) {
        logger.warn({ handler: seen.handler, code: failure.code }, 'caller refused')
      }
      // The answer had begun already: all that is left is to end it, visibly unfinished.
      if (response.headersSent) return void response.destroy()
      const { status, headers } = failure
      await sendReply(request, response, json(errorBody(failure), { status, headers }), revision)
    }
  }
}

interface Seen {
  handler: string
}

function notAllowed(methods: ReadonlyMap<string, ApiRoute>): ApiError {
  const allow = [...methods].flatMap(([method, { head }]) => (head === true ? [method, 'HEAD'] : [method]))
  return new ApiError('method_not_allowed', 'this address does not take this method', {
    headers: { allow: allow.join(', ') },
  })
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])

function measureOf({ http }: Metrics) {
  const series = seriesOf((code = '', handler = '', method = '') => http.labels({ code, handler, method }))
  return (method: string, handler: string, status: number, seconds: number): void => {
    const known = METHODS.has(method) ? method.toLowerCase() : 'other'
    series(String(status), handler, known).observe(seconds)
  }
}
