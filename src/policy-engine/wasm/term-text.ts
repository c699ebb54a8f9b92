/**
 * Values as Rego term text, which OPA's ABI reads and writes (`opa_value_parse`, `opa_value_dump`): JSON, with sets `{1, 2}`
 * and `set()`, and with keys of any kind. Written spaced and in OPA's order, as OPA prints values.
 */
import { NUMBER_TEXT, numberOf, numberText } from './number.ts'
import { isArray, isNumber, isSet, RegoObject, RegoSet, type Value } from './value.ts'

/** `quote` writes a string; OPA's ABI reads what JSON does. */
export function writeTerm(value: Value, quote: (text: string) => string = quoteJson): string {
  if (typeof value === 'string') return quote(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (isNumber(value)) return numberText(value)
  const write = (member: Value): string => writeTerm(member, quote)
  if (isArray(value)) return `[${value.map(write).join(', ')}]`
  if (isSet(value)) return value.size === 0 ? 'set()' : `{${[...value].map(write).join(', ')}}`
  return `{${[...value].map(([key, member]) => `${write(key)}: ${write(member)}`).join(', ')}}`
}

/** OPA's parser aborts on an escaped lone surrogate; OPA itself reads one as U+FFFD. */
const quoteJson = (text: string): string => JSON.stringify(text.toWellFormed())

/** Deeper text is refused: readers here and in the module are recursive. */
const MAX_DEPTH = 2000

/** Reads term text, hence JSON too. Throws SyntaxError. */
export function readTerm(text: string): Value {
  const reader = new TermReader(text)
  const value = reader.value(0)
  reader.end()
  return value
}

class TermReader {
  readonly #text: string
  #at = 0
  constructor(text: string) {
    this.#text = text
  }

  value(depth: number): Value {
    if (depth > MAX_DEPTH) throw new SyntaxError('nested too deeply')
    const first = this.#peek()
    if (first === '"') return this.#string()
    if (first === '[') return this.#list(']', depth)
    if (first === '{') return this.#braced(depth)
    return this.#word()
  }

  end(): void {
    if (this.#peek() !== '') this.#fail()
  }

  #braced(depth: number): Value {
    this.#expect('{')
    if (this.#take('}')) return new RegoObject()
    const first = this.value(depth + 1)
    if (!this.#take(':')) return new RegoSet([first, ...(this.#take('}') ? [] : this.#rest('}', depth))])
    const entries: [Value, Value][] = [[first, this.value(depth + 1)]]
    while (!this.#take('}')) {
      this.#expect(',')
      const key = this.value(depth + 1)
      this.#expect(':')
      entries.push([key, this.value(depth + 1)])
    }
    return new RegoObject(entries)
  }

  #list(close: string, depth: number): Value[] {
    this.#at++
    if (this.#take(close)) return []
    const first = this.value(depth + 1)
    return [first, ...(this.#take(close) ? [] : this.#rest(close, depth))]
  }

  #rest(close: string, depth: number): Value[] {
    const members: Value[] = []
    do {
      this.#expect(',')
      members.push(this.value(depth + 1))
    } while (!this.#take(close))
    return members
  }

  /** The module's arithmetic writes .5 for 0.5, which nobody reads but Go. */
  #word(): Value {
    const word = /[-+.\w]*/y
    word.lastIndex = this.#at
    const text = word.exec(this.#text)?.[0] ?? ''
    this.#at += text.length
    if (NUMBER_TEXT.test(text)) return numberOf(text)
    if (/^-?\.\d/.test(text)) return numberOf(text.replace('.', '0.'))
    if (text === 'null') return null
    if (text === 'true' || text === 'false') return text === 'true'
    if (text === 'set' && this.#take('(') && this.#take(')')) return new RegoSet()
    return this.#fail()
  }

  #string(): string {
    let end = this.#at + 1
    for (; this.#text[end] !== '"'; end++) {
      if (end >= this.#text.length) this.#fail()
      if (this.#text[end] === '\\') end++
    }
    const source = this.#text.slice(this.#at, end + 1)
    this.#at = end + 1
    return (JSON.parse(source) as string).toWellFormed()
  }

  #peek(): string {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? '_')) this.#at++
    return this.#text[this.#at] ?? ''
  }
  #take(wanted: string): boolean {
    if (this.#peek() !== wanted) return false
    this.#at++
    return true
  }
  #expect(wanted: string): void {
    if (!this.#take(wanted)) this.#fail()
  }
  #fail(): never {
    throw new SyntaxError(`not a term at offset ${this.#at}`)
  }
}
