/**
 * How far a log was uploaded, kept beside it: written after each chunk that was taken, so that a crash repeats one chunk at
 * most and skips none. Signed where the log is, since what it says was uploaded is removed.
 */
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { type ChainPosition, linkOf } from '../../../audit/chain.ts'
import { rotatedSegments, tailOf } from '../../../audit/segments.ts'
import type { SignatureCheck, Signer } from '../../../audit/signer.ts'

/** Behind a line of a file; files keep their inode when they are rotated. */
export interface Position {
  readonly inode: number
  readonly offset: number
}

/** How far a log was uploaded, and what was removed of it since: the last line of each chain that is gone, or partly gone. */
export interface Cursor {
  readonly position: Position
  readonly removed: readonly ChainPosition[]
}

interface Kept extends Position {
  readonly v: 1
  readonly removed: readonly ChainPosition[]
  /** Place of the line before, by which the file is known again. */
  readonly chain: string
  readonly seq: number
  readonly signature?: string
}

export interface CursorKey {
  readonly signer: Signer
  readonly check: SignatureCheck
}

const START: Cursor = { position: { inode: 0, offset: 0 }, removed: [] }

const cursorFileOf = (log: string): string => log.replace(/\.jsonl$/, '.cursor')

export const inodeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.ino ?? 0

/** Every file of a log, the oldest first; the one that is written last. */
export const segmentsOf = (log: string): readonly string[] => [...rotatedSegments(log), log]

/** Of chains that are gone, those that are told of when the next file goes. */
const MOST_REMOVED = 1000

/** Ends of what is removed now, over those of what was before; later removals tell of all, since their record goes too. */
export function withRemoved(before: readonly ChainPosition[], now: readonly ChainPosition[]): readonly ChainPosition[] {
  const ends = new Map(before.map((end) => [end.id, end]))
  for (const end of now) {
    ends.delete(end.id)
    ends.set(end.id, end)
  }
  return [...ends.values()].slice(-MOST_REMOVED)
}

/** `line` ends at the position. */
export function keepCursor(log: string, { position, removed }: Cursor, line: Uint8Array, key?: CursorKey): void {
  const link = linkIn(line)
  const kept: Kept = { v: 1, ...position, chain: link?.id ?? '', seq: link?.seq ?? 0, removed }
  const signed = key === undefined ? kept : { ...kept, signature: key.signer.sign(signedText(kept)) }
  const file = cursorFileOf(log)
  writeFileSync(`${file}.new`, JSON.stringify(signed), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Where it is not there, not ours, or of a file that is not the one it was, all is uploaded again: twice rather than never. */
export function readCursor(log: string, key: CursorKey | undefined): Cursor {
  const kept = readKept(cursorFileOf(log))
  if (kept === undefined) return START
  if (key !== undefined && !key.check.verify(signedText(kept), kept.signature ?? '')) return START
  const { inode, offset, chain, seq, removed } = kept
  const segment = segmentsOf(log).find((path) => inodeOf(path) === inode)
  const link = segment === undefined ? undefined : linkIn(tailOf(segment, offset).line ?? new Uint8Array())
  const isTheSame = link?.id === chain && link.seq === seq
  return { position: isTheSame ? { inode, offset } : START.position, removed }
}

const signedText = ({ inode, offset, chain, seq, removed }: Kept): string =>
  ['sallyport log cursor 1', inode, offset, chain, seq, JSON.stringify(removed)].join('\n')

function readKept(file: string): Kept | undefined {
  try {
    const kept: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isKept(kept) ? kept : undefined
  } catch {
    return undefined
  }
}

function isKept(value: unknown): value is Kept {
  const { v, inode, offset, chain, seq, removed } = Object(value) as Record<string, unknown>
  const isPlace = [inode, offset, seq].every(Number.isSafeInteger) && typeof chain === 'string'
  return v === 1 && isPlace && Array.isArray(removed)
}

function linkIn(line: Uint8Array) {
  try {
    return linkOf(JSON.parse(Buffer.from(line).toString('utf8')))
  } catch {
    return undefined
  }
}
