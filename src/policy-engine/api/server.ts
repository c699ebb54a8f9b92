/** The policy API, by default on 8181: OPA's Data API, health, status, metrics. Limits first, then access, then the answer. */
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { noSchemas } from '../../http/no-schemas.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Metrics } from '../../observability/metrics.ts'
import { API_LIMITS, type ApiLimits } from '../listen.ts'
import { type AccessOptions, admit, type Caller } from './access.ts'
import { ApiError } from './api-error.ts'
import { answerData, type DataDeps } from './data.ts'
import { health, type OperationsDeps, purgeCache } from './operations.ts'
import { type Address, readAddress } from './url.ts'

export interface PolicyApiOptions extends AccessOptions, OperationsDeps {
  readonly node: DataDeps['node']
  readonly version: string
  readonly logger: Logger
  readonly metrics: Metrics
  readonly limits?: Partial<ApiLimits>
}

interface Admitted {
  readonly address: Address
  readonly caller: Caller
}

type Answer = (request: FastifyRequest, reply: FastifyReply, admitted: Admitted) => unknown

export function createPolicyApi(options: PolicyApiOptions): FastifyInstance {
  const limits = { ...API_LIMITS, ...options.limits }
  const app = fastify({
    schemaController: noSchemas,
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    http: { maxHeaderSize: limits.headerBytes },
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: limits.headerBytes },
    frameworkErrors: (_error, request, reply) => sendError(options, request, reply, badAddress()),
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  guardAndMeasure(app, options, limits)
  routes(app, options, limits)
  app.setErrorHandler((error: FastifyError, request, reply) => sendError(options, request, reply, error))
  app.setNotFoundHandler((request, reply) =>
    sendError(options, request, reply, new ApiError('resource_not_found', 'there is nothing at this address')),
  )
  return app
}

function routes(app: FastifyInstance, options: PolicyApiOptions, limits: ApiLimits): void {
  const on = (methods: readonly string[], urls: readonly string[], answer: Answer) => {
    for (const url of urls) {
      app.route({ method: [...methods], url, handler: (request, reply) => answer(request, reply, admittedOf(request)) })
      const others = app.supportedMethods.filter((method) => !methods.includes(method))
      app.route({
        method: others,
        url,
        handler: () => {
          const allow = { allow: methods.join(', ') }
          throw new ApiError('method_not_allowed', 'this address does not take this method', allow)
        },
      })
    }
  }
  const data: DataDeps = { node: options.node, version: options.version, bodyLimit: limits.bodyBytes }
  on(['GET', 'POST'], ['/v1/data', '/v1/data/*'], (request, reply, admitted) =>
    answerData(data, request, reply, admitted),
  )
  on(['GET'], ['/health'], (_request, reply, { address }) => {
    const { status, body } = health(options, address.query)
    return reply.code(status).send(body)
  })
  on(['GET'], ['/v1/status'], () => ({ result: options.status() }))
  on(['GET'], ['/metrics'], async (_request, reply) => {
    reply.type(options.metrics.registry.contentType)
    return options.metricsText()
  })
  on(['POST'], ['/v1/cache/purge'], (request, reply) => {
    purgeCache(options, request.body)
    return reply.code(204).send()
  })
}

const admissions = new WeakMap<FastifyRequest, Admitted>()
const started = new WeakMap<FastifyRequest, number>()

function admittedOf(request: FastifyRequest): Admitted {
  const admitted = admissions.get(request)
  // Holds when a route is added outside the hook's reach: nobody gets in unjudged.
  if (admitted === undefined) throw new ApiError('forbidden', 'the request was not judged')
  return admitted
}

/** Before the body is read: capacity, address, caller. After the answer: the measure. */
function guardAndMeasure(app: FastifyInstance, options: PolicyApiOptions, limits: ApiLimits): void {
  let inFlight = 0
  app.addHook('onRequest', async (request, reply) => {
    started.set(request, performance.now())
    inFlight += 1
    reply.raw.once('close', () => {
      inFlight -= 1
    })
    if (inFlight > limits.inFlight) {
      throw new ApiError('too_many_requests', 'too many requests at once', { 'retry-after': '1' })
    }
    const address = readAddress(request.raw.url ?? '/')
    const { method, headers } = request
    const caller = admit(options, { method, segments: address.segments, headers, address: request.ip })
    admissions.set(request, { address, caller })
    const revision = options.node.active?.revision
    if (revision !== undefined) reply.header('sallyport-revision', revision)
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
  })
  app.addHook('onResponse', async (request, reply) => {
    const since = started.get(request)
    if (since === undefined) return
    const handler = request.routeOptions.url?.replace('/*', '').slice(1) ?? 'other'
    const labels = { code: String(reply.statusCode), handler, method: request.method }
    options.metrics.http.observe(labels, (performance.now() - since) / 1000)
  })
}

const badAddress = () => new ApiError('invalid_parameter', 'the path is not escaped properly')

function sendError(
  { logger }: PolicyApiOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  error: FastifyError | ApiError,
) {
  const known = error instanceof ApiError ? error : asApiError(error)
  if (known === undefined) logger.error({ err: error, handler: request.routeOptions.url }, 'policy API failed')
  const { code, message, status, headers } =
    known ?? new ApiError('internal_error', 'the service met an unexpected condition')
  if (status === 401 || status === 403) logger.warn({ handler: request.routeOptions.url, code }, 'caller refused')
  return reply
    .code(status)
    .headers(headers)
    .type('application/json')
    .send(`${JSON.stringify({ code, message })}\n`)
}

/** What fastify itself refuses. */
function asApiError(error: FastifyError): ApiError | undefined {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new ApiError('payload_too_large', 'the body is too large')
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new ApiError('invalid_parameter', 'the request is malformed')
  }
  return undefined
}
