/**
 * The hash chain of a log: each line holds its chain's id, its place and the digest of the line before, so that none is
 * changed, moved or taken out unseen. The digest is SHA-256 of a line's bytes as they stand in the file, without newline.
 */
import { hash } from 'node:crypto'
import { randomId } from '../kernel/ids.ts'

/** Where a chain stands: its last line, or `seq` 0 before the first. */
export interface ChainPosition {
  readonly id: string
  readonly seq: number
  readonly digest: string
}

/** What a line says of its place. */
export interface Link {
  readonly id: string
  /** From 1. */
  readonly seq: number
  /** Digest of the line before; of a chain's first line, of the last line of the chain that it follows in the file. */
  readonly prev: string
  /** In a chain's first line: the chain before it in the same file. */
  readonly after?: { readonly id: string; readonly seq: number }
}

export const lineDigest = (line: string | Uint8Array): string => hash('sha256', line, 'base64url')

/** A run of a log. What is linked is undone by going back to a position taken before. */
export class Chain {
  #position: ChainPosition
  readonly #id: string
  readonly #after: ChainPosition | undefined

  constructor(after: ChainPosition | undefined) {
    this.#id = randomId(9)
    this.#after = after
    this.#position = { id: this.#id, seq: 0, digest: after?.digest ?? '' }
  }

  get position(): ChainPosition {
    return this.#position
  }

  /** The line from what stands before its link and what stands after, as the next of the chain. */
  link(before: string, after: string): string {
    const { seq, digest } = this.#position
    const first = seq === 0 && this.#after ? `,"after":{"id":"${this.#after.id}","seq":${this.#after.seq}}` : ''
    const line = `${before}"chain":{"id":"${this.#id}","seq":${seq + 1},"prev":"${digest}"${first}}${after}`
    this.#position = { id: this.#id, seq: seq + 1, digest: lineDigest(line) }
    return line
  }

  backTo(position: ChainPosition): void {
    this.#position = position
  }
}

/** The link of a line that was read back: among an event's own members, or in `custom` (OPA's event has no other place). */
export function linkOf(event: unknown): Link | undefined {
  const custom = memberOf(event, 'custom')
  const link = memberOf(custom, 'chain') ?? memberOf(event, 'chain')
  const [id, seq, prev, after] = ['id', 'seq', 'prev', 'after'].map((name) => memberOf(link, name))
  if (typeof id !== 'string' || !isPlace(seq) || typeof prev !== 'string') return undefined
  if (after === undefined) return { id, seq, prev }
  const [afterId, afterSeq] = [memberOf(after, 'id'), memberOf(after, 'seq')]
  if (typeof afterId !== 'string' || !isPlace(afterSeq)) return undefined
  return { id, seq, prev, after: { id: afterId, seq: afterSeq } }
}

const isPlace = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
