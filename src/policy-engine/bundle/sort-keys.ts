/** Puts the members of objects in canonical order, in JSON without spaces; what is in order already is copied as it is. */
import { compareStrings } from '../wasm/compare.ts'

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d]

/** No key may hold an escape. Undefined where one comes twice. Throws RangeError where it is nested too deeply. */
export function sortKeys(json: Uint8Array): Uint8Array | undefined {
  const sorter = new Sorter(Buffer.from(json.buffer, json.byteOffset, json.byteLength))
  sorter.visit(0)
  return sorter.write(0) === undefined ? undefined : sorter.out
}

const SURROGATE = /[\ud800-\udfff]/
const byUnits = (left: Member, right: Member): number => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0)

interface Member {
  readonly key: string
  /** Of the key's quote, of the value, and behind it. */
  readonly start: number
  readonly value: number
  readonly end: number
}

class Sorter {
  /** The same bytes in another order. */
  readonly out: Buffer
  #written = 0
  readonly #bytes: Buffer
  /** Where containers begin that are out of order, or that hold one that is; and where they end. */
  readonly #touched = new Map<number, number>()

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.out = Buffer.allocUnsafeSlow(bytes.length)
  }

  /** First byte after the value; notes what is out of order. */
  visit(at: number): number {
    const byte = this.#bytes[at]
    const isObject = byte === OPEN_BRACE
    if (!isObject && byte !== OPEN_BRACKET) return this.#scalar(at)
    let isTouched = false
    let last = 0
    let next = at + 1
    if (this.#isClosed(next)) return next + 1
    for (;;) {
      const key = next
      if (isObject) {
        next = this.#string(key) + 1
        if (last > 0 && !this.#inOrder(last, key)) isTouched = true
        last = key
      }
      const value = next
      next = this.visit(value)
      if (this.#touched.has(value)) isTouched = true
      if (this.#bytes[next] !== COMMA) break
      next++
    }
    if (isTouched) this.#touched.set(at, next + 1)
    return next + 1
  }

  /** By the keys' bytes; a quote ends each, and none holds one. */
  #inOrder(left: number, right: number): boolean {
    const bytes = this.#bytes
    for (let at = 1; ; at++) {
      const [a, b] = [bytes[left + at] as number, bytes[right + at] as number]
      if (a === QUOTE) return b !== QUOTE
      if (a !== b) return b !== QUOTE && a < b
    }
  }

  #scalar(at: number): number {
    const bytes = this.#bytes
    if (bytes[at] === QUOTE) return this.#string(at)
    let end = at + 1
    for (let byte = bytes[end]; byte !== undefined && byte !== COMMA && !this.#isClosed(end); byte = bytes[end]) end++
    return end
  }

  #string(at: number): number {
    const bytes = this.#bytes
    let end = at + 1
    for (let byte = bytes[end]; byte !== QUOTE && byte !== undefined; byte = bytes[end])
      end += byte === BACKSLASH ? 2 : 1
    return end + 1
  }

  #isClosed = (at: number): boolean => this.#bytes[at] === CLOSE_BRACE || this.#bytes[at] === CLOSE_BRACKET

  /** Writes a container that was noted, or the whole where none was; undefined where a key comes twice. */
  write(start: number): true | undefined {
    const end = this.#touched.get(start)
    if (end === undefined) return this.#copy(start, start === 0 ? this.#bytes.length : start)
    const members = this.#members(start)
    if (this.#bytes[start] === OPEN_BRACE) {
      // Surrogates alone stand elsewhere in JavaScript's own order, which is quicker.
      const isPlain = !members.some(({ key }) => SURROGATE.test(key))
      members.sort(isPlain ? byUnits : (left, right) => compareStrings(left.key, right.key))
      if (members.some(({ key }, at) => members[at - 1]?.key === key)) return undefined
    }
    this.#copy(start, start + 1)
    for (const [at, member] of members.entries()) {
      if (at > 0) this.out[this.#written++] = COMMA
      const isTouched = this.#touched.has(member.value)
      this.#copy(member.start, isTouched ? member.value : member.end)
      if (isTouched && this.write(member.value) === undefined) return undefined
    }
    return this.#copy(end - 1, end)
  }

  #members(start: number): Member[] {
    const members: Member[] = []
    const isObject = this.#bytes[start] === OPEN_BRACE
    for (let at = start + 1; ; ) {
      const value = isObject ? this.#string(at) + 1 : at
      const key = isObject ? this.#bytes.toString('utf8', at + 1, value - 2) : ''
      const end = this.#touched.get(value) ?? this.#skip(value)
      members.push({ key, start: at, value, end })
      if (this.#bytes[end] !== COMMA) return members
      at = end + 1
    }
  }

  /** First byte after a value that is in order. */
  #skip(at: number): number {
    const bytes = this.#bytes
    let depth = 0
    for (let next = at; ; ) {
      const byte = bytes[next]
      if (byte === QUOTE) next = this.#string(next)
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        depth++
        next++
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        depth--
        next++
      } else if (byte === COMMA || byte === 0x3a) next++
      else next = this.#scalar(next)
      if (depth === 0) return next
    }
  }

  #copy(start: number, end: number): true {
    this.#written += this.#bytes.copy(this.out, this.#written, start, end)
    return true
  }
}
