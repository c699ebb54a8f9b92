/**
 * Reads a result from structs as plain JSON data. Sets become arrays in OPA's order, keys that are no strings their JSON
 * text; a number whose value a double would change becomes raw JSON.
 */
import { compareStrings, compareValues } from '../compare.ts'
import { jsonOfNumber, jsonOfValue, keyText } from '../json-value.ts'
import type { LinearMemory } from '../memory.ts'
import type { InternedStrings } from './interned.ts'
import { INTEGER, TYPE } from './layout.ts'
import { readNumber, readValue } from './value-reader.ts'

/** Shorter than this, a loop is faster than a decoder. */
const SHORT_BYTES = 12
/** No more than a double holds exactly. */
const SHORT_DIGITS = 15
const ASCII = Array.from({ length: 128 }, (_, unit) => String.fromCharCode(unit))

export class ResultReader {
  readonly #memory: LinearMemory
  readonly #strings: InternedStrings
  /** Strings below this address stay as they are for as long as the data. */
  readonly #persistentEnd: number
  #exact = false
  /** Whether the value read last is in memory as it was read: no set, and no key but strings. */
  isPlain = true

  constructor(memory: LinearMemory, strings: InternedStrings, persistentEnd: number) {
    this.#memory = memory
    this.#strings = strings
    this.#persistentEnd = persistentEnd
  }

  /** `exact`: numbers keep their text. */
  read(address: number, exact: boolean): unknown {
    this.#exact = exact
    this.isPlain = true
    return this.#read(address)
  }

  #read(address: number): unknown {
    const memory = this.#memory
    switch (memory.u8[address]) {
      case TYPE.null:
        return null
      case TYPE.boolean:
      case TYPE.internedBoolean:
        return memory.u8[address + 1] !== 0
      case TYPE.number:
        return this.#number(address)
      case TYPE.string:
      case TYPE.internedString:
        return this.#string(address)
      case TYPE.array:
        return this.#array(memory.word(address + 4), memory.word(address + 8))
      case TYPE.object:
        return this.#object(memory.word(address + 4), memory.word(address + 8))
      case TYPE.set:
        return this.#set(address)
      default:
        throw new Error(`no value of type ${memory.u8[address]}`)
    }
  }

  #number(address: number): unknown {
    const memory = this.#memory
    const [low, high] = [memory.word(address + 8), memory.word(address + 12)]
    if (memory.u8[address + 1] === INTEGER) {
      const integer = high * 2 ** 32 + (low >>> 0)
      if (Number.isSafeInteger(integer)) return integer
    } else if (high <= SHORT_DIGITS) {
      const integer = this.#digits(low, high)
      if (integer >= 0) return integer
    }
    return jsonOfNumber(readNumber(memory, address), this.#exact)
  }

  /** The constants of a policy are text: 300 is three digits. Negative for what is not only digits. */
  #digits(from: number, length: number): number {
    const { u8 } = this.#memory
    let integer = 0
    for (let at = from; at < from + length; at++) {
      const digit = (u8[at] as number) - 0x30
      if (digit < 0 || digit > 9) return -1
      integer = integer * 10 + digit
    }
    return integer
  }

  #string(address: number): string {
    const persistent = address < this.#persistentEnd
    const interned = persistent ? this.#strings.textAt(address) : undefined
    if (interned !== undefined) return interned
    const [from, length] = [this.#memory.word(address + 8), this.#memory.word(address + 4)]
    if (length >= SHORT_BYTES) return this.#memory.text(from, length)
    const { u8 } = this.#memory
    let text = ''
    for (let at = from; at < from + length; at++) {
      const unit = ASCII[u8[at] as number]
      if (unit === undefined) return this.#memory.text(from, length)
      text += unit
    }
    return text
  }

  #array(elements: number, length: number): unknown[] {
    const members: unknown[] = []
    for (let at = 0; at < length; at++) members.push(this.#read(this.#memory.word(elements + 8 * at + 4)))
    return members
  }

  #object(buckets: number, count: number): Record<string, unknown> {
    const memory = this.#memory
    const object: Record<string, unknown> = {}
    for (let bucket = 0; bucket < count; bucket++) {
      for (let at = memory.word(buckets + 4 * bucket); at !== 0; at = memory.word(at + 8)) {
        const key = this.#key(memory.word(at))
        const value = this.#read(memory.word(at + 4))
        if (key !== '__proto__') object[key] = value
        else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
      }
    }
    return object
  }

  #key(address: number): string {
    const type = this.#memory.u8[address]
    if (type === TYPE.string || type === TYPE.internedString) return this.#string(address)
    this.isPlain = false
    return keyText(readValue(this.#memory, address))
  }

  #set(address: number): unknown[] {
    this.isPlain = false
    const memory = this.#memory
    const members: number[] = []
    const [buckets, count] = [memory.word(address + 4), memory.word(address + 8)]
    for (let bucket = 0; bucket < count; bucket++) {
      for (let at = memory.word(buckets + 4 * bucket); at !== 0; at = memory.word(at + 4)) members.push(memory.word(at))
    }
    const texts = members.map((member) => (this.#isString(member) ? this.#string(member) : undefined))
    if (texts.every((text) => text !== undefined)) return texts.sort(compareStrings)
    return members
      .map((member) => readValue(memory, member))
      .sort(compareValues)
      .map((value) => jsonOfValue(value, this.#exact))
  }

  #isString(address: number): boolean {
    const type = this.#memory.u8[address]
    return type === TYPE.string || type === TYPE.internedString
  }
}
