/**
 * Where the members of large containers lie in canonical JSON: base documents are then read from the text itself, part by
 * part, and no thread that decides ever parses ten megabytes to answer with one of them.
 *
 * [number of tables] ([start of the container, where its table is, members, 1 where the keys are in order])*
 * and each table: ([start of the key, start of the value, end of the value])*, keys of arrays 0. Containers by their start.
 */

/** Text of this many bytes is parsed in well under a millisecond. */
const SMALL_BYTES = 8 * 1024
const HEADER = 4
const MEMBER = 3

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const [OPEN_BRACE, OPEN_BRACKET] = [0x7b, 0x5b]

/** Of JSON without spaces, as `compact` leaves it. Throws RangeError where it is nested too deeply. */
export function indexJson(bytes: Uint8Array): Int32Array {
  const builder = new Builder(bytes)
  builder.value(0)
  return builder.tables()
}

class Builder {
  readonly #bytes: Uint8Array
  /** Members of the containers that are open, each behind those of what holds it. */
  readonly #open: number[] = []
  readonly #headers: number[][] = []
  readonly #members: number[] = []

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  tables(): Int32Array {
    this.#headers.sort(([left = 0], [right = 0]) => left - right)
    const { length } = this.#headers
    const index = new Int32Array(new SharedArrayBuffer((1 + length * HEADER + this.#members.length) * 4))
    index[0] = length
    const base = 1 + length * HEADER
    for (const [at, [start = 0, table = 0, count = 0, ordered = 0]] of this.#headers.entries()) {
      index.set([start, base + table, count, ordered], 1 + at * HEADER)
    }
    index.set(this.#members, base)
    return index
  }

  /** First byte after the value. */
  value(at: number): number {
    const bytes = this.#bytes
    const byte = bytes[at]
    if (byte === QUOTE) return this.#string(at)
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return this.#container(at, byte === OPEN_BRACE)
    let end = at + 1
    // Numbers and literals end where a comma or a bracket follows.
    for (
      let next = bytes[end];
      next !== undefined && next !== COMMA && next !== 0x5d && next !== 0x7d;
      next = bytes[end]
    )
      end++
    return end
  }

  #string(at: number): number {
    const bytes = this.#bytes
    let end = at + 1
    for (let byte = bytes[end]; byte !== QUOTE && byte !== undefined; byte = bytes[end])
      end += byte === BACKSLASH ? 2 : 1
    return end + 1
  }

  #container(start: number, isObject: boolean): number {
    const bytes = this.#bytes
    const open = this.#open
    const from = open.length
    let ordered = 1
    let at = start + 1
    const isEmpty = bytes[at] === (isObject ? 0x7d : 0x5d)
    while (!isEmpty) {
      const key = at
      if (isObject) {
        at = this.#string(key) + 1
        // Escapes are written in another order than what they stand for.
        if (ordered === 1 && hasEscape(bytes, key, at)) ordered = 0
      }
      const end = this.value(at)
      open.push(isObject ? key : 0, at, end)
      at = end
      if (bytes[at] !== COMMA) break
      at++
    }
    const end = at + 1
    if (end - start >= SMALL_BYTES) {
      this.#headers.push([start, this.#members.length, (open.length - from) / MEMBER, ordered])
      for (let member = from; member < open.length; member++) this.#members.push(open[member] as number)
    }
    open.length = from
    return end
  }
}

function hasEscape(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === BACKSLASH) return true
  return false
}

export interface Span {
  readonly start: number
  readonly end: number
}

export interface Container {
  readonly count: number
  readonly ordered: boolean
  member(at: number): Span & { readonly key: number }
}

/** The table of the container that begins there; undefined for small ones, and for scalars. */
export function containerAt(index: Int32Array, start: number): Container | undefined {
  let [low, high] = [0, (index[0] as number) - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const header = 1 + middle * HEADER
    const found = index[header] as number
    if (found === start) return container(index, header)
    if (found < start) low = middle + 1
    else high = middle - 1
  }
  return undefined
}

function container(index: Int32Array, header: number): Container {
  const table = index[header + 1] as number
  return {
    count: index[header + 2] as number,
    ordered: index[header + 3] === 1,
    member: (at) => ({
      key: index[table + at * MEMBER] as number,
      start: index[table + at * MEMBER + 1] as number,
      end: index[table + at * MEMBER + 2] as number,
    }),
  }
}
