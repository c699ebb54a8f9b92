/** Reads a log on from a position, file after file, whole lines only and no further than they are written. */
import { open } from 'node:fs/promises'
import type { ChainedLog } from '../../../audit/chained-log.ts'
import { sizeOf } from '../../../audit/segments.ts'
import { inodeOf, type Position, segmentsOf } from './cursor.ts'

export interface Portion {
  /** Decisions, in order; stubs and records of the log itself are passed over. */
  readonly events: readonly Buffer[]
  /** Behind the last line that was read, whatever it was. */
  readonly end: Position
  readonly lastLine: Buffer
}

/** Stubs and records begin otherwise. */
const EVENT = Buffer.from('{"labels":')

/** Up to `maxBytes` of events from the position on, one at least; undefined where nothing is left. */
export async function readPortion(log: ChainedLog, from: Position, maxBytes: number): Promise<Portion | undefined> {
  const segments = filesFrom(log, from)
  for (const { path, offset, size, inode } of segments) {
    if (offset >= size) continue
    const bytes = await readLines(path, offset, size, maxBytes)
    const portion = split(bytes, maxBytes)
    if (portion === undefined) continue
    return { ...portion, end: { inode, offset: offset + portion.length } }
  }
  return undefined
}

interface Readable {
  readonly path: string
  readonly inode: number
  readonly offset: number
  readonly size: number
}

/** Sizes are read with the names, in one turn: a rotation gives a file another name. */
export function filesFrom(log: ChainedLog, from: Position): readonly Readable[] {
  const all = segmentsOf(log.path).map((path) => ({ path, inode: inodeOf(path) }))
  const at = Math.max(
    0,
    all.findIndex(({ inode }) => inode === from.inode),
  )
  return all.slice(at).map(({ path, inode }) => ({
    path,
    inode,
    offset: inode === from.inode ? from.offset : 0,
    // Of a write that fails, a piece may stand there for a moment.
    size: path === log.path ? log.size : sizeOf(path),
  }))
}

/** At least one whole line, where there is one. */
async function readLines(path: string, offset: number, size: number, maxBytes: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    for (let length = Math.min(maxBytes, size - offset); ; length = Math.min(4 * length, size - offset)) {
      const bytes = Buffer.allocUnsafe(length)
      const { bytesRead } = await file.read(bytes, 0, length, offset)
      const read = bytes.subarray(0, bytesRead)
      if (read.includes(10) || length === size - offset) return read
    }
  } finally {
    await file.close()
  }
}

function split(bytes: Buffer, maxBytes: number): (Omit<Portion, 'end'> & { readonly length: number }) | undefined {
  const events: Buffer[] = []
  let lastLine = Buffer.alloc(0) as Buffer
  let length = 0
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, length)) {
    const line = bytes.subarray(length, end)
    if (length > 0 && end + 1 > maxBytes) break
    if (line.subarray(0, EVENT.byteLength).equals(EVENT)) events.push(line)
    if (line.byteLength > 0) lastLine = line
    length = end + 1
  }
  return length === 0 ? undefined : { events, lastLine, length }
}
