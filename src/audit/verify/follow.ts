/** Follows every chain through the lines of its files, in the order in which they were written. */
import { type ChainPosition, type Link, lineDigest, linkOf } from '../chain.ts'
import type { Expectations } from './expectations.ts'
import type { Finding } from './findings.ts'
import type { Line } from './lines.ts'

export interface Followed {
  readonly first: Link
  readonly firstAt: Line
  /** What its first line says; NaN where it says nothing. */
  readonly begunMs: number
  seq: number
  digest: string
  at: Line
}

/** A line that is in no chain; a fault of its own unless it stands where one is missing. */
interface Stray {
  readonly line: Line
  readonly isJson: boolean
}

export interface Removal {
  readonly end: ChainPosition
  readonly saidBy: Pick<Link, 'id' | 'seq'>
}

interface Hole {
  readonly chain: string
  readonly from: number
  readonly to: number
  readonly before: Line
}

export class Follower {
  readonly chains = new Map<string, Followed>()
  readonly findings: Finding[] = []
  readonly notes: string[] = []
  /** Last lines of chains in files that were removed by the service itself, and the line that says so. */
  readonly removals: Removal[] = []
  /** Furthest line of each chain that a head was compared with. */
  readonly proven = new Map<string, number>()
  /** The same, of heads that nobody who has only the files could have made. */
  readonly trusted = new Map<string, number>()
  /** The chain of each file's last line. */
  readonly lastOf = new Map<string, string>()
  lines = 0
  readonly #expectations: Expectations
  #strays: Stray[] = []
  #holes: Hole[] = []

  constructor(expectations: Expectations) {
    this.#expectations = expectations
  }

  read(line: Line): void {
    this.lines += 1
    const event = parse(line.bytes)
    const link = linkOf(event)
    if (link === undefined) {
      this.#strays.push({ line, isJson: event !== undefined })
      return
    }
    const chain = this.chains.get(link.id)
    const kept: Line = { file: line.file, number: line.number, bytes: new Uint8Array() }
    this.lastOf.set(line.file, link.id)
    if (chain === undefined) this.#begin(link, kept, lineDigest(line.bytes), Date.parse(Object(event).timestamp))
    else this.#goOn(chain, link, kept, lineDigest(line.bytes))
    this.#readRecord(event, link, line)
  }

  #begin(link: Link, at: Line, digest: string, begunMs: number): void {
    const chain: Followed = { first: link, firstAt: at, begunMs, seq: link.seq, digest, at }
    this.chains.set(link.id, chain)
    this.#holdToTestimony(link, chain)
  }

  #goOn(chain: Followed, link: Link, at: Line, digest: string): void {
    if (link.seq <= chain.seq) {
      this.#outOfPlace(chain, link, at)
      return
    }
    if (link.seq > chain.seq + 1) {
      this.#holes.push({ chain: link.id, from: chain.seq + 1, to: link.seq - 1, before: at })
    } else {
      this.#compare(link.id, chain, { digest: link.prev, by: where(at) })
    }
    Object.assign(chain, { seq: link.seq, digest, at })
    this.#holdToTestimony(link, chain)
  }

  /** The line that a chain stands at against what is known of it. */
  #compare(id: string, chain: Followed, known: { readonly digest: string; readonly by: string }): void {
    if (chain.digest === known.digest) return
    const detail = `line ${chain.seq} of its chain is not the one that ${known.by} knows`
    this.#find('changed', chain.at, id, detail)
  }

  #holdToTestimony(link: Link, chain: Followed): void {
    for (const expected of this.#expectations.at(link.id, link.seq)) {
      this.#compare(link.id, chain, expected)
      if (expected.isLink) continue
      this.proven.set(link.id, link.seq)
      if (expected.trusted) this.trusted.set(link.id, link.seq)
    }
  }

  #outOfPlace(chain: Followed, link: Link, at: Line): void {
    const hole = this.#holes.findIndex(
      ({ chain: id, from, to }) => id === link.id && from <= link.seq && link.seq <= to,
    )
    const [found] = hole < 0 ? [] : this.#holes.splice(hole, 1)
    if (found === undefined) {
      this.#find('moved', at, link.id, `line ${link.seq} of its chain stands here after line ${chain.seq}, again`)
      return
    }
    if (found.from < link.seq) this.#holes.push({ ...found, to: link.seq - 1 })
    if (found.to > link.seq) this.#holes.push({ ...found, from: link.seq + 1 })
    this.#find('moved', at, link.id, `line ${link.seq} of its chain stands here, after line ${chain.seq}`)
  }

  #readRecord(event: unknown, link: Link, line: Line): void {
    const { record, state, lines, segment, ends, timestamp } = Object(event) as Record<string, unknown>
    if (record === 'gap' && state === 'ended') {
      this.notes.push(`${where(line)}: ${lines} lines were not written for want of room (gap that ended ${timestamp})`)
    }
    if (record !== 'removed' || !Array.isArray(ends)) return
    this.notes.push(`${where(line)}: ${segment} was removed by the service after its upload`)
    for (const end of ends as ChainPosition[]) this.removals.push({ end, saidBy: link })
  }

  /** A stray line in the place of a missing one is that one, changed. */
  end(): void {
    for (const { chain, from, to, before } of this.#holes) {
      const count = to - from + 1
      const stray =
        count === 1
          ? this.#strays.findIndex(({ line }) => line.file === before.file && line.number === before.number - 1)
          : -1
      if (stray >= 0) {
        const [found] = this.#strays.splice(stray, 1)
        if (found) this.#find('changed', found.line, chain, `line ${from} of its chain cannot be read any more`)
      } else
        this.#find(
          'missing',
          before,
          chain,
          `${count} ${count === 1 ? 'line' : 'lines'} before this one: ${from} to ${to} of its chain`,
        )
    }
    for (const { line, isJson } of this.#strays) {
      if (isJson) this.#find('inserted', line, undefined, 'it is in no chain')
      else this.notes.push(`${where(line)}: a broken piece, as a power loss leaves one`)
    }
  }

  /** Said once of a line, however many know better. */
  #find(problem: Finding['problem'], at: Line, chain: string | undefined, detail: string): void {
    const known = this.findings.some(
      (finding) => finding.problem === problem && finding.line === at.number && finding.file === at.file,
    )
    if (known) return
    this.findings.push({ problem, file: at.file, line: at.number, ...(chain !== undefined && { chain }), detail })
  }
}

const AFTER = Buffer.from('"after":')

/** The link of a line that begins a chain after another. */
export function linkToBefore({ bytes }: Line): Required<Link> | undefined {
  // Most lines need not be parsed for this.
  if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(AFTER) < 0) return undefined
  const link = linkOf(parse(bytes))
  return link?.after === undefined || link.seq !== 1 ? undefined : { ...link, after: link.after }
}

export const where = ({ file, number }: Line): string => `${file}:${number}`

function parse(bytes: Uint8Array): unknown {
  try {
    const event: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
    return typeof event === 'object' && event !== null ? event : undefined
  } catch {
    return undefined
  }
}
