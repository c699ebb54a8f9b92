/**
 * `sallyport/resource-server`: what an API does with an access token. It judges JWT from published keys, asks introspection
 * about opaque ones (or all), checks DPoP and certificate binding, and answers challenges. RFC 6750, 9068, 7662, 9449, 8705,
 * 9470.
 *
 *     const api = createResourceServer({ issuer: 'https://id.example', audience: 'https://api.example' })
 *     app.get('/orders', api.guard({ scopes: ['orders:read'] }), (request, response) => …)
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import { type Access, AccessRefused, type Demand, meetDemand, requireCurrent } from './access.ts'
import { holderCheck, type Presented } from './holder.ts'
import { introspector } from './introspection.ts'
import { jwtJudge } from './jwt.ts'
import { checkOptions, type ResourceServerOptions, readDemand } from './options.ts'
import { providerOf } from './provider.ts'

export type { Access, Demand, RefusalCode } from './access.ts'
export { AccessRefused } from './access.ts'
export type { DpopOptions } from './holder.ts'
export type { IntrospectionOptions } from './introspection.ts'
export { type OfflinePolicy, type OfflinePolicyOptions, openOfflinePolicy } from './offline-policy.ts'
export type { ResourceServerOptions } from './options.ts'

export type Next = (error?: unknown) => void
export type GuardedRequest = IncomingMessage & { access?: Access }
export type Middleware = (request: GuardedRequest, response: ServerResponse, next: Next) => void

export interface ResourceServer {
  /**
   * Throws AccessRefused, TypeError where the demand is none, and what the provider or a function of the options throws: never
   * a yes. A request is judged once: further checks and guards of it look at their demand and the clock.
   */
  check(request: IncomingMessage, demand?: Demand): Promise<Access>
  /**
   * For node:http, connect, express: sets `request.access`, or answers the challenge and goes no further. What the handler
   * after it throws reads 500. Throws TypeError or RangeError where the demand is none.
   */
  guard(demand?: Demand): Middleware
}

const SCHEME = /^(bearer|dpop)( |$)/i
const AUTHORIZATION = /^(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)$/i
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/
/** The form of this provider's opaque tokens. */
const OPAQUE = /^at_[\w.~-]{30,120}$/

const ofConnection = ({ socket }: IncomingMessage): Uint8Array | undefined =>
  socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined

/** As the client wrote it: connect and express take what they are mounted under away from `url`. */
function pathOf(request: IncomingMessage & { originalUrl?: unknown }): string {
  const target = typeof request.originalUrl === 'string' ? request.originalUrl : (request.url ?? '/')
  return target.split('?')[0] ?? '/'
}

const peerAddress = ({ socket }: IncomingMessage): string => socket.remoteAddress ?? ''

function readPresented(
  request: IncomingMessage,
  certificate: Uint8Array | undefined,
  clientAddress: (request: IncomingMessage) => string,
): Presented {
  const { authorization, dpop } = request.headers
  // RFC 6750 3.1: who authenticates otherwise, as with Basic, has sent no token, and reads how to.
  if (authorization === undefined || !SCHEME.test(authorization))
    throw new AccessRefused('missing_token', 'Send an access token.')
  const [, scheme, token] = AUTHORIZATION.exec(authorization) ?? []
  if (scheme === undefined || token === undefined)
    throw new AccessRefused('invalid_request', 'The Authorization header holds no access token.')
  return {
    token,
    scheme: scheme.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer',
    method: request.method ?? 'GET',
    path: pathOf(request),
    address: clientAddress(request),
    proof: Array.isArray(dpop) ? dpop.join(', ') : dpop,
    certificate,
  }
}

function judgeOf(options: ResourceServerOptions): (presented: Presented) => Promise<Access> {
  const { issuer, audience, introspection } = options
  const provider = providerOf(issuer)
  const judgeJwt = jwtJudge(issuer, audience, provider)
  const introspect = introspection && introspector(issuer, audience, introspection, provider)
  return async ({ token, address }) => {
    // Three parts around dots: what opaque tokens of this provider have too, begins otherwise.
    const isJwt = JWT.test(token) && token.startsWith('ey')
    // Its signature first, also where it is asked about: what anybody can make up costs the provider nothing.
    const access = isJwt ? await judgeJwt(token) : undefined
    if (access !== undefined && introspection?.when !== 'always') return access
    if (introspect !== undefined && (isJwt || OPAQUE.test(token)))
      return introspect(token, { address, isSigned: isJwt })
    throw new AccessRefused('invalid_token', 'The access token is invalid or expired.')
  }
}

