/** What a row of the benchmark is: how it is measured, and how its result is written to `results/latest.json`. */

/** One round of one side. */
export interface Sample {
  /** In the row's unit. */
  readonly value: number
  readonly p50?: number
  readonly p99?: number
  /** Requests per second of wall time, for rows whose unit is CPU time. */
  readonly wallRate?: number
}

export interface Side {
  /** Runs for about `seconds` and answers one sample. */
  sample(seconds: number): Promise<Sample>
}

export interface Samples {
  readonly ours: readonly Sample[]
  /** Empty where there is no peer. */
  readonly peer: readonly Sample[]
  /** Further figures of the row, written to its card. */
  readonly columns?: Card
}

export interface Target {
  /** `p99`: ours to the peer's. */
  readonly of: 'ratio' | 'ours' | 'p99'
  readonly is: '>=' | '<='
  readonly value: number
}

export interface RowDefinition<Context> {
  /** Fixed: results of different days are compared by it. */
  readonly name: string
  readonly unit: string
  /** Unit of p50 and p99. */
  readonly latencyUnit: 'ms' | 'us'
  readonly about: string
  readonly peer?: string
  /** What of the rounds is reported and judged; default the median. */
  readonly figure?: 'median' | 'max'
  /** All must be met. */
  readonly target?: Target | readonly Target[]
  measure(context: Context): Promise<Samples>
}

export interface Pair {
  readonly ours: number
  readonly peer: number | null
}

/** The conditions under which a row was taken: without them its numbers say nothing. */
export type Card = Readonly<Record<string, string | number | Pair | null>>

export interface Row {
  readonly name: string
  readonly ours: number
  readonly peer: number | null
  /** Of the two figures, ours to peer. */
  readonly ratio: number | null
  readonly unit: string
  readonly p50: Pair | null
  readonly p99: Pair | null
  /** Distance of the extremes relative to the median; `ratio` holds the lowest and highest of a round. */
  readonly spread: {
    readonly ours: number
    readonly peer: number | null
    readonly ratio: readonly [number, number] | null
  }
  readonly target: string | null
  readonly verdict: 'PASS' | 'MISS' | null
  readonly card: Card
}
