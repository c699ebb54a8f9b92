/** An object of many keys as a table of structs: for inputs whose shape is not worth keeping, and for all data. */
import { compareStrings } from '../compare.ts'
import type { LinearMemory } from '../memory.ts'
import { bucketsFor, COMPOSITE_BYTES, OBJECT_ELEMENT_BYTES, TYPE } from './layout.ts'

export const dictionaryBytes = (keys: number): number =>
  COMPOSITE_BYTES + 4 * bucketsFor(keys) + OBJECT_ELEMENT_BYTES * keys

/** Writes the empty table at an aligned address whose `dictionaryBytes` are the caller's. */
export function openDictionary({ i32 }: LinearMemory, address: number, keys: number): void {
  const buckets = bucketsFor(keys)
  const word = address >> 2
  i32[word] = TYPE.object
  i32[word + 1] = address + COMPOSITE_BYTES
  i32[word + 2] = buckets
  i32[word + 3] = keys
  i32.fill(0, word + 4, word + 4 + buckets)
}

export interface Member {
  /** Which of the table's members this is, from 0. */
  readonly index: number
  readonly key: string
  readonly keyAddress: number
  readonly hash: number
  readonly value: number
}

/** Adds a member whose key the table does not have; keys of one bucket stand in order, as the runtime has them. */
export function addMember(memory: LinearMemory, table: number, member: Member): void {
  const { i32 } = memory
  const buckets = i32[(table >> 2) + 2] as number
  const element = table + COMPOSITE_BYTES + 4 * buckets + OBJECT_ELEMENT_BYTES * member.index
  let link = (table >> 2) + 4 + (member.hash & (buckets - 1))
  for (let next = i32[link] as number; next !== 0; next = i32[link] as number) {
    if (compareStrings(textOf(memory, i32[next >> 2] as number), member.key) > 0) break
    link = (next >> 2) + 2
  }
  const word = element >> 2
  i32[word] = member.keyAddress
  i32[word + 1] = member.value
  i32[word + 2] = i32[link] as number
  i32[link] = element
}

const textOf = (memory: LinearMemory, address: number): string =>
  memory.text(memory.word(address + 8), memory.word(address + 4))
