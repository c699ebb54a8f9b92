/**
 * Strings that stay in the module's memory for as long as its data: the policy's own constants, and the keys that inputs
 * and data had. Equal strings share a struct, which the module compares by address, and whose hash it looks up.
 */

import { STATIC_BYTES, type StaticStrings } from '../fuel/statics.ts'
import type { StringsImage } from '../image.ts'
import type { LinearMemory } from '../memory.ts'
import { hashText, STRING_BYTES, TYPE } from './layout.ts'

export interface InternedString {
  readonly address: number
  readonly hash: number
  readonly text: string
}

const ARENA_BYTES = 256 * 1024
const MAX_HASHES = 8192
/** What one interned string may take: nobody's input fills the arena with a few. */
const MAX_TEXT_BYTES = 256
const RESTORED_PER_STEP = 256

interface Arena {
  /** First byte of memory that only this may use. */
  readonly start: number
  readonly hashTable: boolean
}

export const arenaBytes = ARENA_BYTES + MAX_HASHES * 4

export class InternedStrings {
  readonly #memory: LinearMemory
  readonly #start: number
  readonly #byText = new Map<string, InternedString>()
  readonly #textAt = new Map<number, string>()
  readonly #hashTable: number
  #hashes = 0
  #next: number
  readonly #end: number

  constructor(memory: LinearMemory, { start, hashTable }: Arena, statics: StaticStrings) {
    this.#memory = memory
    this.#start = start
    const aligned = (start + 7) & ~7
    this.#hashTable = hashTable ? aligned : 0
    this.#next = aligned + MAX_HASHES * 4
    this.#end = start + arenaBytes
    for (let at = 0; at < statics.count; at++) this.#adopt(statics.address + at * STATIC_BYTES)
  }

  /** All that is not in memory itself. */
  image(): StringsImage {
    const addresses = Int32Array.from(this.#textAt.keys())
    return { start: this.#start, next: this.#next, hashes: this.#hashes, addresses }
  }

  /** Takes up what an image of this memory holds, yielding now and then. */
  *restore({ next, hashes, addresses }: StringsImage): Generator<void, void> {
    this.#next = next
    this.#hashes = hashes
    this.#byText.clear()
    this.#textAt.clear()
    for (const [at, address] of addresses.entries()) {
      const text = this.#textOf(address)
      this.#byText.set(text, { address, hash: hashText(text), text })
      this.#textAt.set(address, text)
      if (at % RESTORED_PER_STEP === 0) yield
    }
  }

  /** Where the module finds hashes, 0 for nowhere. */
  get hashTable(): number {
    return this.#hashTable
  }

  find(text: string): InternedString | undefined {
    return this.#byText.get(text)
  }

  /** Undefined when there is no room for it. */
  intern(text: string): InternedString | undefined {
    const found = this.#byText.get(text)
    if (found !== undefined) return found
    if (text.length > MAX_TEXT_BYTES) return undefined
    const length = Buffer.byteLength(text)
    const address = this.reserve(STRING_BYTES + length)
    if (address === undefined) return undefined
    const { i32, buffer } = this.#memory
    i32[address >> 2] = TYPE.internedString
    i32[(address >> 2) + 1] = length
    i32[(address >> 2) + 2] = address + STRING_BYTES
    buffer.write(text, address + STRING_BYTES, 'utf8')
    return this.keep(text, address)
  }

  /** Aligned bytes that last as long as these strings. */
  reserve(bytes: number): number | undefined {
    const address = this.#next
    if (address + bytes > this.#end) return undefined
    this.#next = (address + bytes + 7) & ~7
    return address
  }

  /** Remembers a struct that stays where it is. */
  keep(text: string, address: number): InternedString {
    const interned = { address, hash: hashText(text), text }
    this.#byText.set(text, interned)
    this.#textAt.set(address, text)
    this.#setHash(interned)
    return interned
  }

  textAt(address: number): string | undefined {
    return this.#textAt.get(address)
  }

  get size(): number {
    return this.#byText.size
  }

  #textOf(address: number): string {
    return this.#memory.text(this.#memory.word(address + 8), this.#memory.word(address + 4))
  }

  #adopt(address: number): void {
    const text = this.#textOf(address)
    if (!this.#byText.has(text)) this.keep(text, address)
  }

  #setHash({ address, hash }: InternedString): void {
    if (this.#hashTable === 0) return
    const index = this.#hashes + 1 < MAX_HASHES ? ++this.#hashes : 0
    this.#memory.view.setUint16(address + 2, index, true)
    if (index > 0) this.#memory.view.setInt32(this.#hashTable + index * 4, hash | 0, true)
  }
}
