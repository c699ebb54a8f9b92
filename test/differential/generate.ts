/** Inputs made from a shape and literals, anew or by changing an earlier one. The same seed makes the same inputs. */
import { Random } from '../../src/policy-engine/builtins/encoding/random.ts'
import { isRawJSON, rawJSON } from './raw-numbers.ts'
import type { Shape } from './shape.ts'

const MAX_DEPTH = 14
/** One place of so many holds what nobody expects there. */
const ODD_ONE_IN = 24
const MISSING_ONE_IN = 9
const NAMES = ['a', 'b', 'default', 'example.com', '10.0.0.1', '*', '', 'ü\u{1f600}'] as const
const NUMBERS = [0, 1, -1, 2, 10, 443, 1.5, 1_700_000_000, 1e21, 9_007_199_254_740_993n] as const
const ODD: readonly unknown[] = [null, true, false, 0, '', [], {}, [null], { a: null }, 'true', '1', -0.5, [[]]]

type Json = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJSON(value)

export class InputMaker {
  readonly #random: Random
  readonly #shape: Shape
  readonly #literals: readonly unknown[]
  /** Values of the input being made: policies compare its parts with each other. */
  #used: unknown[] = []

  constructor(shape: Shape, literals: readonly unknown[], seed: number) {
    this.#random = new Random(seed)
    this.#shape = shape
    this.#literals = literals
  }

  fresh(): unknown {
    this.#used = []
    return this.#make(this.#shape, 0)
  }

  /** One of the earlier inputs with a place or two changed. */
  changed(corpus: readonly unknown[]): unknown {
    const start = corpus[this.#random.below(corpus.length)]
    this.#used = []
    this.#collect(start)
    let value = start
    for (let times = this.#random.between(1, 3); times > 0; times--) value = this.#change(value, this.#shape, 0)
    return value
  }

  #make(shape: Shape, depth: number): unknown {
    const random = this.#random
    if (random.chance(ODD_ONE_IN)) return ODD[random.below(ODD.length)]
    const { fields, elem, literals = [], types = [] } = shape
    const ways: (() => unknown)[] = []
    if (depth < MAX_DEPTH && fields !== undefined) ways.push(() => this.#object(fields, depth))
    if (depth < MAX_DEPTH && elem !== undefined) ways.push(() => this.#collection(elem, types, depth))
    // Where rules look inside, a plain value is seldom what they mean.
    if (literals.length > 0 && (ways.length === 0 || random.chance(4))) ways.push(() => this.#literal(literals))
    if (ways.length === 0 || (literals.length > 0 && random.chance(3))) ways.push(() => this.#scalar(types))
    return (ways[random.below(ways.length)] ?? (() => null))()
  }

  #object(fields: Readonly<Record<string, Shape>>, depth: number): Json {
    const present = Object.entries(fields).filter(() => !this.#random.chance(MISSING_ONE_IN))
    return Object.fromEntries(present.map(([name, shape]) => [name, this.#make(shape, depth + 1)]))
  }

  #collection(elem: Shape, types: readonly string[], depth: number): unknown {
    const length = this.#random.below(this.#random.chance(3) ? 4 : 2) + (this.#random.chance(4) ? 0 : 1)
    const members = Array.from({ length }, () => this.#make(elem, depth + 1))
    const keyed = types.includes('object') || (!types.includes('array') && this.#random.chance(6))
    return keyed ? Object.fromEntries(members.map((member) => [String(this.#text()), member])) : members
  }

  #literal(literals: readonly unknown[]): unknown {
    const value = literals[this.#random.below(literals.length)]
    if (typeof value === 'string' && this.#random.chance(6)) return this.#near(value)
    return this.#keep(value)
  }

  #scalar(types: readonly string[]): unknown {
    const random = this.#random
    if (this.#used.length > 0 && random.chance(3)) return this.#used[random.below(this.#used.length)]
    const type = types.length > 0 ? types[random.below(types.length)] : random.pick('string', 'number', 'boolean')
    if (type === 'string') return this.#keep(this.#text())
    if (type === 'number') return this.#keep(this.#number())
    if (type === 'boolean') return random.chance(2)
    if (type === 'array') return random.list(3, () => this.#text())
    return type === 'object' ? { [String(this.#text())]: this.#text() } : null
  }

  #text(): unknown {
    const random = this.#random
    const texts = this.#literals
    if (texts.length > 0 && !random.chance(4)) {
      const found = texts[random.below(texts.length)]
      if (typeof found === 'string') return random.chance(8) ? this.#near(found) : found
    }
    return random.pick(...NAMES)
  }

  /** Beginnings, ends and parts of literals: what prefixes, suffixes and patterns tell apart. */
  #near(text: string): string {
    const random = this.#random
    const other = random.pick(...NAMES)
    return random.pick(`${text}${other}`, `${other}${text}`, text.slice(1), text.slice(0, -1), text.toUpperCase())
  }

  #number(): unknown {
    const random = this.#random
    const found = this.#literals[random.below(Math.max(this.#literals.length, 1))]
    if (typeof found === 'number') return found + random.between(-1, 1)
    const number = NUMBERS[random.below(NUMBERS.length)]
    return typeof number === 'bigint' ? rawJSON(String(number)) : number
  }

  #keep(value: unknown): unknown {
    if (this.#used.length < 200) this.#used.push(value)
    return value
  }

  #collect(value: unknown): void {
    if (Array.isArray(value)) for (const member of value) this.#collect(member)
    else if (isObject(value)) for (const member of Object.values(value)) this.#collect(member)
    else this.#keep(value)
  }

  /** Goes down at random; where it stops, the place is made anew, goes, or takes a value from elsewhere. */
  #change(value: unknown, shape: Shape, depth: number): unknown {
    const random = this.#random
    if (isObject(value)) {
      const names = Object.keys({ ...shape.fields, ...value })
      const name = names[random.below(names.length)]
      if (name !== undefined && !random.chance(8)) {
        const { [name]: old, ...rest } = value
        if (old !== undefined && random.chance(10)) return rest
        const below = shape.fields?.[name] ?? shape.elem ?? {}
        return { ...value, [name]: old === undefined ? this.#make(below, depth) : this.#change(old, below, depth + 1) }
      }
    }
    if (Array.isArray(value) && value.length > 0 && !random.chance(6)) {
      const at = random.below(value.length)
      if (random.chance(8)) return value.toSpliced(at, 1)
      if (random.chance(8)) return [...value, this.#make(shape.elem ?? {}, depth)]
      return value.with(at, this.#change(value[at], shape.elem ?? {}, depth + 1))
    }
    return this.#make(shape, depth)
  }
}
