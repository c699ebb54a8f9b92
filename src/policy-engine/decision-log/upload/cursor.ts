/**
 * How far a log was uploaded, kept beside it: written after each chunk that was taken, so that a crash repeats one chunk at
 * most and skips none. Signed where the log is, since what it says was uploaded is removed.
 */
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { linkOf } from '../../../audit/chain.ts'
import { rotatedSegments, tailOf } from '../../../audit/segments.ts'
import type { SignatureCheck, Signer } from '../../../audit/signer.ts'

/** Behind a line of a file; files keep their inode when they are rotated. */
export interface Position {
  readonly inode: number
  readonly offset: number
}

interface Kept extends Position {
  readonly v: 1
  /** Place of the line before, by which the file is known again. */
  readonly chain: string
  readonly seq: number
  readonly signature?: string
}

export interface CursorKey {
  readonly signer: Signer
  readonly check: SignatureCheck
}

export const START: Position = { inode: 0, offset: 0 }

export const cursorFileOf = (log: string): string => log.replace(/\.jsonl$/, '.cursor')

export const inodeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.ino ?? 0

/** Every file of a log, the oldest first; the one that is written last. */
export const segmentsOf = (log: string): readonly string[] => [...rotatedSegments(log), log]

/** `line` ends at the position. */
export function keepCursor(log: string, position: Position, line: Uint8Array, key: CursorKey | undefined): void {
  const link = linkIn(line)
  const kept: Kept = { v: 1, ...position, chain: link?.id ?? '', seq: link?.seq ?? 0 }
  const signed = key === undefined ? kept : { ...kept, signature: key.signer.sign(signedText(kept)) }
  const file = cursorFileOf(log)
  writeFileSync(`${file}.new`, JSON.stringify(signed), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Where it is not there, not ours, or of a file that is not the one it was, all is uploaded again: twice rather than never. */
export function readCursor(log: string, key: CursorKey | undefined): Position {
  const kept = readKept(cursorFileOf(log))
  if (kept === undefined) return START
  if (key !== undefined && !key.check.verify(signedText(kept), kept.signature ?? '')) return START
  const segment = segmentsOf(log).find((path) => inodeOf(path) === kept.inode)
  if (segment === undefined) return START
  const link = linkIn(tailOf(segment, kept.offset).line ?? new Uint8Array())
  return link?.id === kept.chain && link.seq === kept.seq ? { inode: kept.inode, offset: kept.offset } : START
}

const signedText = ({ inode, offset, chain, seq }: Kept): string =>
  ['sallyport log cursor 1', inode, offset, chain, seq].join('\n')

function readKept(file: string): Kept | undefined {
  try {
    const kept: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isKept(kept) ? kept : undefined
  } catch {
    return undefined
  }
}

function isKept(value: unknown): value is Kept {
  const { v, inode, offset, chain, seq } = Object(value) as Record<string, unknown>
  return v === 1 && [inode, offset, seq].every(Number.isSafeInteger) && typeof chain === 'string'
}

function linkIn(line: Uint8Array) {
  try {
    return linkOf(JSON.parse(Buffer.from(line).toString('utf8')))
  } catch {
    return undefined
  }
}
