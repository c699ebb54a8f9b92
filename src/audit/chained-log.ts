/**
 * Appends JSON lines with group commit, hash-chained: the lines that come together are written in one write, before anyone who
 * appended one of them goes on. A crash takes nothing. At each checkpoint (a second, or a thousand lines) the file is synced
 * and the chain's head registered; a power loss can take what came after.
 */
import { rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, resolve } from 'node:path'
import { type Clock, systemClock, timestampText } from '../kernel/clock.ts'
import type { ChainHead } from '../storage/records.ts'
import { AppendFile, type Write } from './append-file.ts'
import { Chain, type ChainPosition, type Link, lineDigest, linkOf } from './chain.ts'
import { Checkpoints } from './checkpoints.ts'
import { Gap, LogFull, type Tolerance } from './gap.ts'
import { headsFileOf, rotatedSegments, sizeOf, tailOf } from './segments.ts'
import type { Signer } from './signer.ts'

export interface ChainedLog {
  /** The file that is written to. */
  readonly path: string
  /**
   * Resolves when the line is written; rejects when it is not, whole. The line is `before`, its link as a member named
   * `chain`, and `after`: together a JSON object.
   */
  append(before: string, after: string): Promise<void>
  /** Starts a new file under the same path after a rotation from outside. */
  reopen(): void
  /** Bytes of whole lines in the file that is written to. */
  readonly size: number
  /** A rotated file is removed, and the chain says so: `ends` are the last lines of each chain in it. */
  remove(segment: string, ends: readonly ChainPosition[]): Promise<void>
  /** False after a write failed or was refused, until one succeeds. */
  readonly healthy: boolean
  close(): Promise<void>
}

export interface ChainedLogOptions {
  readonly checkpointMs?: number
  readonly checkpointLines?: number
  /**
   * Default `turn`: at the end of this turn of the event loop. `tick`: as soon as all that can go on now has gone on; for
   * lines that come in bursts already, such as after a commit.
   */
  readonly gather?: 'turn' | 'tick'
  readonly signer?: Signer | undefined
  /** Keeps a head where the files are not. A failure is told to `onTrouble`; the next checkpoint registers more. */
  readonly register?: ((head: ChainHead) => Promise<void>) | undefined
  /** A file of this size is rotated. */
  readonly rotateBytes?: number | undefined
  /** What the log may take on disk, rotated files included. */
  readonly budgetBytes?: number | undefined
  /** Which failures leave a gap, told in the chain once lines are written again, instead of rejecting. Default `none`. */
  readonly tolerate?: Tolerance | undefined
  /** Gets what was written as well, in the same pieces. */
  readonly copy?: ((lines: string) => void) | undefined
  /** Lines that a gap swallowed. */
  readonly onLost?: ((lines: number) => void) | undefined
  /** Lines whose appending was rejected. */
  readonly onRefused?: ((lines: number) => void) | undefined
  readonly onTrouble?: ((what: string, cause: unknown) => void) | undefined
  readonly clock?: Clock
  /** In place of the file system, for tests of a full disk. */
  readonly write?: Write
}

type Line = readonly [before: string, after: string]

const CHECKPOINT_MS = 1000
const CHECKPOINT_LINES = 1000

export const placeOf = (path: string): string => `${hostname()}:${resolve(path)}`

