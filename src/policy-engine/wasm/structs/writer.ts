/** Writes scalars as structs at a cursor that moves up through memory reserved from the module. */
import type { LinearMemory } from '../memory.ts'
import { INTEGER, NUMBER_BYTES, STRING_BYTES, TEXT, TYPE } from './layout.ts'

const SMALL_INTEGERS = 512

/** Structs that every input and all data share. */
export interface Constants {
  readonly null: number
  readonly true: number
  readonly false: number
  /** Addresses of 0 to 511. */
  readonly integers: Int32Array
}

export const CONSTANTS_BYTES = 16 + SMALL_INTEGERS * NUMBER_BYTES

/** Where they lie, once written. */
export function constantsAt(address: number): Constants {
  const integers = Int32Array.from({ length: SMALL_INTEGERS }, (_, value) => address + 16 + value * NUMBER_BYTES)
  return { null: address, true: address + 4, false: address + 8, integers }
}

export function writeConstants({ i32 }: LinearMemory, address: number): Constants {
  const word = address >> 2
  i32[word] = TYPE.null
  i32[word + 1] = TYPE.internedBoolean | (1 << 8)
  i32[word + 2] = TYPE.internedBoolean
  const constants = constantsAt(address)
  for (const [value, at] of constants.integers.entries()) {
    i32.set([TYPE.number | (INTEGER << 8), 0, value, 0], at >> 2)
  }
  return constants
}

/** Moves the module's own end of memory up, so that what is written does not lie above it; answers the new limit. */
export type Reserve = (from: number, bytes: number) => number

export class StructWriter {
  protected readonly memory: LinearMemory
  protected readonly constants: Constants
  readonly #reserve: Reserve
  /** Next free byte. */
  protected at = 0
  /** End of what is reserved. */
  protected limit = 0
  protected i32: Int32Array
  protected u8: Uint8Array

  constructor(memory: LinearMemory, constants: Constants, reserve: Reserve) {
    this.memory = memory
    this.constants = constants
    this.#reserve = reserve
    this.i32 = memory.i32
    this.u8 = memory.u8
  }

  /** All that is written lies from here on. */
  begin(from: number, limit: number): void {
    this.at = from
    this.limit = limit
    this.memory.refresh()
    this.i32 = this.memory.i32
    this.u8 = this.memory.u8
  }

  /** First byte after what was written, aligned. */
  get end(): number {
    return (this.at + 7) & ~7
  }

  protected need(bytes: number): void {
    if (this.at + bytes + 16 <= this.limit) return
    this.limit = this.#reserve(this.at, bytes + 64 * 1024)
    this.memory.refresh()
    this.i32 = this.memory.i32
    this.u8 = this.memory.u8
  }

  protected string(text: string): number {
    const units = text.length
    this.need(STRING_BYTES + units * 3)
    const address = this.at
    const to = address + STRING_BYTES
    const length = units <= 40 ? this.#shortText(text, to) : this.memory.buffer.write(text, to, 'utf8')
    const word = address >> 2
    this.i32[word] = TYPE.internedString
    this.i32[word + 1] = length
    this.i32[word + 2] = to
    this.at = (to + length + 3) & ~3
    return address
  }

  /** By hand up to the first byte that is not ASCII: cheaper than a call for the strings that most inputs hold. */
  #shortText(text: string, to: number): number {
    const { u8 } = this
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at)
      if (unit > 0x7f) return this.memory.buffer.write(text, to, 'utf8')
      u8[to + at] = unit
    }
    return text.length
  }

  /** Integers beyond 32 bits as text: the runtime's arithmetic cuts the upper half of a struct's 64. */
  protected number(value: number): number {
    if ((value | 0) !== value) return Number.isFinite(value) ? this.numberText(String(value)) : this.constants.null
    if (value >= 0 && value < SMALL_INTEGERS) return this.constants.integers[value] as number
    this.need(NUMBER_BYTES + 8)
    const address = (this.at + 7) & ~7
    const word = address >> 2
    this.i32[word] = TYPE.number | (INTEGER << 8)
    this.i32[word + 2] = value
    this.i32[word + 3] = value < 0 ? -1 : 0
    this.at = address + NUMBER_BYTES
    return address
  }

  protected numberText(text: string): number {
    this.need(NUMBER_BYTES + 8 + text.length)
    const address = (this.at + 7) & ~7
    const word = address >> 2
    this.i32[word] = TYPE.number | (TEXT << 8)
    this.i32[word + 2] = address + NUMBER_BYTES
    this.i32[word + 3] = text.length
    this.i32[word + 4] = 0
    this.memory.buffer.write(text, address + NUMBER_BYTES, 'latin1')
    this.at = (address + NUMBER_BYTES + text.length + 3) & ~3
    return address
  }
}
