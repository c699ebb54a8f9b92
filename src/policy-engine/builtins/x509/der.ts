/** Reads DER (X.690): one element after the other, each as strictly as Go's cryptobyte. */
import { BuiltinError } from '../builtin.ts'

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const

/** Context-specific, for a field of its own type. */
export const contextTag = (number: number): number => 0x80 | number
/** Context-specific, around an element. */
export const wrapperTag = (number: number): number => 0xa0 | number

export interface Element {
  readonly tag: number
  readonly content: Buffer
  /** With tag and length. */
  readonly raw: Buffer
}

export class Der {
  readonly #bytes: Buffer
  readonly #subject: string
  #at = 0

  /** `subject` names what is read, for the refusal. */
  constructor(bytes: Buffer, subject: string) {
    this.#bytes = bytes
    this.#subject = subject
  }

  get isEmpty(): boolean {
    return this.#at >= this.#bytes.length
  }
  get tag(): number | undefined {
    return this.#bytes[this.#at]
  }
  get offset(): number {
    return this.#at
  }

  any(): Element {
    const start = this.#at
    const tag = this.#byte()
    // Tag numbers of more than one byte do not occur.
    if ((tag & 0x1f) === 0x1f) this.fail()
    const length = this.#length()
    const end = this.#at + length
    if (end > this.#bytes.length) this.fail()
    const content = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return { tag, content, raw: this.#bytes.subarray(start, end) }
  }

  element(tag: number): Element {
    if (this.tag !== tag) this.fail()
    return this.any()
  }
  content(tag: number): Buffer {
    return this.element(tag).content
  }
  optional(tag: number): Buffer | undefined {
    return this.tag === tag ? this.content(tag) : undefined
  }
  /** A reader of what an element holds. */
  inner(tag: number, subject = this.#subject): Der {
    return new Der(this.content(tag), subject)
  }
  /** All that is left, each read by `read`. */
  list<T>(read: (der: Der) => T): T[] {
    const members: T[] = []
    while (!this.isEmpty) members.push(read(this))
    return members
  }

  integer(tag: number = TAG.integer): bigint {
    const content = this.content(tag)
    const [first, second] = [content[0], content[1] ?? 0]
    if (first === undefined) this.fail()
    if (content.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) this.fail()
    return BigInt.asIntN(content.length * 8, BigInt(`0x${content.toString('hex')}`))
  }

  boolean(): boolean {
    const content = this.content(TAG.boolean)
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) this.fail()
    return content[0] === 0xff
  }

  oid(): readonly number[] {
    return readOid(this.content(TAG.oid)) ?? this.fail()
  }

  bitString(): { readonly bytes: Buffer; readonly unused: number } {
    const content = this.content(TAG.bitString)
    const unused = content[0] ?? this.fail()
    const bytes = content.subarray(1)
    const last = bytes.at(-1)
    if (unused > 7 || (last === undefined && unused !== 0) || ((last ?? 0) & ((1 << unused) - 1)) !== 0) this.fail()
    return { bytes, unused }
  }

  fail(): never {
    throw new BuiltinError(`x509: malformed ${this.#subject}`)
  }

  #byte(): number {
    return this.#bytes[this.#at++] ?? this.fail()
  }

  /** In as few bytes as can be. */
  #length(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    const count = first & 0x7f
    if (count === 0 || count > 4) this.fail()
    let length = 0
    for (let read = 0; read < count; read++) length = length * 256 + this.#byte()
    if (length < 0x80 || length < 256 ** (count - 1)) this.fail()
    return length
  }
}

/** Undefined for what is no object identifier, or has a number beyond 31 bits, which Go's type does not hold. */
export function readOid(content: Buffer): readonly number[] | undefined {
  const numbers: number[] = []
  let current = 0
  let isStart = true
  for (const byte of content) {
    if (isStart && byte === 0x80) return undefined
    current = current * 128 + (byte & 0x7f)
    if (current > 0x7fffffff) return undefined
    isStart = byte < 0x80
    if (!isStart) continue
    numbers.push(current)
    current = 0
  }
  const [first, ...rest] = numbers
  if (first === undefined || !isStart) return undefined
  return first < 80 ? [Math.floor(first / 40), first % 40, ...rest] : [2, first - 80, ...rest]
}

/** With dots, of numbers of any size, and of bytes that are no identifier at all. */
export function oidText(content: Buffer): string {
  const numbers: bigint[] = []
  let current = 0n
  for (const byte of content) {
    current = (current << 7n) | BigInt(byte & 0x7f)
    if (byte >= 0x80) continue
    numbers.push(current)
    current = 0n
  }
  const [first, ...rest] = numbers
  if (first === undefined) return ''
  return [...(first < 80n ? [first / 40n, first % 40n] : [2n, first - 80n]), ...rest].join('.')
}

export function isOid(content: Buffer): boolean {
  const isComplete = content.length > 0 && (content.at(-1) ?? 0) < 0x80
  return isComplete && content.every((byte, at) => byte !== 0x80 || (content[at - 1] ?? 0) >= 0x80)
}
