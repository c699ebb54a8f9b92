/**
 * How OPA's C runtime lays values into memory (value.h of OPA 1.22): what the struct readers and writers agree on. All
 * words are 32-bit; `probe.ts` tries on each instance that the module reads and writes the same.
 *
 *   null {1}   boolean {2, v:1}   number {3, repr:1, int64:8 | pointer:8 length:12 free:16}   string {4, free:1, length:4, pointer:8}
 *   array {5, elements:4, length:8, capacity:12}, element {index, value}
 *   object {6, buckets:4, count:8, length:12}, element {key, value, next}   set {7, likewise}, element {value, next}
 */
export const TYPE = {
  null: 1,
  boolean: 2,
  number: 3,
  string: 4,
  array: 5,
  object: 6,
  set: 7,
  /** Constants: the module never frees them. All that the host writes is of these kinds where there is a choice. */
  internedString: 8,
  internedBoolean: 9,
} as const

export const INTEGER = 1
export const TEXT = 2

export const STRING_BYTES = 12
export const NUMBER_BYTES = 24
export const COMPOSITE_BYTES = 16
export const ARRAY_ELEMENT_BYTES = 8
export const OBJECT_ELEMENT_BYTES = 12

/** A power of two, at most 70 % full, as the runtime grows its tables. */
export function bucketsFor(members: number): number {
  let buckets = 8
  while (members > buckets * 0.7) buckets *= 2
  return buckets
}

const OFFSET_BASIS = 0x811c9dc5 | 0
const PRIME = 0x01000193

/** The runtime's hash of a string: FNV-1 with 32 bits over its UTF-8. */
export function hashText(text: string): number {
  let hash = OFFSET_BASIS
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit > 0x7f) return hashBytes(Buffer.from(text))
    hash = Math.imul(hash, PRIME) ^ unit
  }
  return hash >>> 0
}

function hashBytes(bytes: Uint8Array): number {
  let hash = OFFSET_BASIS
  for (const byte of bytes) hash = Math.imul(hash, PRIME) ^ byte
  return hash >>> 0
}
