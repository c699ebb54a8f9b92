/**
 * Appends JSON lines with group commit: the lines that come together are written in one write, before anyone who appended
 * one of them goes on. fsync follows on a timer, so a power loss can take the last second; a crash takes nothing.
 */
import { closeSync, fsync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

export interface LineWriter {
  /** Resolves when the line (without newline) is written; rejects when it is not, whole. */
  append(line: string): Promise<void>
  /** Starts a new file under the same path after a rotation. */
  reopen(): void
  /** False after a failed write, until one succeeds. */
  readonly healthy: boolean
  close(): Promise<void>
}

export interface LineWriterOptions {
  readonly fsyncMs?: number
  /**
   * Default `turn`: at the end of this turn of the event loop. `tick`: as soon as all that can go on now has gone on; for
   * lines that come in bursts already, such as after a commit.
   */
  readonly gather?: 'turn' | 'tick'
  /** Writes all of `text`, or throws; in place of the file system, for tests of a full disk. */
  readonly write?: (fd: number, text: Uint8Array) => void
}

export function openLineWriter(path: string, options: LineWriterOptions = {}): LineWriter {
  const { fsyncMs = 1000, write = writeAll } = options
  const schedule = options.gather === 'tick' ? process.nextTick : setImmediate
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const open = () => openSync(path, 'a', 0o600)
  let fd = open()
  let lines: string[] = []
  let batch: PromiseWithResolvers<void> | undefined
  let dirty = false
  let torn = false
  let closed = false

  const flush = () => {
    const waiting = batch
    const text = lines.join('\n')
    lines = []
    batch = undefined
    if (waiting === undefined) return
    try {
      // What a failed write left behind must not become part of a line.
      write(fd, Buffer.from(`${torn ? '\n' : ''}${text}\n`))
      torn = false
      dirty = true
      waiting.resolve()
    } catch (cause) {
      torn = true
      waiting.reject(new Error('the log cannot be written', { cause }))
    }
  }
  const sync = () => {
    if (!dirty || closed) return
    dirty = false
    // The outcome shows at the next write; a failed fsync has no other remedy.
    fsync(fd, () => {})
  }
  const timer = setInterval(sync, fsyncMs)
  timer.unref()

  return {
    append: (line) => {
      if (closed) return Promise.reject(new Error('the log is closed'))
      lines.push(line)
      if (batch === undefined) {
        batch = Promise.withResolvers<void>()
        schedule(flush)
      }
      return batch.promise
    },
    reopen: () => {
      flush()
      const next = open()
      closeSync(fd)
      fd = next
    },
    get healthy() {
      return !torn
    },
    close: async () => {
      if (closed) return
      clearInterval(timer)
      flush()
      closed = true
      fsyncSync(fd)
      closeSync(fd)
    },
  }
}

function writeAll(fd: number, text: Uint8Array): void {
  for (let written = 0; written < text.byteLength; ) written += writeSync(fd, text, written)
}
