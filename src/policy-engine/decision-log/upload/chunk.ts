/**
 * Chunks of events as OPA uploads them: a JSON array, gzipped, of a size that is held by guessing how well events compress.
 * An event that is too large alone goes without `nd_builtin_cache`.
 */
import { promisify } from 'node:util'
import { gzip as gzipCallback } from 'node:zlib'
import { parseExact } from '../../exact-json.ts'

const gzip = promisify(gzipCallback)

export const packEvents = (events: readonly Uint8Array[]): Promise<Buffer> => {
  const parts: Uint8Array[] = []
  for (const event of events) parts.push(parts.length === 0 ? OPEN : COMMA, event)
  return gzip(Buffer.concat([...parts, CLOSE]))
}

const OPEN = Buffer.from('[')
const COMMA = Buffer.from(',')
const CLOSE = Buffer.from(']')

/** As little as an event of ours takes; as much as is worth holding in memory at once. */
const LEAST_BYTES = 1024
const MOST_BYTES = 8 * 1024 * 1024
/** A chunk that is filled less could have taken more. */
const WELL_FILLED = 0.9

/** How much text fits a chunk. */
export class ChunkSize {
  #limit: number
  #text: number

  constructor(limit: number) {
    this.#limit = limit
    this.#text = limit
  }

  get limit(): number {
    return this.#limit
  }

  get textBytes(): number {
    return this.#text
  }

  tooLarge(packed: number): void {
    this.#text = Math.max(
      LEAST_BYTES,
      Math.floor((this.#text * this.#limit * WELL_FILLED) / Math.max(packed, this.#limit)),
    )
  }

  /** The service takes less than the limit: half of what it refused is tried from now on. */
  refused(packed: number): void {
    this.#limit = Math.max(LEAST_BYTES, Math.floor(packed / 2))
    this.tooLarge(packed)
  }

  fitted(packed: number, text: number): void {
    if (packed >= this.#limit * WELL_FILLED || text < this.#text / 2) return
    this.#text = Math.min(MOST_BYTES, Math.floor(this.#text * Math.min(2, (this.#limit * WELL_FILLED) / packed)))
  }
}

/** The event without what replays it; undefined where it has none of it. */
export function withoutCache(event: Uint8Array): Buffer | undefined {
  const value = parsed(event)
  if (value.nd_builtin_cache === undefined) return undefined
  const { nd_builtin_cache: _cache, ...rest } = value
  return Buffer.from(JSON.stringify({ ...rest, erased: [...erasedOf(value), '/nd_builtin_cache'] }))
}

/** For a sink that takes it no other way: that it was decided, by which bundle, and when. The log keeps the whole of it. */
export function withoutContent(event: Uint8Array): Buffer {
  const { nd_builtin_cache: _cache, input: _input, result: _result, ...rest } = parsed(event)
  return Buffer.from(JSON.stringify({ ...rest, erased: ['/input', '/result', '/nd_builtin_cache'] }))
}

const parsed = (event: Uint8Array): Record<string, unknown> =>
  parseExact(Buffer.from(event).toString('utf8')) as Record<string, unknown>

const erasedOf = ({ erased }: Record<string, unknown>): readonly unknown[] => (Array.isArray(erased) ? erased : [])