/** What the handler threw, where no framework took it: it has begun its answer, or it never will. */
function answerFailure(response: ServerResponse): void {
  if (response.writableEnded) return
  if (response.headersSent) return void response.destroy()
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.writeHead(500, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify({ error: 'server_error', error_description: 'The request could not be served.' }))
}

function answerRefusal(response: ServerResponse, refused: AccessRefused): void {
  response.writeHead(refused.status, { 'content-type': 'application/json', ...refused.headers() })
  response.end(JSON.stringify(refused.body()))
}

const toStderr = (error: unknown) => console.error(error)

interface Judged {
  /** `authorization` and `dpop`, as they stood. */
  readonly brought: string
  /** A refusal stays one. */
  readonly access: Promise<Access>
}

const broughtBy = ({ headers: { authorization, dpop } }: IncomingMessage): string =>
  JSON.stringify([authorization, dpop])

/** Throws TypeError or RangeError where an option is missing, unknown or wrong. */
export function createResourceServer(options: ResourceServerOptions): ResourceServer {
  checkOptions(options)
  const { clientCertificate = ofConnection, clientAddress = peerAddress, onRefused, onError = toStderr } = options
  const judge = judgeOf(options)
  const checkHolder = holderCheck(options.dpop)
  const judged = new WeakMap<IncomingMessage, Judged>()

  async function judgeAnew(request: IncomingMessage): Promise<Access> {
    const presented = readPresented(request, clientCertificate(request), clientAddress)
    const access = await judge(presented)
    await checkHolder(access, presented)
    return access
  }

  /** Of a guard and those behind it the first judges for all: a proof is good once (RFC 9449 11.1). */
  function judgeOnce(request: IncomingMessage): Promise<Access> {
    const brought = broughtBy(request)
    const known = judged.get(request)
    if (known?.brought === brought) return known.access
    const access = judgeAnew(request)
    judged.set(request, { brought, access })
    return access
  }

  async function checkAccess(request: IncomingMessage, demand: Demand): Promise<Access> {
    try {
      const access = await judgeOnce(request)
      const now = Date.now() / 1000
      requireCurrent(access, now)
      meetDemand(access, demand, now)
      return access
    } catch (error) {
      throw error instanceof AccessRefused && options.dpop === undefined ? error.withoutDpop() : error
    }
  }

  /** What a function of the author's throws changes no answer, and ends no process. */
  function report(error: unknown, request: IncomingMessage): void {
    try {
      onError(error, request)
    } catch (another) {
      toStderr(another)
    }
  }

  function tellRefused(refused: AccessRefused, request: IncomingMessage): void {
    try {
      onRefused?.(refused, request)
    } catch (error) {
      report(error, request)
    }
  }

  async function attempt(request: IncomingMessage, demand: Demand): Promise<Access | AccessRefused> {
    try {
      return await checkAccess(request, demand)
    } catch (cause) {
      if (cause instanceof AccessRefused) return cause
      return new AccessRefused('temporarily_unavailable', 'The request cannot be judged right now.', { cause })
    }
  }

  /** `next` is called once and only for who passed: a handler that reads no error would serve anybody. */
  async function admit(request: GuardedRequest, response: ServerResponse, demand: Demand, next: Next): Promise<void> {
    const access = await attempt(request, demand)
    if (access instanceof AccessRefused) {
      tellRefused(access, request)
      return answerRefusal(response, access)
    }
    request.access = access
    // Express and connect take what their handlers throw; that of node:http may return a promise.
    await next()
  }

  return {
    check: async (request, demand = {}) => checkAccess(request, readDemand(demand)),
    guard: (demand = {}) => {
      const asked = readDemand(demand)
      return (request, response, next) => {
        admit(request, response, asked, next).catch((error: unknown) => {
          answerFailure(response)
          report(error, request)
        })
      }
    },
  }
}
