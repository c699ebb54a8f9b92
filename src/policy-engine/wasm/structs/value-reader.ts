/** Reads structs as Rego values, exactly: the arguments of built-ins, and members of sets that need OPA's order. */
import type { LinearMemory } from '../memory.ts'
import { numberOf, numberOfBigInt, type RegoNumber } from '../number.ts'
import { readTerm } from '../term-text.ts'
import { RegoObject, RegoSet, type Value } from '../value.ts'
import { ARRAY_ELEMENT_BYTES, INTEGER, TYPE } from './layout.ts'

export function readValue(memory: LinearMemory, address: number): Value {
  const word = (offset: number): number => memory.word(address + offset)
  switch (memory.u8[address]) {
    case TYPE.null:
      return null
    case TYPE.boolean:
    case TYPE.internedBoolean:
      return memory.u8[address + 1] !== 0
    case TYPE.number:
      return readNumber(memory, address)
    case TYPE.string:
    case TYPE.internedString:
      return memory.text(word(8), word(4))
    case TYPE.array:
      return Array.from({ length: word(8) }, (_, at) =>
        readValue(memory, memory.word(word(4) + at * ARRAY_ELEMENT_BYTES + 4)),
      )
    case TYPE.object:
      return new RegoObject(readEntries(memory, word(4), word(8)))
    case TYPE.set:
      return new RegoSet(readMembers(memory, word(4), word(8)))
    default:
      throw new Error(`no value of type ${memory.u8[address]}`)
  }
}

export function readNumber(memory: LinearMemory, address: number): number | RegoNumber {
  const [low, high] = [memory.word(address + 8), memory.word(address + 12)]
  if (memory.u8[address + 1] !== INTEGER) return numberFromText(memory.text(low, high))
  const integer = high * 2 ** 32 + (low >>> 0)
  return Number.isSafeInteger(integer) ? integer : numberOfBigInt((BigInt(high) << 32n) | BigInt(low >>> 0))
}

/** The module's arithmetic may write what is no JSON number, such as .5. */
function numberFromText(text: string): number | RegoNumber {
  const double = Number(text)
  if (String(double) === text) return double
  return text.startsWith('.') || text.startsWith('-.') ? (readTerm(text) as number | RegoNumber) : numberOf(text)
}

function* readEntries(memory: LinearMemory, buckets: number, count: number): Generator<readonly [Value, Value]> {
  for (let bucket = 0; bucket < count; bucket++) {
    for (let at = memory.word(buckets + 4 * bucket); at !== 0; at = memory.word(at + 8)) {
      yield [readValue(memory, memory.word(at)), readValue(memory, memory.word(at + 4))]
    }
  }
}

function* readMembers(memory: LinearMemory, buckets: number, count: number): Generator<Value> {
  for (let bucket = 0; bucket < count; bucket++) {
    for (let at = memory.word(buckets + 4 * bucket); at !== 0; at = memory.word(at + 4)) {
      yield readValue(memory, memory.word(at))
    }
  }
}
