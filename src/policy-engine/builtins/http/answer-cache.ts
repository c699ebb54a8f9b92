/** Answers that `http.send` keeps between the decisions of one thread (OPA's inter-query cache), bounded in bytes. */
import type { EgressResponse } from '../../../egress/egress.ts'
import type { Value } from '../../wasm/value.ts'

export interface KeptResponse {
  readonly response: EgressResponse
  /** As policy sees it. */
  readonly value: Value
  readonly freshUntilMs: number
}

export interface AnswerCache {
  /** Fresh or not. */
  get(key: string): KeptResponse | undefined
  set(key: string, kept: KeptResponse): void
  delete(key: string): void
  readonly bytes: number
  readonly size: number
}

/** Of an entry without its texts. */
const ENTRY_BYTES = 512
/** A body is held as bytes, as text, and decoded. */
const BODY_FACTOR = 8

export function createAnswerCache(limitBytes: number): AnswerCache {
  const entries = new Map<string, { readonly kept: KeptResponse; readonly bytes: number }>()
  let bytes = 0
  const remove = (key: string) => {
    bytes -= entries.get(key)?.bytes ?? 0
    entries.delete(key)
  }
  return {
    get: (key) => {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      // A Map keeps the order of insertion: what was used last goes last.
      entries.delete(key)
      entries.set(key, entry)
      return entry.kept
    },
    set: (key, kept) => {
      remove(key)
      const size = sizeOf(kept)
      if (size > limitBytes) return
      entries.set(key, { kept, bytes: size })
      bytes += size
      for (const oldest of entries.keys()) {
        if (bytes <= limitBytes) break
        remove(oldest)
      }
    },
    delete: remove,
    get bytes() {
      return bytes
    },
    get size() {
      return entries.size
    },
  }
}

function sizeOf({ response: { headers, body } }: KeptResponse): number {
  let size = ENTRY_BYTES + body.byteLength * BODY_FACTOR
  for (const [name, value] of Object.entries(headers)) size += 2 * (name.length + String(value).length)
  return size
}
