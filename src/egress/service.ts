/**
 * A remote service by its name: base address, headers, TLS and credentials over the way out (OPA, "Services"). Bundles come
 * from one, status and decision logs go to one. Its host is allowed because the operator named it, loopback included.
 */
import { readFile } from 'node:fs/promises'
import type { Clock } from '../kernel/clock.ts'
import {
  type BearerOptions,
  bearerCredentials,
  type Credentials,
  NO_CREDENTIALS,
  type Oauth2Options,
  oauth2Credentials,
} from './credentials.ts'
import { type Egress, EgressError, type EgressResponse, type EgressTls } from './egress.ts'

export interface ServiceOptions {
  readonly name: string
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  /** Until the answer begins and ends, unless a request says otherwise; default 10 s. */
  readonly deadlineMs?: number
  readonly caFile?: string
  readonly clientTls?: { readonly certFile: string; readonly keyFile: string }
  readonly bearer?: BearerOptions
  readonly oauth2?: Oauth2Options
}

export interface ServiceRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Below the base address, without leading slash; may carry a query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  readonly deadlineMs?: number
  readonly maxBytes?: number
  readonly signal?: AbortSignal
}

export interface RemoteService {
  readonly name: string
  /** Throws EgressError; every status is an answer. A refused credential is renewed once, where it can be. */
  request(request: ServiceRequest): Promise<EgressResponse>
}

export interface ServiceDeps {
  /** Lets out to this service's hosts (`serviceHosts`). */
  readonly egress: Egress
  readonly clock?: Clock
}

const DEFAULT_DEADLINE_MS = 10_000

/** Hosts with ports that the service needs, as the allow-list takes them: its own and its token endpoint's. */
export const serviceHosts = ({ url, oauth2 }: Pick<ServiceOptions, 'url' | 'oauth2'>): readonly string[] =>
  [url, ...(oauth2 ? [oauth2.tokenUrl] : [])].map(hostWithPort)

export const hostWithPort = ({ protocol, hostname, port }: URL): string =>
  `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`

export function openService(options: ServiceOptions, deps: ServiceDeps): RemoteService {
  const { egress, clock } = deps
  let shown: Promise<EgressTls | undefined> | undefined
  const tls = () => {
    shown ??= readTls(options)
    // What could not be read is read again by the next request.
    shown.catch(() => {
      shown = undefined
    })
    return shown
  }
  const credentials: Credentials =
    options.oauth2 !== undefined
      ? oauth2Credentials(options.oauth2, { egress, tls, ...(clock && { clock }) })
      : options.bearer !== undefined
        ? bearerCredentials(options.bearer)
        : NO_CREDENTIALS

  const once = async (request: ServiceRequest): Promise<EgressResponse> => {
    const authorization = await credentials.authorization()
    const keys = await tls()
    try {
      return await egress.request({
        method: request.method,
        url: addressOf(options.url, request.path),
        headers: { ...options.headers, ...request.headers, ...(authorization !== undefined && { authorization }) },
        deadlineMs: request.deadlineMs ?? options.deadlineMs ?? DEFAULT_DEADLINE_MS,
        ...(request.body !== undefined && { body: request.body }),
        ...(request.maxBytes !== undefined && { maxBytes: request.maxBytes }),
        ...(request.signal && { signal: request.signal }),
        ...(keys && { tls: keys }),
      })
    } catch (error) {
      // Certificates are replaced in place: what failed is not tried with the old ones for ever.
      shown = undefined
      throw error
    }
  }
  return {
    name: options.name,
    request: async (request) => {
      const answer = await once(request)
      if (answer.status !== 401 && answer.status !== 403) return answer
      shown = undefined
      return credentials.refused() ? once(request) : answer
    },
  }
}

/** The base address keeps its path: `https://host/opa` and `bundles/x` are `https://host/opa/bundles/x`. */
function addressOf(base: URL, path: string): URL {
  const url = new URL(base)
  const [name = '', query] = path.split('?', 2)
  url.pathname = `${base.pathname.replace(/\/+$/, '')}/${name.replace(/^\/+/, '')}`
  url.search = query ?? ''
  return url
}

async function readTls({ caFile, clientTls }: ServiceOptions): Promise<EgressTls | undefined> {
  if (caFile === undefined && clientTls === undefined) return undefined
  const [ca, cert, key] = await Promise.all([
    caFile === undefined ? undefined : readPem(caFile),
    clientTls === undefined ? undefined : readPem(clientTls.certFile),
    clientTls === undefined ? undefined : readPem(clientTls.keyFile),
  ])
  return { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) }
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new EgressError('tls', `${file} cannot be read`, { cause })
  }
}
