/** What verification may find. */

/**
 * `changed`: a line does not have the digest that is known of it. `missing`: lines are gone between two. `moved`: a line stands
 * elsewhere, or twice. `inserted`: a line that no chain holds, or past a chain's end, or of a chain that nobody vouches for. `cut`: lines are gone after the last. `vanished`: a chain is
 * gone. `forged`: a head that its key did not sign.
 */
export type Problem = 'changed' | 'missing' | 'moved' | 'inserted' | 'cut' | 'vanished' | 'forged'

export interface Finding {
  readonly problem: Problem
  readonly file: string
  /** From 1; absent where there is no line to point at. */
  readonly line?: number
  readonly chain?: string
  readonly detail: string
}

export interface ChainReport {
  readonly chain: string
  readonly file: string
  readonly firstSeq: number
  readonly lastSeq: number
  /** Up to this line the files are held to a head; what comes after could have been cut unseen. */
  readonly provenSeq: number
}

export interface Verification {
  readonly files: number
  readonly lines: number
  readonly chains: readonly ChainReport[]
  readonly findings: readonly Finding[]
  /** Registered chains whose absence was taken for no fault, since their logs were written elsewhere. */
  readonly notLookedFor: readonly { readonly place: string; readonly chains: number }[]
  /** What is no fault and yet should be known: gaps, removed files, torn lines. */
  readonly notes: readonly string[]
}
