/** Writes an input as structs. The hottest loop of the host: its inline caches must see inputs only, never data. */
import type { LinearMemory } from '../memory.ts'
import { addMember, dictionaryBytes, openDictionary } from './dictionary.ts'
import type { InternedStrings } from './interned.ts'
import { ARRAY_ELEMENT_BYTES, COMPOSITE_BYTES, hashText, NUMBER_BYTES, TYPE } from './layout.ts'
import { mustBeWellFormed, NotPlain, rawNumber } from './raw-json.ts'
import { type Shape, Shapes } from './shapes.ts'
import { type Constants, type Reserve, StructWriter } from './writer.ts'

type Plain = Readonly<Record<string, unknown>>

/** An object, and where its struct lies. */
export interface Written {
  readonly value: unknown
  readonly address: number
}
const NOTHING: readonly Written[] = []

export class InputWriter extends StructWriter {
  readonly #strings: InternedStrings
  readonly #shapes: Shapes
  /** Structs that lie in memory already, by their objects. */
  #written: readonly Written[] = NOTHING

  constructor(memory: LinearMemory, constants: Constants, reserve: Reserve, strings: InternedStrings) {
    super(memory, constants, reserve)
    this.#strings = strings
    this.#shapes = new Shapes(strings)
  }

  /** Address of the input's struct; `written` may be pointed at, wherever it stands in the input. */
  writeInput(value: unknown, written: readonly Written[]): number {
    this.#written = written
    return this.write(value)
  }

  /** Throws NotPlain for what is no plain JSON data. */
  write(value: unknown): number {
    switch (typeof value) {
      case 'string':
        return this.string(value)
      case 'number':
        return this.number(value)
      case 'boolean':
        return value ? this.constants.true : this.constants.false
      case 'object':
        if (value === null) return this.constants.null
        return Array.isArray(value) ? this.#array(value) : this.#object(value as Plain)
      default:
        throw new NotPlain(typeof value)
    }
  }

  #array(members: readonly unknown[]): number {
    const { length } = members
    this.need(COMPOSITE_BYTES + ARRAY_ELEMENT_BYTES * length + (NUMBER_BYTES + 8) * length)
    const address = (this.at + 3) & ~3
    const elements = address + COMPOSITE_BYTES
    this.at = elements + ARRAY_ELEMENT_BYTES * length
    const word = address >> 2
    this.i32[word] = TYPE.array
    this.i32[word + 1] = length === 0 ? 0 : elements
    this.i32[word + 2] = length
    this.i32[word + 3] = length
    for (let index = 0; index < length; index++) {
      const member = members[index]
      const value = member === undefined ? this.constants.null : this.write(member)
      const key = this.number(index)
      const element = (elements >> 2) + 2 * index
      this.i32[element] = key
      this.i32[element + 1] = value
    }
    return address
  }

  #object(object: Plain): number {
    for (const { value, address } of this.#written) if (value === object) return address
    const text = rawNumber(object)
    if (text !== undefined) return this.numberText(text)
    let shape: Shape | undefined = this.#shapes.root
    for (const key in object) {
      if (object[key] === undefined) continue
      shape = shape.lastKey === key ? shape.lastShape : this.#shapes.step(shape, key)
      if (shape === undefined) return this.#dictionary(object)
    }
    const { words, mask, values } = shape.template ?? this.#shapes.template(shape)
    this.need(words.length * 4)
    const address = (this.at + 3) & ~3
    const word = address >> 2
    this.at = address + words.length * 4
    const { i32 } = this
    for (let at = 0; at < words.length; at++) {
      i32[word + at] = (words[at] as number) + (address & (mask[at] as number))
    }
    let member = 0
    for (const key in object) {
      const value = object[key]
      if (value === undefined) continue
      const written = this.write(value)
      this.i32[word + (values[member++] as number)] = written
    }
    return address
  }

  #dictionary(object: Plain): number {
    const keys = Object.keys(object).filter((key) => object[key] !== undefined)
    const bytes = dictionaryBytes(keys.length)
    this.need(bytes)
    const address = (this.at + 3) & ~3
    this.at = address + bytes
    openDictionary(this.memory, address, keys.length)
    keys.forEach((key, index) => {
      const interned = this.#strings.find(key)
      if (interned === undefined) mustBeWellFormed(key)
      const keyAddress = interned?.address ?? this.string(key)
      const value = this.write(object[key])
      addMember(this.memory, address, { index, key, keyAddress, hash: interned?.hash ?? hashText(key), value })
    })
    return address
  }
}
