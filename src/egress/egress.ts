/**
 * The only way out: bundles, log and status uploads, webhooks, `http.send`. One request, with a deadline, a bound on its answer,
 * and a guard: an address is looked up once, judged, and connected to; private, loopback and link-local ones are denied
 * unless listed.
 */

export interface EgressTls {
  /** PEM; in place of Node's certification authorities. */
  readonly ca?: string
  /** PEM; what this side shows. */
  readonly cert?: string
  readonly key?: string
  readonly serverName?: string
  /**
   * SHA-256 of public keys (SPKI, DER; base64, RFC 7469 2.4), beside all else that is checked: one of them must have signed the
   * server's certificate, or be its own.
   */
  readonly pins?: readonly string[]
  /** Only where a policy asks for it in so many words (`tls_insecure_skip_verify`). */
  readonly insecure?: boolean
}

export interface EgressRequest {
  readonly method: string
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** From connecting to the last byte. */
  readonly deadlineMs: number
  /** More than that of an answer, inflated, is `too_large`; default 1 MiB. */
  readonly maxBytes?: number
  readonly tls?: EgressTls
  /** Followed at most; each target is judged anew. Default 0: a redirect is an answer. */
  readonly redirects?: number
  readonly signal?: AbortSignal
  /** Default true: gzip is asked for, and what comes gzipped is inflated. */
  readonly inflate?: boolean
}

export interface EgressResponse {
  readonly status: number
  /** As on the wire, e.g. `Not Found`; may be empty. */
  readonly statusText?: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** Inflated where the answer was gzip; `content-encoding` and `content-length` are gone from the headers then. */
  readonly body: Uint8Array
}

export interface Egress {
  /** Throws EgressError; every status is an answer. */
  request(request: EgressRequest): Promise<EgressResponse>
  /** Addresses of a name, those that may be connected to; throws EgressError. */
  lookUp(host: string, deadlineMs: number): Promise<readonly string[]>
  close(): Promise<void>
}

/** `invalid`: the request cannot be written as HTTP, or its certificates are none. `pin`: the server's keys are not those pinned. */
export type EgressRefusal = 'denied' | 'unreachable' | 'timeout' | 'tls' | 'pin' | 'too_large' | 'aborted' | 'invalid'

export class EgressError extends Error {
  override readonly name = 'EgressError'
  readonly code: EgressRefusal
  /** The other side had begun to answer. */
  readonly answered: boolean
  /** Names neither credentials nor query. */
  constructor(code: EgressRefusal, message: string, options: { cause?: unknown; answered?: boolean } = {}) {
    const { answered = false, ...rest } = options
    super(message, rest)
    this.code = code
    this.answered = answered
  }
}
