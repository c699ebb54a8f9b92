/**
 * Canonical JSON from JSON, by a pass over the bytes that leaves out spaces and writes escapes anew, and where keys are out of
 * order (`opa build` sorts them) by another that sorts. Ten times as fast as reading and writing every value.
 */
import { isUtf8 } from 'node:buffer'
import { sortKeys } from './sort-keys.ts'

const [QUOTE, BACKSLASH, COMMA, COLON, MINUS, ZERO, NINE] = [0x22, 0x5c, 0x2c, 0x3a, 0x2d, 0x30, 0x39]
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d]
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/
const LITERALS: ReadonlyMap<number, Buffer> = new Map(
  ['true', 'false', 'null'].map((literal) => [literal.charCodeAt(0), Buffer.from(literal)]),
)

/** Undefined where the text is no JSON, or needs more than that: keys that come twice, or that are escaped. */
export function compact(document: Uint8Array, quote: (text: string) => string): Uint8Array | undefined {
  if (!isUtf8(document)) return undefined
  const scan = new Scan(Buffer.from(document.buffer, document.byteOffset, document.byteLength), quote)
  if (!scan.whole()) return undefined
  return scan.inOrder ? scan.result() : sortKeys(scan.result())
}

class Scan {
  inOrder = true
  readonly #bytes: Buffer
  readonly #quote: (text: string) => string
  readonly #parts: Uint8Array[] = []
  /** First byte that is not in the parts yet. */
  #from = 0
  #at = 0
  /** Of each open object where its last key begins, and behind it where that ends; -1 of an array. */
  readonly #open: number[] = []

  constructor(bytes: Buffer, quote: (text: string) => string) {
    this.#bytes = bytes
    this.#quote = quote
  }

  result(): Uint8Array {
    if (this.#parts.length === 0) return this.#bytes.subarray(this.#from, this.#at)
    this.#leave(this.#at, this.#at)
    return Buffer.concat(this.#parts)
  }

  /** One value and nothing else; a loop and not a recursion, since depth is the sender's choice. */
  whole(): boolean {
    for (;;) {
      this.#space()
      if (!this.#value()) return false
      if (!this.#ends()) return false
      if (this.#open.length === 0) return this.#atEnd()
    }
  }

  #atEnd(): boolean {
    const end = this.#at
    this.#space()
    if (this.#at !== this.#bytes.length) return false
    // The space behind the value was left out of the parts.
    if (this.#parts.length === 0) this.#at = end
    return true
  }

  /** A scalar, or the beginning of a container up to its first value; an empty container is a value. */
  #value(): boolean {
    const bytes = this.#bytes
    for (;;) {
      const byte = bytes[this.#at]
      if (byte === QUOTE) return this.#string() >= 0
      if (byte === OPEN_BRACE) {
        this.#at++
        this.#space()
        if (bytes[this.#at] === CLOSE_BRACE) return this.#step()
        this.#open.push(-1, -2)
        if (!this.#key()) return false
      } else if (byte === OPEN_BRACKET) {
        this.#at++
        this.#space()
        if (bytes[this.#at] === CLOSE_BRACKET) return this.#step()
        this.#open.push(-1, -1)
      } else
        return byte === MINUS || (byte !== undefined && byte >= ZERO && byte <= NINE) ? this.#number() : this.#literal()
    }
  }

  /** What follows a value: the end of containers, then a comma and what stands before the next value. */
  #ends(): boolean {
    const { length } = this.#open
    for (let depth = length; depth > 0; depth = this.#open.length) {
      this.#space()
      const byte = this.#bytes[this.#at]
      const isArray = this.#open[depth - 1] === -1
      if (byte === COMMA) {
        this.#at++
        this.#space()
        return isArray || this.#key()
      }
      if (byte !== (isArray ? CLOSE_BRACKET : CLOSE_BRACE)) return false
      this.#at++
      this.#open.length -= 2
    }
    return true
  }

  /** A key, its colon, and the space around. */
  #key(): boolean {
    const open = this.#open
    const [from, to] = [open[open.length - 2] as number, open[open.length - 1] as number]
    const start = this.#at
    if (this.#bytes[start] !== QUOTE || this.#string() !== 0) return false
    if (to >= 0 && this.inOrder && this.#bytes.compare(this.#bytes, from, to, start + 1, this.#at - 1) <= 0) {
      this.inOrder = false
    }
    open[open.length - 2] = start + 1
    open[open.length - 1] = this.#at - 1
    this.#space()
    if (this.#bytes[this.#at] !== COLON) return false
    this.#at++
    this.#space()
    return true
  }

  /** 0 for a string that stands as it is, 1 for one with escapes, -1 for none. */
  #string(): number {
    const bytes = this.#bytes
    const start = this.#at
    let at = start + 1
    let special = false
    for (;;) {
      const byte = bytes[at++]
      if (byte === QUOTE) break
      if (byte === undefined || byte < 0x20) return -1
      if (byte === BACKSLASH) {
        special = true
        at++
      } else if (byte === 0xe2 && bytes[at] === 0x80 && (bytes[at + 1] === 0xa8 || bytes[at + 1] === 0xa9))
        special = true
    }
    this.#at = at
    return special ? this.#escapes(start, at) : 0
  }

  #escapes(start: number, end: number): number {
    let text: unknown
    try {
      text = JSON.parse(this.#bytes.toString('utf8', start, end))
    } catch {
      return -1
    }
    const written = Buffer.from(this.#quote(String(text)))
    if (this.#bytes.compare(written, 0, written.length, start, end) === 0) return 1
    this.#leave(start, end)
    this.#parts.push(written)
    return 1
  }

  #number(): boolean {
    const bytes = this.#bytes
    const start = this.#at
    let at = start + 1
    while ((bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at++
    const rest = bytes[at]
    const isPlain = rest !== 0x2e && rest !== 0x65 && rest !== 0x45
    if (!isPlain) while (/[\d.eE+-]/.test(String.fromCharCode(bytes[at] ?? 0))) at++
    this.#at = at
    const first = bytes[start] as number
    return isPlain && first > ZERO ? true : NUMBER.test(bytes.toString('latin1', start, at))
  }

  #literal(): boolean {
    const literal = LITERALS.get(this.#bytes[this.#at] ?? 0)
    if (literal === undefined) return false
    const start = this.#at
    this.#at += literal.length
    return this.#bytes.compare(literal, 0, literal.length, start, Math.min(this.#at, this.#bytes.length)) === 0
  }

  #step(): boolean {
    this.#at++
    return true
  }

  #space(): void {
    const bytes = this.#bytes
    let at = this.#at
    if ((bytes[at] as number) > 0x20) return
    while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++
    if (at === this.#at) return
    this.#leave(this.#at, at)
    this.#at = at
  }

  /** What stands before `start` is taken, what stands up to `end` is not. */
  #leave(start: number, end: number): void {
    if (start > this.#from) this.#parts.push(this.#bytes.subarray(this.#from, start))
    this.#from = end
  }
}
