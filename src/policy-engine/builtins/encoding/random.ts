/** A seeded source of test values: the same seed gives the same run. */
import type { Value } from '../../wasm/value.ts'

export class Random {
  #state: number
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 <= x < limit, a whole number. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }

  pick<T>(...choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] as T
  }

  chance(outOf: number): boolean {
    return this.below(outOf) === 0
  }

  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  list<T>(max: number, make: () => T): T[] {
    return Array.from({ length: this.below(max + 1) }, make)
  }

  /** Characters of the alphabet, joined. */
  text(alphabet: string, max: number): string {
    const chars = [...alphabet]
    return this.list(max, () => chars[this.below(chars.length)] ?? '').join('')
  }

  digits(max: number): string {
    return String(this.between(1, 9)) + this.text('0123456789', max - 1)
  }

  /** An operand of a kind that string built-ins refuse. */
  notText(): Value {
    return this.pick<Value>(1, null, true, ['a'])
  }
}
