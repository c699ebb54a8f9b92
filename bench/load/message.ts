/** What the benchmark and its load client say to each other. */

export interface LoadRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface LoadOrder {
  readonly origin: string
  /** Sent in turn, over and over. */
  readonly requests: readonly LoadRequest[]
  readonly concurrency: number
  readonly seconds: number
  readonly maxRequests: number
  /** Every answer must be a 200 whose body holds this text. */
  readonly expect: string
}

export interface LoadOutcome {
  readonly requests: number
  readonly wallSeconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export type LoadReply = { readonly outcome: LoadOutcome } | { readonly failure: string }
