/** The file that a log is written to: what cannot be written whole is taken back, and nothing else ever is. */
import {
  closeSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { headsFileOf, rotatedPath, sizeOf, tailOf } from './segments.ts'

/** Writes all of `text`, or throws. */
export type Write = (fd: number, text: Uint8Array) => void

const dataSync = promisify(fdatasync)

export class AppendFile {
  readonly #path: string
  readonly #write: Write
  #fd: number
  #size: number
  #torn: boolean
  /** Files that were rotated away and are not known to be on disk yet. */
  readonly #leaving = new Set<Promise<void>>()

  constructor(path: string, write: Write = writeAll) {
    this.#path = path
    this.#write = write
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    this.#torn = tailOf(path).torn
    this.#fd = openSync(path, 'a', 0o600)
    this.#size = fstatSync(this.#fd).size
  }

  /** Bytes of whole lines. */
  get size(): number {
    return this.#size
  }

  /** True when a broken piece stands at the end that could not be taken back: what comes next begins a new chain. */
  get torn(): boolean {
    return this.#torn
  }

  append(lines: string): void {
    // A broken piece must not become part of a line.
    const bytes = Buffer.from(this.#torn ? `\n${lines}` : lines)
    try {
      this.#write(this.#fd, bytes)
    } catch (cause) {
      this.#takeBack()
      throw cause
    }
    this.#size += bytes.byteLength
    this.#torn = false
  }

  #takeBack(): void {
    try {
      ftruncateSync(this.#fd, this.#size)
    } catch {
      // Some devices cannot: the piece stays, and the next line stands apart from it.
      this.#torn = true
    }
  }

  /** Resolves when all that was written before is on disk. */
  async sync(): Promise<void> {
    await Promise.all([dataSync(this.#fd), ...this.#leaving])
  }

  /** The file gets a name of its own, with its heads; a new one takes its place. */
  rotate(nowMs: number): void {
    const rotated = rotatedPath(this.#path, nowMs)
    renameSync(this.#path, rotated)
    if (sizeOf(headsFileOf(this.#path)) > 0) renameSync(headsFileOf(this.#path), headsFileOf(rotated))
    this.reopen()
  }

  /** Goes on in the file that has the log's name now. */
  reopen(): void {
    const next = openSync(this.#path, 'a', 0o600)
    const left = this.#fd
    const leaving = dataSync(left).finally(() => {
      closeSync(left)
      this.#leaving.delete(leaving)
    })
    // Whoever waits for `sync` hears of a failure.
    leaving.catch(() => {})
    this.#leaving.add(leaving)
    this.#fd = next
    this.#size = fstatSync(next).size
    this.#torn = tailOf(this.#path).torn
  }

  async close(): Promise<void> {
    try {
      fsyncSync(this.#fd)
    } finally {
      closeSync(this.#fd)
    }
    await Promise.allSettled(this.#leaving)
  }
}

function writeAll(fd: number, text: Uint8Array): void {
  for (let written = 0; written < text.byteLength; ) written += writeSync(fd, text, written)
}
