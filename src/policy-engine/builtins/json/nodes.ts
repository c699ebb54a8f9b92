/**
 * Nodes of a draft for json.patch. As in OPA 1.22, a member of an array that no path led through yet is read by its place in
 * the array as it was given, also where an earlier operation of the patch moved it: RFC 6902 differs, but a policy must mean
 * the same on both.
 */
import { numberText } from '../../wasm/number.ts'
import { writeTerm } from '../../wasm/term-text.ts'
import {
  canonicalKey,
  equalValues,
  isArray,
  isNumber,
  isObject,
  isSet,
  kindOf,
  RegoObject,
  RegoSet,
  type Value,
} from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError } from '../builtin.ts'
import { quoteGo } from '../text/go-text.ts'

export interface Node {
  /** The node that a segment leads to; it becomes part of the draft. */
  child(key: Value): Node
  insert(key: Value, value: Value): void
  remove(key: Value): void
  render(): Value
}

export const printed = (value: Value): string => writeTerm(value, quoteGo)

const isComposite = (value: Value): boolean => isArray(value) || isObject(value) || isSet(value)

export function nodeOf(context: BuiltinContext, value: Value): Node {
  if (isArray(value)) return new ArrayNode(context, value)
  if (isObject(value)) return new ObjectNode(context, value)
  return isSet(value) ? new SetNode(context, value) : new Leaf(value)
}

class Leaf implements Node {
  readonly #value: Value
  constructor(value: Value) {
    this.#value = value
  }
  child(key: Value): Node {
    throw this.#noComposite(` for path ${printed(key)}`)
  }
  insert(): void {
    throw this.#noComposite('')
  }
  remove(): void {
    throw this.#noComposite('')
  }
  render(): Value {
    return this.#value
  }
  #noComposite(where: string): BuiltinError {
    const kind = kindOf(this.#value)
    const type = `ast.${kind.charAt(0).toUpperCase()}${kind.slice(1)}`
    return new BuiltinError(`expected composite type${where}, found value: ${printed(this.#value)} (type: ${type})`)
  }
}

/** A child that was removed stays as a mark: OPA words a second removal otherwise than that of an unknown key. */
interface Child {
  readonly key: Value
  readonly node: Node | undefined
  readonly kind: 'scalar' | 'composite'
}

abstract class KeyedNode<Base extends RegoObject | RegoSet> {
  protected readonly context: BuiltinContext
  protected base: Base
  protected readonly children = new Map<string, Child>()

  constructor(context: BuiltinContext, base: Base) {
    this.context = context
    this.base = base
  }

  protected abstract original(key: Value): Value | undefined
  protected abstract missing(key: Value): BuiltinError

  child(key: Value): Node {
    const child = this.children.get(canonicalKey(key))
    if (child?.node !== undefined) return child.node
    if (child !== undefined) {
      throw new BuiltinError(`cannot unfold the already deleted ${child.kind} node for key ${printed(key)}`)
    }
    const value = this.original(key)
    if (value === undefined) throw this.missing(key)
    return this.put(key, value)
  }

  remove(key: Value): void {
    const id = canonicalKey(key)
    const child = this.children.get(id)
    if (child !== undefined && child.node === undefined) {
      throw new BuiltinError(`cannot delete the already deleted ${child.kind} node for key ${printed(key)}`)
    }
    const value = child?.node?.render() ?? this.original(key)
    if (value === undefined) {
      throw new BuiltinError(`cannot delete child key ${printed(key)} that does not exist`)
    }
    this.children.set(id, { key, node: undefined, kind: isComposite(value) ? 'composite' : 'scalar' })
  }

  protected put(key: Value, value: Value): Node {
    const node = nodeOf(this.context, value)
    this.children.set(canonicalKey(key), { key, node, kind: isComposite(value) ? 'composite' : 'scalar' })
    return node
  }
}

class ObjectNode extends KeyedNode<RegoObject> implements Node {
  insert(key: Value, value: Value): void {
    this.put(key, value)
  }
  render(): Value {
    if (this.children.size === 0) return this.base
    this.context.charge(10 * (this.base.size + this.children.size))
    const kept = [...this.base].filter(([key]) => !this.children.has(canonicalKey(key)))
    for (const { key, node } of this.children.values()) if (node !== undefined) kept.push([key, node.render()])
    return new RegoObject(kept)
  }
  protected override original(key: Value): Value | undefined {
    return this.base.get(key)
  }
  protected override missing(key: Value): BuiltinError {
    return new BuiltinError(`path ${printed(key)} does not exist in object term ${printed(this.base)}`)
  }
}

