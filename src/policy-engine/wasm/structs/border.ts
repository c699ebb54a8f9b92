/** Values cross as structs, laid down and read in place: no JSON text either way. */

import type { Border } from '../border.ts'
import { readStatics, STATICS_SECTION } from '../fuel/statics.ts'
import type { StructImage } from '../image.ts'
import type { PolicyInstance } from '../instance.ts'
import { DataWriter } from './data-writer.ts'
import { InputWriter, type Written } from './input-writer.ts'
import { arenaBytes, InternedStrings } from './interned.ts'
import { TYPE } from './layout.ts'
import { ResultReader } from './result-reader.ts'
import { readValue } from './value-reader.ts'
import { CONSTANTS_BYTES, type Constants, constantsAt, type Reserve, writeConstants } from './writer.ts'

/** What small inputs are written into without asking the module for memory. */
const RESERVE_BYTES = 128 * 1024
const PIECE_BYTES = 1024 * 1024

/** Persistent memory of an instance: [interned strings][constants][data]. */
export interface StructMemory {
  readonly strings: InternedStrings
  readonly constants: Constants
  readonly reserve: Reserve
}

export function layOutMemory(module: WebAssembly.Module, instance: PolicyInstance): StructMemory {
  const { calls, memory } = instance
  const start = calls.opa_malloc(arenaBytes + CONSTANTS_BYTES + 16)
  memory.refresh()
  const strings = openStrings(module, instance, start)
  const constants = writeConstants(memory, (start + arenaBytes + 7) & ~7)
  return { strings, constants, reserve: reserveOf(instance) }
}

function openStrings(module: WebAssembly.Module, { calls, memory }: PolicyInstance, start: number): InternedStrings {
  const statics = readStatics(WebAssembly.Module.customSections(module, STATICS_SECTION)[0])
  const hashTable = calls.string_hashes
  const strings = new InternedStrings(memory, { start, hashTable: hashTable !== undefined }, statics)
  if (hashTable !== undefined) hashTable.value = strings.hashTable
  return strings
}

const reserveOf =
  ({ calls }: PolicyInstance): Reserve =>
  (from, bytes) => {
    calls.opa_heap_ptr_set(from)
    calls.opa_malloc(bytes)
    return calls.opa_heap_ptr_get()
  }

export const imageOf = ({ strings, constants }: StructMemory): StructImage => ({
  constants: constants.null,
  strings: strings.image(),
})

/** Of an instance whose memory was copied in from the image; yields now and then. */
export function* restoreMemory(
  module: WebAssembly.Module,
  instance: PolicyInstance,
  image: StructImage,
): Generator<void, StructMemory> {
  const strings = openStrings(module, instance, image.strings.start)
  yield* strings.restore(image.strings)
  return { strings, constants: constantsAt(image.constants), reserve: reserveOf(instance) }
}

/** Writes base data behind what is there; answers its address. */
export function writeData(
  instance: PolicyInstance,
  { strings, constants, reserve }: StructMemory,
  data: unknown,
): number {
  const writer = new DataWriter(instance.memory, constants, inLargePieces(reserve), strings)
  writer.begin((instance.calls.opa_heap_ptr_get() + 7) & ~7, 0)
  const address = writer.write(data)
  instance.calls.opa_heap_ptr_set(writer.end)
  return address
}

/** Memory grows once a megabyte: a call into the module for each few kilobytes takes as long as the writing. */
const inLargePieces =
  (reserve: Reserve): Reserve =>
  (from, bytes) =>
    reserve(from, bytes + PIECE_BYTES)

export function structBorder(instance: PolicyInstance, { strings, constants, reserve }: StructMemory): Border {
  const { calls, memory } = instance
  const heap = (calls.opa_heap_ptr_get() + 7) & ~7
  let limit = reserve(heap, RESERVE_BYTES)
  const grow: Reserve = (from, bytes) => {
    limit = Math.max(limit, reserve(from, bytes))
    return limit
  }
  const writer = new InputWriter(memory, constants, grow, strings)
  const reader = new ResultReader(memory, strings, heap)
  let input: Written | undefined
  /** Input and result of the evaluation before, once it ended well; what continues it clears them, so that no row of such fills the memory. */
  let last: readonly Written[] = []
  return {
    writeInput: (value, continues) => {
      const written = continues === true ? last : []
      last = []
      writer.begin(written.length > 0 ? (calls.opa_heap_ptr_get() + 7) & ~7 : heap, limit)
      const address = writer.writeInput(value, written)
      calls.opa_heap_ptr_set(writer.end)
      input = written.length === 0 ? { value, address } : undefined
      return address
    },
    noInput: () => {
      last = []
      input = undefined
      calls.opa_heap_ptr_set(heap)
      return 0
    },
    readResult: (left, exact) => {
      const binding = left === 0 ? 0 : bindingOf(left)
      const entry = binding === 0 ? 0 : firstEntry(binding)
      if (entry === 0) return undefined
      const address = memory.word(entry + 4)
      const value = reader.read(address, exact)
      if (input !== undefined) last = reader.isPlain ? [input, { value, address }] : [input]
      return value
    },
    readJson: (address, exact) => reader.read(address, exact),
    readArgument: (address) => readValue(memory, address),
  }

  function bindingOf(left: number): number {
    if (memory.u8[left] !== TYPE.set) return left
    const element = firstEntry(left)
    return element === 0 ? 0 : memory.word(element)
  }

  /** The first element of an object's or a set's table, 0 for none. */
  function firstEntry(table: number): number {
    const [buckets, count] = [memory.word(table + 4), memory.word(table + 8)]
    for (let bucket = 0; bucket < count; bucket++) {
      const element = memory.word(buckets + 4 * bucket)
      if (element !== 0) return element
    }
    return 0
  }
}
