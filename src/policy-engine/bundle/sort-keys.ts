/** Puts the members of objects in canonical order, in JSON without spaces; what is in order already is copied as it is. */
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d]

/** No key may hold an escape. Undefined where one comes twice. Throws RangeError where it is nested too deeply. */
export function sortKeys(json: Uint8Array): Uint8Array | undefined {
  const sorter = new Sorter(Buffer.from(json.buffer, json.byteOffset, json.byteLength))
  sorter.visit(0)
  return sorter.write(0) === undefined ? undefined : sorter.out
}

const SPAN = 3

class Sorter {
  /** The same bytes in another order. */
  readonly out: Buffer
  #written = 0
  readonly #bytes: Buffer
  /** Where containers begin that are out of order, or that hold one that is; and where they end. */
  readonly #touched = new Map<number, number>()
  /** Of the members of containers that are being written: where key and value begin, and where the value ends. */
  readonly #spans: number[] = []

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
        if (last > 0 && this.#compare(last, key) >= 0) isTouched = true
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

  /** By the keys' bytes, which is the order of code points; a quote ends each, and none holds one. */
  #compare(left: number, right: number): number {
    const bytes = this.#bytes
    for (let at = 1; ; at++) {
      const [a, b] = [bytes[left + at] as number, bytes[right + at] as number]
      if (a !== b) return a === QUOTE ? -1 : b === QUOTE ? 1 : a - b
      if (a === QUOTE) return 0
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
    const spans = this.#spans
    const from = spans.length
    this.#addMembers(start)
    const order = Array.from({ length: (spans.length - from) / SPAN }, (_, at) => from + at * SPAN)
    if (this.#bytes[start] === OPEN_BRACE) {
      const compare = (left: number, right: number): number =>
        this.#compare(spans[left] as number, spans[right] as number)
      order.sort(compare)
      if (order.some((member, at) => at > 0 && compare(order[at - 1] as number, member) === 0)) return undefined
    }
    this.#copy(start, start + 1)
    for (const [at, member] of order.entries()) {
      if (at > 0) this.out[this.#written++] = COMMA
      const [key, value, after] = [spans[member], spans[member + 1], spans[member + 2]] as [number, number, number]
      const isTouched = this.#touched.has(value)
      this.#copy(key, isTouched ? value : after)
      if (isTouched && this.write(value) === undefined) return undefined
    }
    spans.length = from
    return this.#copy(end - 1, end)
  }

  #addMembers(start: number): void {
    const isObject = this.#bytes[start] === OPEN_BRACE
    for (let at = start + 1; ; ) {
      const value = isObject ? this.#string(at) + 1 : at
      const end = this.#touched.get(value) ?? this.#skip(value)
      this.#spans.push(at, value, end)
      if (this.#bytes[end] !== COMMA) return
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
