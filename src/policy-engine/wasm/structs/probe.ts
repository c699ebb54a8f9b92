/**
 * Tries on an instance whether its runtime lays values out as `layout.ts` says: what the host writes, the module must print;
 * what the module parses, the host must read, and find each key in the bucket where it would have put it. A module that
 * fails gets the text border.
 */
import { parseText } from '../border.ts'
import type { PolicyInstance } from '../instance.ts'
import type { LinearMemory } from '../memory.ts'
import { readTerm, writeTerm } from '../term-text.ts'
import type { StructMemory } from './border.ts'
import { InputWriter } from './input-writer.ts'
import { hashText } from './layout.ts'
import { readValue } from './value-reader.ts'

const KEYS = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`key-${at}${at % 2 ? 'ü😀' : ''}`, at]))
const SAMPLE = {
  text: 'aü😀',
  numbers: [0, 511, 512, -1, 2 ** 53 - 1, -(2 ** 40), 0.25, 1e300],
  flags: { on: true, off: false, none: null },
  empty: [[], {}, ''],
  keys: KEYS,
}
const TERM = '{"set": {1, "x", [true]}, "big": 12345678901234567890, [1]: {2: null}, "empty": set()}'
/** A module that loops over what the host wrote must not do so for long. */
const FUEL = 1_000_000

/** Leaves the heap where it was. Never throws. */
export function layoutHolds(instance: PolicyInstance, memory: StructMemory): boolean {
  const heap = instance.calls.opa_heap_ptr_get()
  instance.calls.fuel.value = FUEL
  try {
    return printsWhatIsWritten(instance, memory) && readsWhatIsParsed(instance) && hashesAlike(instance)
  } catch {
    return false
  } finally {
    instance.restoreStack()
    instance.refuel()
    instance.calls.opa_heap_ptr_set(heap)
  }
}

function printsWhatIsWritten(instance: PolicyInstance, { strings, constants, reserve }: StructMemory): boolean {
  const writer = new InputWriter(instance.memory, constants, reserve, strings)
  writer.begin((instance.calls.opa_heap_ptr_get() + 7) & ~7, 0)
  const address = writer.write(SAMPLE)
  instance.calls.opa_heap_ptr_set(writer.end)
  return canonical(instance.dump(address)) === canonical(JSON.stringify(SAMPLE))
}

function readsWhatIsParsed(instance: PolicyInstance): boolean {
  return writeTerm(readValue(instance.memory, parseText(instance, TERM))) === canonical(TERM)
}

function hashesAlike(instance: PolicyInstance): boolean {
  const { memory } = instance
  const table = parseText(instance, JSON.stringify(KEYS))
  const [buckets, count] = [memory.word(table + 4), memory.word(table + 8)]
  let found = 0
  for (let bucket = 0; bucket < count; bucket++) {
    for (let at = memory.word(buckets + 4 * bucket); at !== 0; at = memory.word(at + 8)) {
      if ((hashText(textOf(memory, memory.word(at))) & (count - 1)) !== bucket) return false
      found++
    }
  }
  return found === Object.keys(KEYS).length
}

const textOf = (memory: LinearMemory, address: number): string =>
  memory.text(memory.word(address + 8), memory.word(address + 4))

const canonical = (text: string): string => writeTerm(readTerm(text))
