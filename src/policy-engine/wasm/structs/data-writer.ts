/** Writes base data as structs, short strings shared with the inputs to come. A walker of its own: see input-writer.ts. */
import type { LinearMemory } from '../memory.ts'
import { addMember, dictionaryBytes, openDictionary } from './dictionary.ts'
import type { InternedString, InternedStrings } from './interned.ts'
import { ARRAY_ELEMENT_BYTES, COMPOSITE_BYTES, hashText, TYPE } from './layout.ts'
import { mustBeWellFormed, rawNumber } from './raw-json.ts'
import { type Constants, type Reserve, StructWriter } from './writer.ts'

type KeyString = Pick<InternedString, 'address' | 'hash'>
type Plain = Readonly<Record<string, unknown>>

/** Longer ones are seldom compared; more of them would only fill the map. */
const MAX_SHARED_UNITS = 24
const MAX_SHARED = 16_384

export class DataWriter extends StructWriter {
  readonly #strings: InternedStrings

  constructor(memory: LinearMemory, constants: Constants, reserve: Reserve, strings: InternedStrings) {
    super(memory, constants, reserve)
    this.#strings = strings
  }

  write(value: unknown): number {
    if (typeof value === 'string') return this.#shared(value)
    if (typeof value === 'number') return this.number(value)
    if (typeof value === 'boolean') return value ? this.constants.true : this.constants.false
    if (value === null || typeof value !== 'object') return this.constants.null
    return Array.isArray(value) ? this.#array(value) : this.#object(value as Plain)
  }

  #shared(text: string): number {
    if (text.length > MAX_SHARED_UNITS) return this.string(text)
    return this.#strings.find(text)?.address ?? this.#kept(text).address
  }

  #kept(text: string): KeyString {
    const address = this.string(text)
    const isShort = text.length <= MAX_SHARED_UNITS
    return isShort && this.#strings.size < MAX_SHARED
      ? this.#strings.keep(text, address)
      : { address, hash: hashText(text) }
  }

  #array(members: readonly unknown[]): number {
    const { length } = members
    this.need(COMPOSITE_BYTES + ARRAY_ELEMENT_BYTES * length)
    const address = (this.at + 3) & ~3
    const elements = address + COMPOSITE_BYTES
    this.at = elements + ARRAY_ELEMENT_BYTES * length
    this.i32.set([TYPE.array, length === 0 ? 0 : elements, length, length], address >> 2)
    for (let index = 0; index < length; index++) {
      const value = this.write(members[index])
      const key = this.number(index)
      const element = (elements >> 2) + 2 * index
      this.i32[element] = key
      this.i32[element + 1] = value
    }
    return address
  }

  #object(object: Plain): number {
    const text = rawNumber(object)
    if (text !== undefined) return this.numberText(text)
    const keys = Object.keys(object)
    const bytes = dictionaryBytes(keys.length)
    this.need(bytes)
    const address = (this.at + 3) & ~3
    this.at = address + bytes
    openDictionary(this.memory, address, keys.length)
    keys.forEach((key, index) => {
      mustBeWellFormed(key)
      const { address: keyAddress, hash } = this.#strings.find(key) ?? this.#kept(key)
      const value = this.write(object[key])
      addMember(this.memory, address, { index, key, keyAddress, hash, value })
    })
    return address
  }
}
