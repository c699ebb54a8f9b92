/** A request parsed once into one typed value, and the answer an endpoint gives. Endpoints see nothing of the server. */
import type { ClientCertificate } from './client-certificate.ts'

/** Form or query parameters, RFC 6749 3.1: none may come twice, and one sent without a value counts as not sent. */
export interface Params {
  /** The value, or undefined when absent or empty. */
  get(name: string): string | undefined
  /** Every value that is not empty, for the few parameters that may repeat (`resource`, RFC 8707 2). */
  all(name: string): readonly string[]
  /** Names that came more than once. */
  readonly repeated: ReadonlySet<string>
  readonly names: ReadonlySet<string>
}

/** Where and when the request came from, as decisions take it; the address through trusted proxies only. */
export interface Origin {
  readonly address: string
  readonly time: { readonly epoch_seconds: number; readonly minute_of_day: number; readonly weekday: number }
}

export interface HttpRequest {
  /** Correlates log, audit and decision log; made here, never taken from the caller. */
  readonly id: string
  readonly method: string
  /** Path without the query. */
  readonly path: string
  /** Values of `:name` parts of the route. */
  readonly route: Readonly<Record<string, string>>
  readonly query: Params
  /** Empty unless the body is application/x-www-form-urlencoded. */
  readonly form: Params
  /** Parsed JSON body; undefined when there is none. */
  readonly json: unknown
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly cookies: Readonly<Record<string, string | undefined>>
  readonly origin: Origin
  /** What the client showed in the handshake, here or at a trusted proxy; absent where it showed none or none is asked for. */
  readonly clientCertificate?: ClientCertificate | undefined
  /** From the issuer's address; endpoints that authenticate replace it by the credential's. */
  readonly tenant: string
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Text as it is; anything else as JSON. */
  readonly body?: unknown
}
