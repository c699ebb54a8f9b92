/** yaml.marshal as OPA does it: the value's JSON read as YAML and written in blocks, keys in go-yaml's natural order. */
import { numberText, type RegoNumber } from '../../wasm/number.ts'
import { isArray, isNumber, isObject, isSet, type RegoObject, type Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError } from '../builtin.ts'
import { membersByText, quoteJsonGo } from '../json/go-json.ts'
import { formatFloat } from '../text/fmt-float.ts'
import { compareNaturally } from './order.ts'
import { holdsForbidden, resolvePlain } from './scalars.ts'
import { inline, writeText } from './text.ts'

export function writeYaml(context: BuiltinContext, value: Value): string {
  const writer = new Writer(context)
  writer.node(value, 0, '', true)
  return writer.end()
}

/** go-yaml gives up on keys that are longer as JSON. */
const MAX_KEY = 1024
/** Longer keys, in bytes, are written behind a question mark. */
const MAX_SIMPLE_KEY = 128
const INDENT = 2

class Writer {
  readonly #context: BuiltinContext
  #text = ''
  #atLineStart = false

  constructor(context: BuiltinContext) {
    this.#context = context
  }

  end(): string {
    return this.#atLineStart ? this.#text : `${this.#text}\n`
  }

  /** `before` stands between the indicator and a node on the same line; `sameLine` says that a collection may begin there. */
  node(value: Value, indent: number, before: string, sameLine: boolean): void {
    this.#context.charge(NODE_UNITS + indent)
    const members = isArray(value) || isSet(value) ? [...value] : undefined
    if (members !== undefined) this.#sequence(members, indent, before, sameLine)
    else if (isObject(value)) this.#mapping(readMembers(value), indent, before, sameLine)
    else if (!isArray(value) && !isSet(value)) {
      this.#scalar(typeof value === 'string' ? asRead(value) : value, indent, before)
    }
  }

  #sequence(members: readonly Value[], indent: number, before: string, sameLine: boolean): void {
    if (members.length === 0) this.#put(`${before}[]`)
    members.forEach((member, at) => {
      this.#begin(indent, at === 0 && sameLine, before)
      this.#put('-')
      this.node(member, indent + INDENT, ' ', true)
    })
  }

  #mapping(members: readonly [string, Value][], indent: number, before: string, sameLine: boolean): void {
    if (members.length === 0) this.#put(`${before}{}`)
    members.forEach(([key, member], at) => {
      this.#begin(indent, at === 0 && sameLine, before)
      this.#member(key, member, indent)
    })
  }

  #member(key: string, member: Value, indent: number): void {
    const isSimple = Buffer.byteLength(key) <= MAX_SIMPLE_KEY && !/[\n\r\x85\u2028\u2029]/.test(key)
    if (isSimple) {
      this.#scalar(key, indent, '')
      this.#put(':')
      this.node(member, indent + INDENT, ' ', false)
    } else {
      this.#put('?')
      this.#scalar(key, indent + INDENT, ' ')
      this.#begin(indent, false, '')
      this.#put(':')
      this.node(member, indent + INDENT, ' ', true)
    }
  }

  #begin(indent: number, sameLine: boolean, before: string): void {
    if (sameLine) this.#put(before)
    else this.#put((this.#atLineStart ? '' : '\n') + ' '.repeat(indent))
  }

  #put(text: string): void {
    if (text === '') return
    this.#text += text
    this.#atLineStart = false
  }

  #scalar(value: null | boolean | string | number | RegoNumber, indent: number, before: string): void {
    const text = typeof value === 'string' ? value : ''
    this.#context.charge(text.length)
    const written = typeof value === 'string' ? writeText(text, Math.max(indent, INDENT)) : inline(writeOther(value))
    this.#put(before + written.text)
    this.#atLineStart = written.endsLine
  }
}

const NODE_UNITS = 50

function readMembers(object: RegoObject): [string, Value][] {
  const members = membersByText(object).map(([key, member]): [string, Value] => [keyAsRead(key), member])
  return members.sort(([left], [right]) => compareNaturally(left, right))
}

/** A key must stand on one line, and not be too long. */
function keyAsRead(key: string): string {
  if (!key.includes('\x85') && [...quoteJsonGo(key)].length <= MAX_KEY) return asRead(key)
  throw new BuiltinError("yaml: did not find expected ',' or '}'")
}

/** What a JSON string is to a YAML reader: U+0085 is a line end there, and folded. */
function asRead(text: string): string {
  if (holdsForbidden(text.replace(ESCAPED_IN_JSON, ''))) {
    throw new BuiltinError('yaml: control characters are not allowed')
  }
  return text.replace(/ *(?:\x85 *)+/g, (run) => {
    const lines = run.split('\x85').length - 1
    return lines === 1 ? ' ' : '\n'.repeat(lines - 1)
  })
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes these
const ESCAPED_IN_JSON = /[\0-\x1f]/g

function writeOther(value: null | boolean | number | RegoNumber): string {
  if (value === null || typeof value === 'boolean') return String(value)
  const text = numberText(value)
  const { kind, value: read, double } = resolvePlain(text)
  if (double !== undefined) return formatFloat(double, 'g', -1)
  return kind === 'int' && isNumber(read) ? numberText(read) : text
}
