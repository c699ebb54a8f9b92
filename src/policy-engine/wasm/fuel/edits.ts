/** Bodies of functions with other bytes at some places. */
import { type Bytes, unsigned } from './binary.ts'
import type { FunctionBody } from './code.ts'

/** Bytes that take the place of those between two places of the module. */
export type Edit = readonly [from: number, to: number, replacement: Bytes]

export interface Edited {
  /** The body with its size before it. */
  readonly code: readonly Bytes[]
  /** Where each replacement now lies, counted from the body's first byte. */
  readonly places: readonly { readonly at: number; readonly replacement: Bytes }[]
}

/** Edits at one place stay in their order. */
export function edited(bytes: Uint8Array, body: FunctionBody, edits: Edit[]): Edited {
  const parts: Bytes[] = []
  const places: Edited['places'][number][] = []
  let size = 0
  let at = body.start
  const put = (part: Bytes): void => {
    size += part.length
    parts.push(part)
  }
  for (const [from, to, replacement] of edits.sort(([left], [right]) => left - right)) {
    put(bytes.subarray(at, from))
    places.push({ at: size, replacement })
    put(replacement)
    at = to
  }
  put(bytes.subarray(at, body.end))
  return { code: [unsigned(size), ...parts], places }
}
