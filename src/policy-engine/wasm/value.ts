/**
 * Rego values as built-ins and the host see them. All are immutable. A `number` is used only where its own text is the
 * number's text (safe integers, doubles such as 0.5); any other number is a RegoNumber that keeps its text.
 */
import { compareValues } from './compare.ts'
import { numberKey, RegoNumber } from './number.ts'

export type Value = null | boolean | string | number | RegoNumber | readonly Value[] | RegoObject | RegoSet

export type ValueKind = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' | 'set'

/** Any value may be a key. Iterates in OPA's order of keys. */
export class RegoObject implements Iterable<readonly [Value, Value]> {
  readonly kind = 'object'
  readonly #entries = new Map<string, readonly [Value, Value]>()
  #sorted: readonly (readonly [Value, Value])[] | undefined

  /** Of equal keys the last wins. */
  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    for (const entry of entries) this.#entries.set(canonicalKey(entry[0]), entry)
  }

  static fromRecord(record: Readonly<Record<string, Value>>): RegoObject {
    return new RegoObject(Object.entries(record))
  }

  get size(): number {
    return this.#entries.size
  }
  get(key: Value): Value | undefined {
    return this.#entries.get(canonicalKey(key))?.[1]
  }
  has(key: Value): boolean {
    return this.#entries.has(canonicalKey(key))
  }
  keys(): Value[] {
    return this.#inOrder().map(([key]) => key)
  }
  values(): Value[] {
    return this.#inOrder().map(([, value]) => value)
  }
  /** In no order, and without the cost of one. */
  unordered(): Iterable<readonly [Value, Value]> {
    return this.#entries.values()
  }
  [Symbol.iterator](): Iterator<readonly [Value, Value]> {
    return this.#inOrder()[Symbol.iterator]()
  }
  #inOrder(): readonly (readonly [Value, Value])[] {
    this.#sorted ??= [...this.#entries.values()].sort(([left], [right]) => compareValues(left, right))
    return this.#sorted
  }
}

/** Each value once. Iterates in OPA's order. */
export class RegoSet implements Iterable<Value> {
  readonly kind = 'set'
  readonly #members = new Map<string, Value>()
  #sorted: readonly Value[] | undefined

  constructor(members: Iterable<Value> = []) {
    for (const member of members) {
      const key = canonicalKey(member)
      if (!this.#members.has(key)) this.#members.set(key, member)
    }
  }

  get size(): number {
    return this.#members.size
  }
  has(member: Value): boolean {
    return this.#members.has(canonicalKey(member))
  }
  /** In no order, and without the cost of one. */
  unordered(): Iterable<Value> {
    return this.#members.values()
  }
  [Symbol.iterator](): Iterator<Value> {
    this.#sorted ??= [...this.#members.values()].sort(compareValues)
    return this.#sorted[Symbol.iterator]()
  }
}

export function kindOf(value: Value): ValueKind {
  if (value === null) return 'null'
  if (typeof value === 'object') return isArray(value) ? 'array' : value.kind
  return typeof value as 'boolean' | 'number' | 'string'
}

/** Array.isArray for read-only arrays. */
export const isArray = (value: Value): value is readonly Value[] => Array.isArray(value)
export const isNumber = (value: Value): value is number | RegoNumber =>
  typeof value === 'number' || value instanceof RegoNumber
export const isObject = (value: Value): value is RegoObject => value instanceof RegoObject
export const isSet = (value: Value): value is RegoSet => value instanceof RegoSet

/** The same text for equal values and for no others: 1, 1.0 and 1e0 are one number. */
export function canonicalKey(value: Value): string {
  if (typeof value === 'string') return `s${value.length}:${value}`
  if (value === null) return 'z'
  if (typeof value === 'boolean') return value ? 't' : 'f'
  if (typeof value === 'number' || value instanceof RegoNumber) return numberKey(value)
  if (isArray(value)) return `[${value.map(canonicalKey).join()}]`
  if (value instanceof RegoSet) return `<${[...value].map(canonicalKey).join()}>`
  return `{${[...value].map(([key, member]) => `${canonicalKey(key)}=${canonicalKey(member)}`).join()}}`
}

export const equalValues = (left: Value, right: Value): boolean => compareValues(left, right) === 0