/** Opens (creates, mode 0600) the log. Each opening begins a chain, which follows the one before it in the file. */
export function openChainedLog(path: string, options: ChainedLogOptions = {}): ChainedLog {
  const { checkpointLines = CHECKPOINT_LINES, clock = systemClock, budgetBytes = Number.POSITIVE_INFINITY } = options
  const { onTrouble = () => {}, onRefused = () => {} } = options
  // A log that fills its budget must be in several files, or none of them could be removed.
  const rotateBytes = Math.min(options.rotateBytes ?? Number.POSITIVE_INFINITY, budgetBytes / 4)
  const schedule = options.gather === 'tick' ? process.nextTick : setImmediate
  const file = new AppendFile(path, options.write)
  let chain = new Chain(lastPosition(path))
  let pending: Line[] = []
  let batch: PromiseWithResolvers<void> | undefined
  let rotatedBytes = sumOf(rotatedSegments(path))
  let healthy = true
  let closed = false
  const gap = new Gap(options.tolerate ?? 'none', options.onLost)
  const checkpoints = new Checkpoints({ path, place: placeOf(path), file, ...options, clock, onTrouble })

  const write = (lines: readonly Line[], limit = budgetBytes): void => {
    if (file.torn && chain.position.seq > 0) chain = new Chain(chain.position)
    const before = chain.position
    let text = ''
    for (const [front, back] of lines) text += `${chain.link(front, back)}\n`
    try {
      if (rotatedBytes + file.size >= limit) throw new LogFull()
      file.append(text)
    } catch (cause) {
      chain.backTo(before)
      healthy = false
      throw cause
    }
    healthy = true
    options.copy?.(text)
  }
  /** A budget that is full has room for that, a disk that is full may not. */
  const tellOfGap = () => {
    try {
      write([gap.begin(stamp())], Number.POSITIVE_INFINITY)
    } catch {
      // The record of its end says what this one would have said.
    }
    healthy = false
  }
  const rotateWhenDue = () => {
    if (file.size < rotateBytes) return
    try {
      const { size } = file
      file.rotate(clock.nowMs())
      rotatedBytes += size
    } catch (cause) {
      onTrouble('the log cannot be rotated', cause)
    }
  }
  const flush = () => {
    const [waiting, lines] = [batch, pending]
    pending = []
    batch = undefined
    if (waiting === undefined) return
    try {
      write(gap.open ? [gap.end(stamp()), ...lines] : lines)
      gap.close()
    } catch (cause) {
      const first = !gap.open
      if (!gap.swallow(cause, lines.length)) {
        onRefused(lines.length)
        return waiting.reject(new Error('the log cannot be written', { cause }))
      }
      if (first) tellOfGap()
    }
    waiting.resolve()
    rotateWhenDue()
    if (chain.position.seq - checkpoints.seqOf(chain.position.id) >= checkpointLines) checkpoints.take(chain.position)
    else checkpoints.begin(chain.position)
  }
  const stamp = () => `"timestamp":"${timestampText(clock.nowMs(), 3)}"`
  const append = (before: string, after: string): Promise<void> => {
    if (closed) {
      onRefused(1)
      return Promise.reject(new Error('the log is closed'))
    }
    pending.push([before, after])
    if (batch === undefined) {
      batch = Promise.withResolvers<void>()
      schedule(flush)
    }
    return batch.promise
  }
  const timer = setInterval(() => checkpoints.take(chain.position), options.checkpointMs ?? CHECKPOINT_MS)
  timer.unref()

  return {
    path,
    append,
    reopen: () => {
      flush()
      file.reopen()
      rotatedBytes = sumOf(rotatedSegments(path))
    },
    get size() {
      return file.size
    },
    remove: async (segment, ends) => {
      const bytes = sizeOf(segment)
      // Room first: what says that the file is gone must fit where the log is full.
      rotatedBytes -= bytes
      try {
        const what = JSON.stringify({ segment: basename(segment), ends })
        await append(`{"record":"removed",${stamp()},${what.slice(1, -1)},`, '}')
        await checkpoints.now(chain.position)
      } catch (cause) {
        rotatedBytes += bytes
        throw cause
      }
      await Promise.all([segment, headsFileOf(segment)].map((gone) => rm(gone, { force: true })))
    },
    get healthy() {
      return healthy
    },
    close: async () => {
      if (closed) return
      clearInterval(timer)
      flush()
      closed = true
      await checkpoints.close(chain.position)
      await file.close()
    },
  }
}

/** Where the log ended before: in its file, else in the one that was rotated last. */
function lastPosition(path: string): ChainPosition | undefined {
  for (const segment of [path, ...rotatedSegments(path).toReversed()]) {
    const { line } = tailOf(segment)
    if (line === undefined) continue
    const link = parsedLink(line)
    return link && { id: link.id, seq: link.seq, digest: lineDigest(line) }
  }
  return undefined
}

function parsedLink(line: Uint8Array): Link | undefined {
  try {
    return linkOf(JSON.parse(Buffer.from(line).toString('utf8')))
  } catch {
    // What is no JSON is found by `sallyport audit verify`; the log goes on.
    return undefined
  }
}

const sumOf = (segments: readonly string[]): number => segments.reduce((sum, segment) => sum + sizeOf(segment), 0)
