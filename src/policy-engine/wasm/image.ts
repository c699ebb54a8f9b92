/**
 * A module's memory with its data in it, taken where nothing waits for it, and put into an instance on a thread that
 * decides: a copy in small steps, instead of parsing and writing every value there.
 */
import type { LinearMemory } from './memory.ts'

export interface PolicyImage {
  /** From address 0. Shared, so that each thread of a process copies from the same. */
  readonly bytes: SharedArrayBuffer
  /** The module's allocator counts on this much memory. */
  readonly pages: number
  readonly entrypoints: ReadonlyMap<string, number>
  readonly builtins: ReadonlyMap<string, number>
  /** Addresses of the data's value and of the evaluation's context. */
  readonly data: number
  readonly context: number
  /** Of the values of constant rules, 0 for none. */
  readonly ruleConstants: number
  /** What the struct border keeps beside memory; undefined where values cross as text. */
  readonly structs: StructImage | undefined
}

export interface StructImage {
  readonly constants: number
  readonly strings: StringsImage
}

export interface StringsImage {
  readonly start: number
  readonly next: number
  readonly hashes: number
  /** Of all interned strings, in the order in which they came. */
  readonly addresses: Int32Array
}

/** Of an instance of the module. */
interface Depicted {
  readonly calls: { opa_heap_ptr_get(): number }
  readonly memory: LinearMemory
}

/** What lies above the heap's end is free. */
export function copyOut({ calls, memory }: Depicted): SharedArrayBuffer {
  memory.refresh()
  const end = calls.opa_heap_ptr_get()
  const bytes = new SharedArrayBuffer(end)
  new Uint8Array(bytes).set(memory.u8.subarray(0, end))
  return bytes
}

/** Fresh memory is mapped in as it is written, which takes most of the time: half a millisecond, here and there more. */
const STEP_BYTES = 256 * 1024

/** Yields between steps. */
export function* copyIn({ memory }: Pick<Depicted, 'memory'>, bytes: SharedArrayBuffer): Generator<void, void> {
  memory.refresh()
  for (let from = 0; from < bytes.byteLength; from += STEP_BYTES) {
    const length = Math.min(STEP_BYTES, bytes.byteLength - from)
    memory.u8.set(new Uint8Array(bytes, from, length), from)
    yield
  }
}
