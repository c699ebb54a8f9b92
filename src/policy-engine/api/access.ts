/**
 * Who may call the policy API: a bearer credential or a certificate names the caller, `system.authz` judges every request. Whoever
 * shows no bearer may be a page in a browser, which shows its certificate for any site: Origin is checked, and on a loopback
 * listener Host too (DNS rebinding).
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { equalSecrets } from '../../kernel/constant-time.ts'
import type { Credential } from '../listen.ts'
import type { DataNode } from '../node/data-node.ts'
import { ApiError, unavailable } from './api-error.ts'
import { certificateOf } from './certificate.ts'

export interface Caller {
  readonly identity: string | undefined
  readonly address: string
}

export interface AccessRequest {
  readonly method: string
  readonly segments: readonly string[]
  readonly headers: IncomingHttpHeaders
  readonly socket: Socket
}

export interface AccessOptions {
  readonly node: Pick<DataNode, 'allows' | 'active'>
  readonly credentials: readonly Credential[]
  readonly loopback: boolean
}

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i

/** Throws ApiError unless the request may go on. */
export function admit(options: AccessOptions, request: AccessRequest): Caller {
  const { node, credentials, loopback } = options
  const bearer = identify(credentials, request.headers.authorization)
  const identity = bearer ?? identifyCertificate(request.socket)
  // No page of another site knows a bearer.
  if (bearer === undefined) {
    if (loopback) checkHost(request)
    checkSite(request)
  }
  const address = request.socket.remoteAddress ?? ''
  const caller = { identity, address }
  if (node.active === undefined) {
    admitWithoutBundle(request.segments, loopback || identity !== undefined)
    return caller
  }
  if (permits(options, caller, request)) return caller
  if (identity === undefined) throw unauthorized('a credential is needed')
  throw new ApiError('forbidden', 'the policy of this service does not permit the request')
}

/** What `system.authz` says of this caller at an address. */
export function permits(
  { node, loopback }: AccessOptions,
  { identity, address }: Caller,
  { method, segments }: Pick<AccessRequest, 'method' | 'segments'>,
): boolean {
  return node.allows({
    ...(identity !== undefined && { identity }),
    method,
    path: segments,
    client_address: address,
    loopback,
  })
}

/** Probes and scrapers must see that there is no bundle; strangers see no more than that, since no policy judges them. */
function admitWithoutBundle([first]: readonly string[], isKnown: boolean): void {
  if (first === 'health' || (first === 'metrics' && isKnown)) return
  if (first === 'metrics') throw unauthorized('a credential is needed')
  throw unavailable('no policy bundle is active')
}

/** Every credential is compared, so that the time tells nothing about which one came close. */
function identify(credentials: readonly Credential[], authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined
  const token = /^Bearer ([\x21-\x7e]+)$/i.exec(authorization)?.[1]
  if (token === undefined) throw unauthorized('the credential is malformed')
  const matching = credentials.filter((credential) => equalSecrets(credential.token, token))
  if (matching[0] === undefined) throw unauthorized('the credential is not valid')
  return matching[0].identity
}

function identifyCertificate(socket: Socket): string | undefined {
  const certificate = certificateOf(socket)
  if (certificate === 'refused') throw unauthorized('the certificate is not valid')
  return certificate === 'none' ? undefined : certificate.identity
}

function checkHost({ headers: { host } }: AccessRequest): void {
  if (host === undefined || !LOOPBACK_HOST.test(host)) {
    throw new ApiError('forbidden', 'the Host header does not name this machine')
  }
}

function checkSite({ headers, socket }: AccessRequest): void {
  const { host, origin } = headers
  const site = headers['sec-fetch-site']
  const foreign = origin !== undefined && origin !== `${socket instanceof TLSSocket ? 'https' : 'http'}://${host}`
  if (foreign || site === 'cross-site' || site === 'same-site') {
    throw new ApiError('forbidden', 'requests from other sites are not accepted')
  }
}

const unauthorized = (message: string) =>
  new ApiError('unauthorized', message, { headers: { 'www-authenticate': 'Bearer' } })
