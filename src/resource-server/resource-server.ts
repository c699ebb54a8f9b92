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
import { type Access, AccessRefused, type Demand, meetDemand } from './access.ts'
import { type DpopOptions, holderCheck, type Presented } from './holder.ts'
import { type IntrospectionOptions, introspector } from './introspection.ts'
import { jwtJudge } from './jwt.ts'
import { providerOf } from './provider.ts'

export type { Access, Demand, RefusalCode } from './access.ts'
export { AccessRefused } from './access.ts'
export type { DpopOptions } from './holder.ts'
export type { IntrospectionOptions } from './introspection.ts'
export { type OfflinePolicy, type OfflinePolicyOptions, openOfflinePolicy } from './offline-policy.ts'

export interface ResourceServerOptions {
  /** `iss` of the tokens; its metadata is read from it. */
  readonly issuer: string
  /** Resource indicator of this API (RFC 8707): tokens for another are refused. */
  readonly audience: string
  /** Needed for opaque tokens. */
  readonly introspection?: IntrospectionOptions & {
    /** `always`: JWT too, so that a revocation counts after `cacheSeconds`, not at `exp`. Default `opaque`. */
    readonly when?: 'opaque' | 'always'
  }
  /** Without it, tokens bound by DPoP are refused. */
  readonly dpop?: DpopOptions
  /** DER of the client certificate; default: that of the TLS connection. Behind a proxy, read it from its header. */
  readonly clientCertificate?: (request: IncomingMessage) => Uint8Array | undefined
  /** Whoever sends too many tokens that are none is asked to wait; default: the peer of the connection. Behind a proxy, read it from its header. */
  readonly clientAddress?: (request: IncomingMessage) => string
  /** Told of every refusal with its private cause, for the log. Neither holds the token. */
  readonly onRefused?: (refused: AccessRefused, request: IncomingMessage) => void
}

export type Next = (error?: unknown) => void
export type GuardedRequest = IncomingMessage & { access?: Access }
export type Middleware = (request: GuardedRequest, response: ServerResponse, next: Next) => void

export interface ResourceServer {
  /** Throws AccessRefused; everything else that goes wrong is refused too, as unavailable. */
  check(request: IncomingMessage, demand?: Demand): Promise<Access>
  /** For node:http, connect, express: sets `request.access`, or answers the challenge and goes no further. */
  guard(demand?: Demand): Middleware
}

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
  if (authorization === undefined) throw new AccessRefused('missing_token', 'Send an access token.')
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
    if (introspect !== undefined && (isJwt || OPAQUE.test(token))) return introspect(token, address)
    throw new AccessRefused('invalid_token', 'The access token is invalid or expired.')
  }
}

export function createResourceServer(options: ResourceServerOptions): ResourceServer {
  const { clientCertificate = ofConnection, clientAddress = peerAddress, onRefused } = options
  const judge = judgeOf(options)
  const checkHolder = holderCheck(options.dpop ?? { origins: [] })

  async function check(request: IncomingMessage, demand: Demand = {}): Promise<Access> {
    const presented = readPresented(request, clientCertificate(request), clientAddress)
    const access = await judge(presented)
    await checkHolder(access, presented)
    meetDemand(access, demand, Date.now() / 1000)
    return access
  }

  async function admit(request: GuardedRequest, response: ServerResponse, demand: Demand): Promise<boolean> {
    try {
      request.access = await check(request, demand)
      return true
    } catch (cause) {
      const refused =
        cause instanceof AccessRefused
          ? cause
          : new AccessRefused('temporarily_unavailable', 'The request cannot be judged right now.', { cause })
      onRefused?.(refused, request)
      response.writeHead(refused.status, { 'content-type': 'application/json', ...refused.headers() })
      response.end(JSON.stringify(refused.body()))
      return false
    }
  }

  return {
    check,
    guard:
      (demand = {}) =>
      (request, response, next) => {
        admit(request, response, demand).then((passed) => passed && next(), next)
      },
  }
}