/** A member is its own key: once one that is no scalar is asked for, members that changed are known by their new value. */
class SetNode extends KeyedNode<RegoSet> implements Node {
  override child(key: Value): Node {
    this.#settle(key)
    return super.child(key)
  }
  override remove(key: Value): void {
    this.#settle(key)
    super.remove(key)
  }
  insert(key: Value, value: Value): void {
    if (!equalValues(key, value)) {
      throw new BuiltinError(`set key ${printed(key)} does not equal value to be inserted ${printed(value)}`)
    }
    this.#settle(key)
    this.put(key, value)
  }
  render(): RegoSet {
    if (this.children.size === 0) return this.base
    this.context.charge(10 * (this.base.size + this.children.size))
    const kept = [...this.base].filter((member) => !this.children.has(canonicalKey(member)))
    for (const { node } of this.children.values()) if (node !== undefined) kept.push(node.render())
    return new RegoSet(kept)
  }
  protected override original(key: Value): Value | undefined {
    return this.base.has(key) ? key : undefined
  }
  protected override missing(key: Value): BuiltinError {
    // OPA prints a reference here, whose head has no quotes.
    const head = typeof key === 'string' ? key : printed(key)
    return new BuiltinError(`path ${head} does not exist in set term ${printed(this.base)}`)
  }
  #settle(key: Value): void {
    if (!isComposite(key)) return
    this.base = this.render()
    this.children.clear()
  }
}

class ArrayNode implements Node {
  readonly #context: BuiltinContext
  readonly #base: readonly Value[]
  /** A number is a member of the base that no path led through. */
  readonly #slots: (number | Node)[]

  constructor(context: BuiltinContext, base: readonly Value[]) {
    context.charge(base.length)
    this.#context = context
    this.#base = base
    this.#slots = base.map((_, at) => at)
  }

  child(key: Value): Node {
    const at = this.#index(key)
    const slot = this.#slots[at]
    if (typeof slot === 'object') return slot
    const value = this.#base[at]
    if (value === undefined) throw new BuiltinError(`path ${at} does not exist in array term ${printed(this.#base)}`)
    this.remove(at)
    const node = nodeOf(this.#context, value)
    this.#slots.splice(at, 0, node)
    return node
  }

  insert(key: Value, value: Value): void {
    const at = this.#index(key)
    if (at < 0 || at > this.#slots.length) throw new BuiltinError('index for array insertion out of bounds')
    this.#context.charge(this.#slots.length / 10)
    this.#slots.splice(at, 0, nodeOf(this.#context, value))
  }

  remove(key: Value): void {
    const at = this.#index(key)
    if (at < 0 || at >= this.#slots.length) throw new BuiltinError('index for array delete out of bounds')
    this.#context.charge(this.#slots.length / 10)
    this.#slots.splice(at, 1)
  }

  render(): Value {
    this.#context.charge(this.#slots.length)
    return this.#slots.map((slot) => (typeof slot === 'number' ? (this.#base[slot] ?? null) : slot.render()))
  }

  #index(key: Value): number {
    if (typeof key === 'string') return this.#indexOfText(key)
    if (!isNumber(key)) throw new BuiltinError('invalid type for indexing')
    return integerIndex(numberText(key)) ?? fail('invalid number type for indexing')
  }
  #indexOfText(key: string): number {
    if (key === '-') return this.#slots.length
    const at = integerIndex(key) ?? fail('invalid string for indexing')
    return key !== '0' && key.startsWith('0') ? fail('leading zeros are not allowed in JSON paths') : at
  }
}

const MAX_INT64 = 2 ** 63

/** As OPA reads integers: 1, +1, 1.0 and even a lone point, in at most 19 characters. */
function integerIndex(text: string): number | undefined {
  const [, sign = '', size = '', digits = ''] = /^([+-]?)((\d*)(?:\.0*)?)$/.exec(text) ?? []
  if (size === '' || size.length > 19 || Number(digits) >= MAX_INT64) return undefined
  return Number(sign + (digits || '0'))
}

function fail(message: string): never {
  throw new BuiltinError(message)
}
