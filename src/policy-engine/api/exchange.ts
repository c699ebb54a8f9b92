/** What an endpoint of the policy API is given, what it answers, and how the table describes it. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Caller } from './access.ts'
import type { OperationDescription } from './openapi-types.ts'
import type { Address } from './url.ts'

export interface ApiRequest {
  readonly method: string
  readonly address: Address
  /** Segments that the route's `{path}` stands for. */
  readonly rest: readonly string[]
  readonly headers: IncomingHttpHeaders
  /** Admitted by `system.authz` already. */
  readonly caller: Caller
  /** `performance.now()` when its headers were read. */
  readonly startedMs: number
  /** Whether `system.authz` would let the caller ask at another address too. */
  permits(segments: readonly string[]): boolean
  /** Inflated, at most as long as the limit; throws ApiError. */
  body(): Promise<Uint8Array>
}

export interface ApiReply {
  /** Default 200. */
  readonly status?: number
  /** Default `application/json`. */
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** In place of a body: an answer that goes on, such as an event stream. Status and headers are written before. */
  readonly stream?: (response: ServerResponse) => void
}

export interface ApiRoute {
  readonly method: 'GET' | 'POST'
  /** Whether HEAD is answered as GET is, without the body. */
  readonly head?: boolean
  /** As OpenAPI writes it; `{path}` takes all segments that are left. */
  readonly path: string
  /** Label in metrics; OPA's where it has the address too. */
  readonly handler: string
  readonly describe: OperationDescription
  answer(request: ApiRequest): ApiReply | Promise<ApiReply>
}

export const json = (value: unknown, over: Omit<ApiReply, 'body'> = {}): ApiReply => ({
  ...over,
  body: `${JSON.stringify(value)}\n`,
})
