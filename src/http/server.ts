/**
 * The server under every endpoint of the auth service: limits, parsing, request id, response headers, errors. Endpoints
 * are plain functions from HttpRequest to Reply. RFC 9110; RFC 9700 4.2 (no-store, no-referrer).
 */
import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Clock } from '../kernel/clock.ts'
import { addBodyParsers } from './body-parsers.ts'
import type { CertificateSource } from './certificate-source.ts'
import { schemeOf } from './challenge.ts'
import { ANY_ORIGIN, preflight } from './cross-origin.ts'
import {
  type ErrorStyle,
  errorAnswer,
  type PageError,
  type PublicError,
  publicError,
  type ReadFailure,
  readError,
  serverError,
} from './error-answer.ts'
import { createListener, type ListenerOptions } from './listener.ts'
import type { HttpRequest, Reply } from './message.ts'
import { noSchemas } from './no-schemas.ts'
import { addressReader, originAt } from './origin.ts'
import { isExempt, OVERLOADED, relieved } from './overload.ts'
import { pathTable } from './path-table.ts'
import type { Pressure } from './pressure.ts'
import type { RateLimits } from './rate-limits.ts'
import { refuseRepeatedCredentials } from './repeated-credentials.ts'
import { RequestView } from './request-view.ts'
import { targetOf } from './target.ts'
import type { TlsContext } from './tls.ts'
import { answerUnreadable } from './unreadable.ts'

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH'
  readonly path: string
  readonly errors: ErrorStyle
  /** Pages of any origin may call it and read its answers. */
  readonly anyOrigin?: boolean
  /** GET does more than to show something: HEAD, which browsers and programs send to look ahead, is refused (RFC 9110 9.2.1). */
  readonly actsOnGet?: boolean
  readonly handler: (request: HttpRequest) => Promise<Reply>
}

/** One answered request, for metrics; `path` is the route's pattern, so that labels stay bounded. */
export interface Answered {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly seconds: number
}

export interface ServerOptions {
  readonly endpoints: readonly Endpoint[]
  readonly issuer: string
  readonly tenant: string
  readonly clock: Clock
  /** Absent: plain http. */
  readonly tls?: TlsContext | undefined
  /** Where client certificates come from; absent: nobody is asked for one. */
  readonly certificates?: CertificateSource | undefined
  /** Addresses and CIDR networks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  /** Told once that X-Forwarded-For comes from an address that is none of them. */
  readonly onUnnamedProxy?: () => void
  readonly bodyLimitBytes?: number
  readonly headerLimitBytes?: number
  readonly requestTimeoutMs?: number
  readonly renderErrorPage: (error: PageError) => Reply
  /** Headers that belong to this request's answer, whatever it is; asked once, when it is written. */
  readonly answerHeaders?: (requestId: string) => Readonly<Record<string, string>> | undefined
  /** Absent: nobody is refused for coming too often. */
  readonly rates?: Pick<RateLimits, 'address'> | undefined
  /** Absent: however much comes is taken. */
  readonly pressure?: Pressure | undefined
  /** Told of every failure that is not the caller's: 5xx. */
  readonly onFailure: (error: unknown, request: HttpRequest) => void
  readonly onAnswer?: (answered: Answered) => void
}

const DEFAULTS = { bodyLimitBytes: 64 * 1024, headerLimitBytes: 16 * 1024, requestTimeoutMs: 30 * 1000 }

type Context = Pick<
  ServerOptions,
  | 'issuer'
  | 'tenant'
  | 'clock'
  | 'certificates'
  | 'rates'
  | 'pressure'
  | 'renderErrorPage'
  | 'answerHeaders'
  | 'onFailure'
> & {
  readonly addressOf: ReturnType<typeof addressReader>
  readonly headers: Readonly<Record<string, string>>
}

function commonHeaders(issuer: string): Readonly<Record<string, string>> {
  return {
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...(issuer.startsWith('https:') && { 'strict-transport-security': 'max-age=63072000; includeSubDomains' }),
  }
}

