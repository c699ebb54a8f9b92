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
  /** The line must be there; where not, it is as said if it is there. */
  readonly demanded: boolean
  /** Who says so, in words. */
  readonly by: string
}

interface Testimony {
  readonly heads: Map<number, Expectation>
  readonly links: Map<number, Expectation>
}

export class Expectations {
  readonly #chains = new Map<string, Testimony>()

  /** Of two heads of one line the trusted one counts: anybody can add to the heads beside the files. */
  addHead({ chain, seq, digest, closed }: ChainHead, by: string, trusted: boolean, demanded = true): void {
    const { heads } = this.#of(chain)
    const known = heads.get(seq)
    const isBetter = known === undefined || (trusted === known.trusted ? closed && !known.closed : trusted)
    if (isBetter) heads.set(seq, { seq, digest, closed, trusted, isLink: false, demanded, by })
  }

  addLink(chain: string, seq: number, digest: string, by: string): void {
    this.#of(chain).links.set(seq, { seq, digest, closed: false, trusted: false, isLink: true, demanded: true, by })
  }

  /** What is said of this line; nothing counts beside a trusted head. */
  at(chain: string, seq: number): readonly Expectation[] {
    const { heads, links } = this.#chains.get(chain) ?? {}
    const [head, link] = [heads?.get(seq), links?.get(seq)]
    return [head, head?.trusted ? undefined : link].filter((said) => said !== undefined)
  }

  get chains(): Iterable<string> {
    return this.#chains.keys()
  }

  /** The furthest line that must be there. What anybody may have said of lines past a trusted end does not count. */
  furthest(chain: string): Expectation | undefined {
    const said = this.#said(chain)
    const end = said.find(({ closed, trusted }) => closed && trusted)
    return said
      .filter(({ demanded, seq }) => demanded && seq <= (end?.seq ?? seq))
      .reduce<Expectation | undefined>(
        (last, one) => (last === undefined || one.seq > last.seq ? one : last),
        undefined,
      )
  }

  /** After which line nothing may come: the chain was closed there, or the next begins after it; not before a trusted head. */
  end(chain: string): Expectation | undefined {
    const said = this.#said(chain)
    const trusted = said.reduce((last, one) => (one.trusted ? Math.max(last, one.seq) : last), 0)
    return said
      .filter(({ closed, isLink, seq }) => (closed || isLink) && seq >= trusted)
      .reduce<Expectation | undefined>((first, one) => (first && first.seq <= one.seq ? first : one), undefined)
  }

  /** A trusted head demands lines of it. */
  isVouchedFor(chain: string): boolean {
    return this.#said(chain).some(({ trusted, demanded }) => trusted && demanded)
  }

  isNamedByNext(chain: string): boolean {
    return (this.#chains.get(chain)?.links.size ?? 0) > 0
  }

  /** Heads first: of two that say the same, the head is the better witness. */
  #said(chain: string): readonly Expectation[] {
    const { heads, links } = this.#of(chain)
    return [...heads.values(), ...links.values()]
  }

  #of(chain: string): Testimony {
    const known = this.#chains.get(chain) ?? { heads: new Map(), links: new Map() }
    this.#chains.set(chain, known)
    return known
  }
}
