/** What the benchmark and its load client say to each other. */

export interface LoadRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Requests that depend on the answer before: one value for each connection, renewed by each answer. */
export interface Chain {
  /** Stands in the body where the value goes. */
  readonly placeholder: string
  /** Member of the JSON answer that is the next value. */
  readonly member: string
  /** At least as many as connections; the driver goes on with what it was left with, by `name`. */
  readonly first: readonly string[]
  readonly name: string
}

export interface LoadOrder {
  readonly origin: string
  /** Sent in turn, over and over. */
  readonly requests: readonly LoadRequest[]
  readonly concurrency: number
  readonly seconds: number
  readonly maxRequests: number
  /** Every answer must have this status, 200 where it is absent … */
  readonly status?: number
  /** … and hold this text in its body or, where it redirects, its Location. */
  readonly expect: string
  /** What each answer gives to the next request of its connection. */
  readonly chain?: Chain
}

export interface LoadOutcome {
  readonly requests: number
  readonly wallSeconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export type LoadReply = { readonly outcome: LoadOutcome } | { readonly failure: string }