function view(context: Context, request: FastifyRequest): RequestView {
  const { headers } = request
  const forwarded = headers['x-forwarded-for']
  const address = context.addressOf(
    request.raw.socket.remoteAddress,
    typeof forwarded === 'string' ? forwarded : undefined,
  )
  return new RequestView({
    id: request.id,
    method: request.method,
    url: request.url,
    route: request.params as Readonly<Record<string, string>>,
    headers,
    body: request.body,
    origin: originAt(address, context.clock),
    tenant: context.tenant,
    socket: request.raw.socket,
    certificates: context.certificates,
  })
}

function send(context: Context, request: FastifyRequest, reply: FastifyReply, answer: Reply): FastifyReply {
  reply.code(answer.status).headers(context.headers).header('sallyport-request-id', request.id)
  const extra = context.answerHeaders?.(request.id)
  if (extra !== undefined) reply.headers(extra)
  for (const [name, value] of Object.entries(answer.headers ?? {})) reply.header(name, value)
  const { body } = answer
  if (body === undefined) return reply.send()
  if (typeof body === 'string' || body instanceof Uint8Array) {
    if (!reply.hasHeader('content-type')) reply.header('content-type', 'text/plain; charset=utf-8')
    return reply.send(body)
  }
  if (!reply.hasHeader('content-type')) reply.header('content-type', 'application/json')
  return reply.send(JSON.stringify(body))
}

function sendError(
  context: Context,
  style: ErrorStyle,
  request: FastifyRequest,
  reply: FastifyReply,
  error: PublicError,
): FastifyReply {
  const answer = errorAnswer(error, {
    style,
    requestId: request.id,
    scheme: schemeOf(request.headers.authorization),
    headers: request.headers,
    renderErrorPage: context.renderErrorPage,
  })
  return send(context, request, reply, answer)
}

/** Tells of what is ours to mend, and gives what the caller may read. */
function judge(context: Context, request: FastifyRequest, error: unknown): PublicError {
  const known = publicError(error) ?? serverError
  if (known.status >= 500) context.onFailure(error, view(context, request))
  return known
}

const READ_FAILURES: Readonly<Record<string, ReadFailure>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type',
  CONTENT_CODING: 'coding',
  FST_ERR_CTP_BODY_TOO_LARGE: 'too_large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed',
}

/** Fastify's own refusals carry a code and a 4xx status; all others are ours, or nobody's. */
function readFailure(error: unknown): ReadFailure | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const known = READ_FAILURES[code]
  if (known !== undefined) return known
  return typeof error.statusCode === 'number' && error.statusCode < 500 ? 'malformed' : undefined
}

function mount(app: FastifyInstance, context: Context, style: ErrorStyle, endpoints: readonly Endpoint[]): void {
  const toAnyOrigin: Context = { ...context, headers: { ...context.headers, ...ANY_ORIGIN } }
  const open = new Set(endpoints.filter(({ anyOrigin }) => anyOrigin).map(({ path }) => path))
  const contextOf = (path: string | undefined) => (path !== undefined && open.has(path) ? toAnyOrigin : context)
  addBodyParsers(app, style)
  app.setErrorHandler((error, request, reply) => {
    const failure = readFailure(error)
    const known = failure === undefined ? judge(context, request, error) : readError(failure, style)
    return sendError(contextOf(request.routeOptions.url), style, request, reply, known)
  })
  for (const { method, path, actsOnGet, handler } of endpoints) {
    const answering = contextOf(path)
    const checkAddress = context.rates?.address(path)
    const isSpelt = targetOf(path)
    const pressure = isExempt(path) ? undefined : context.pressure
    app.route({
      method,
      url: path,
      exposeHeadRoute: actsOnGet !== true,
      handler: async (request, reply) => {
        if (!isSpelt(request.url)) return sendError(answering, style, request, reply, readError('malformed', style))
        if (pressure?.enter() === false) return sendError(answering, style, request, reply, OVERLOADED)
        try {
          refuseRepeatedCredentials(request.raw)
          const received = view(context, request)
          const waiting = checkAddress?.(received)
          if (waiting !== undefined) await waiting
          return send(answering, request, reply, await handler(received))
        } catch (error) {
          return sendError(answering, style, request, reply, judge(context, request, error))
        } finally {
          pressure?.leave()
        }
      },
    })
  }
}

