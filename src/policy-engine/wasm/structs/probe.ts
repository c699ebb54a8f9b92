/**
 * Tries on an instance whether its runtime lays values out as `layout.ts` says: what the host writes, the module must print,
 * find keys in, and change; what the module parses, the host must read. A module that fails gets the text border.
 */
import { parseText } from '../border.ts'
import type { PolicyInstance } from '../instance.ts'
import { readTerm, writeTerm } from '../term-text.ts'
import type { StructMemory } from './border.ts'
import { InputWriter } from './input-writer.ts'
import { readValue } from './value-reader.ts'

const SAMPLE = {
  text: 'a\u00fc\u{1f600}',
  numbers: [0, 511, 512, -1, 2 ** 53 - 1, -(2 ** 40), 0.25, 1e300],
  flags: { on: true, off: false, none: null },
  empty: [[], {}, ''],
  keys: Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`key-${at}`, at])),
}
const TERM = '{"set": {1, "x", [true]}, "big": 12345678901234567890, [1]: {2: null}, "empty": set()}'

/** Leaves the heap where it was. Never throws. */
export function layoutHolds(instance: PolicyInstance, memory: StructMemory): boolean {
  const heap = instance.calls.opa_heap_ptr_get()
  try {
    return printsWhatIsWritten(instance, memory) && readsWhatIsParsed(instance)
  } catch {
    return false
  } finally {
    instance.restoreStack()
    instance.calls.opa_heap_ptr_set(heap)
  }
}

function printsWhatIsWritten(instance: PolicyInstance, { strings, constants, reserve }: StructMemory): boolean {
  const writer = new InputWriter(instance.memory, constants, reserve, strings)
  writer.begin((instance.calls.opa_heap_ptr_get() + 7) & ~7, 0)
  const address = writer.write(SAMPLE)
  instance.calls.opa_heap_ptr_set(writer.end)
  if (canonical(instance.dump(address)) !== canonical(JSON.stringify(SAMPLE))) return false
  // Replaced, not added beside: the module hashes each key into the bucket that the host chose.
  for (const key of Object.keys(SAMPLE.keys)) {
    const path = parseText(instance, JSON.stringify(['keys', key]))
    instance.calls.opa_value_add_path(address, path, parseText(instance, '"replaced"'))
  }
  const replaced = Object.fromEntries(Object.keys(SAMPLE.keys).map((key) => [key, 'replaced']))
  const dump = instance.dump(address)
  const once = dump.split('"key-').length - 1 === Object.keys(replaced).length
  return once && canonical(dump) === canonical(JSON.stringify({ ...SAMPLE, keys: replaced }))
}

function readsWhatIsParsed(instance: PolicyInstance): boolean {
  return writeTerm(readValue(instance.memory, parseText(instance, TERM))) === canonical(TERM)
}

const canonical = (text: string): string => writeTerm(readTerm(text))
