/** What the files must hold by other testimony than their own lines: heads of chains, and what a chain says of the one before. */
import type { ChainHead } from '../../storage/records.ts'

export interface Expectation {
  readonly seq: number
  readonly digest: string
  /** Nothing comes after it. */
  readonly closed: boolean
  /** Nobody who has only the files could have made it: registered elsewhere, or signed by a key that was given. */
  readonly trusted: boolean
  /** Said by the first line of the chain that follows in the files. */
  readonly isLink: boolean
  /** Who says so, in words. */
  readonly by: string
}

export class Expectations {
  readonly #chains = new Map<string, Map<number, Expectation>>()
  readonly #last = new Map<string, Expectation>()

  add(chain: string, expectation: Expectation): void {
    const places = this.#chains.get(chain) ?? new Map<number, Expectation>()
    this.#chains.set(chain, places)
    const known = places.get(expectation.seq)
    if (known === undefined || expectation.closed || (expectation.trusted && !known.trusted))
      places.set(expectation.seq, expectation)
    const last = this.#last.get(chain)
    if (last === undefined || expectation.seq >= last.seq)
      this.#last.set(chain, places.get(expectation.seq) ?? expectation)
  }

  addHead({ chain, seq, digest, closed }: ChainHead, by: string, trusted: boolean): void {
    this.add(chain, { seq, digest, closed, trusted, isLink: false, by })
  }

  at(chain: string, seq: number): Expectation | undefined {
    return this.#chains.get(chain)?.get(seq)
  }

  /** The furthest of each chain. */
  get last(): ReadonlyMap<string, Expectation> {
    return this.#last
  }
}