/** A browser that opens an address names HTML first; programs name what they read, or anything. RFC 9110 12.5.1. */
const isForReading = (accept: string | undefined): boolean => /^\s*text\/html\b/i.test(accept ?? '')

function addUnmatched(app: FastifyInstance, context: Context, match: ReturnType<typeof pathTable>): void {
  app.removeAllContentTypeParsers()
  // Nothing is there to read it: the body is left where it is.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.setNotFoundHandler((request, reply) => {
    const { style, allow, anyOrigin } = match(request.url.split('?')[0] ?? '')
    if (anyOrigin && request.method === 'OPTIONS') return send(context, request, reply, preflight(allow))
    if (allow.length > 0) reply.header('allow', allow.join(', '))
    if (allow.length > 0) return sendError(context, style, request, reply, readError('method', style))
    const shown = isForReading(request.headers.accept) ? 'page' : style
    return sendError(context, shown, request, reply, readError('not_found', shown))
  })
}

const listenerOptions = (options: ServerOptions): ListenerOptions => ({
  tls: options.tls,
  headerBytes: options.headerLimitBytes ?? DEFAULTS.headerLimitBytes,
  requestMs: options.requestTimeoutMs ?? DEFAULTS.requestTimeoutMs,
})

/** A further listener with the same endpoints, not bound yet. It closes with the server. */
export function alsoListen(app: FastifyInstance, options: ServerOptions, tls = options.tls): Server {
  const answer = relieved(options, (request, response) => app.routing(request, response))
  const listener = createListener({ ...listenerOptions(options), tls }, answer)
  listener.on('clientError', answerUnreadable(commonHeaders(options.issuer)))
  app.server.once('close', () => {
    listener.close()
    listener.closeIdleConnections()
  })
  return listener
}

export function buildServer(options: ServerOptions): FastifyInstance {
  const context: Context = {
    ...options,
    addressOf: addressReader(options.trustedProxies, options.onUnnamedProxy),
    headers: commonHeaders(options.issuer),
  }
  const match = pathTable(options.endpoints)
  const app = Fastify({
    logger: false,
    bodyLimit: options.bodyLimitBytes ?? DEFAULTS.bodyLimitBytes,
    serverFactory: (answer) => createListener(listenerOptions(options), relieved(options, answer)),
    clientErrorHandler: answerUnreadable(context.headers),
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    schemaController: noSchemas,
    forceCloseConnections: 'idle',
    // The query is parsed by us, once, where an endpoint reads it.
    routerOptions: { querystringParser: () => ({}) },
    frameworkErrors: (_error, request, reply) => {
      const { style } = match(request.url.split('?')[0] ?? '')
      return sendError(context, style, request, reply, readError('malformed', style))
    },
  })
  const { onAnswer } = options
  if (onAnswer !== undefined)
    app.addHook('onResponse', (request, reply, done) => {
      onAnswer({
        method: request.method,
        path: request.routeOptions.url ?? 'unmatched',
        status: reply.statusCode,
        seconds: reply.elapsedTime / 1000,
      })
      done()
    })
  const styles = new Set(options.endpoints.map((endpoint) => endpoint.errors))
  for (const style of styles)
    app.register(async (scope) =>
      mount(
        scope,
        context,
        style,
        options.endpoints.filter((endpoint) => endpoint.errors === style),
      ),
    )
  addUnmatched(app, context, match)
  return app
}
