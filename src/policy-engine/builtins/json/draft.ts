/** A value that is being patched: only what paths lead through becomes nodes, and the value is made once, at the end. */
import type { Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError } from '../builtin.ts'
import { type Node, nodeOf } from './nodes.ts'

export class Draft {
  readonly #context: BuiltinContext
  #root: Node | undefined

  constructor(context: BuiltinContext, value: Value) {
    this.#context = context
    this.#root = nodeOf(context, value)
  }

  /** Undefined where the whole value was removed. */
  render(path: readonly Value[] = []): Value | undefined {
    return path.length === 0 ? this.#root?.render() : this.#at(path).render()
  }

  insert(path: readonly Value[], value: Value | undefined): void {
    if (value === undefined) throw new BuiltinError('cannot insert nil value into EditTree')
    const key = path.at(-1)
    if (key === undefined) this.#root = nodeOf(this.#context, value)
    else this.#parent(path, 'insert').insert(key, value)
  }

  remove(path: readonly Value[]): void {
    const key = path.at(-1)
    if (key !== undefined) this.#parent(path, 'delete').remove(key)
    else if (this.#root !== undefined) this.#root = undefined
    else throw new BuiltinError('deleted node encountered during delete operation')
  }

  #parent(path: readonly Value[], operation: string): Node {
    if (path.length === 1 && this.#root === undefined) {
      throw new BuiltinError(`deleted node encountered during ${operation} operation`)
    }
    return this.#at(path.slice(0, -1))
  }

  #at(path: readonly Value[]): Node {
    let node = this.#root
    if (node === undefined) throw new BuiltinError('nil value encountered where composite value was expected')
    for (const key of path) node = node.child(key)
    return node
  }
}
