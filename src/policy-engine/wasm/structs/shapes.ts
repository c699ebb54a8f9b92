/**
 * Shapes of input objects: the same keys in the same order always give the same table, so it is laid out once and then
 * copied, with only the values' addresses put in.
 */
import { compareStrings } from '../compare.ts'
import type { InternedString, InternedStrings } from './interned.ts'
import { bucketsFor, COMPOSITE_BYTES, OBJECT_ELEMENT_BYTES, TYPE } from './layout.ts'

const MAX_SHAPES = 4000
/** Objects with more keys are dictionaries: each would be a shape of its own. */
const MAX_KEYS = 64

/** The words of an object; `mask` is -1 where the object's own address is to be added. */
export interface Template {
  readonly words: Int32Array
  readonly mask: Int32Array
  /** Words that hold the values, in the order of the keys. */
  readonly values: Int32Array
}

/** The keys seen so far of an object. The last step taken is kept beside the map of all: most objects look alike. */
export class Shape {
  readonly keys: readonly InternedString[]
  lastKey: string | undefined
  lastShape: Shape | undefined
  template: Template | undefined
  readonly next = new Map<string, Shape>()
  constructor(keys: readonly InternedString[]) {
    this.keys = keys
  }
}

export class Shapes {
  readonly root = new Shape([])
  readonly #strings: InternedStrings
  #count = 0

  constructor(strings: InternedStrings) {
    this.#strings = strings
  }

  /** Undefined where the object is to be a dictionary: too many keys, a key to look at, or no room for one more. */
  step(from: Shape, key: string): Shape | undefined {
    let shape = from.next.get(key)
    if (shape === undefined) {
      if (from.keys.length >= MAX_KEYS || !key.isWellFormed()) return undefined
      if (this.#count >= MAX_SHAPES) this.#forget()
      const interned = this.#strings.intern(key)
      if (interned === undefined) return undefined
      this.#count++
      shape = new Shape([...from.keys, interned])
      from.next.set(key, shape)
    }
    from.lastKey = key
    from.lastShape = shape
    return shape
  }

  /** Callers who never send the same shape twice must not cost the others theirs for good. */
  #forget(): void {
    this.root.next.clear()
    this.root.lastKey = undefined
    this.root.lastShape = undefined
    this.#count = 0
  }

  template(shape: Shape): Template {
    shape.template ??= layOut(shape.keys)
    return shape.template
  }
}

function layOut(keys: readonly InternedString[]): Template {
  const buckets = bucketsFor(keys.length)
  const header = COMPOSITE_BYTES / 4
  const elementAt = (at: number) => header + buckets + at * (OBJECT_ELEMENT_BYTES / 4)
  const words = new Int32Array(elementAt(keys.length))
  const mask = new Int32Array(words.length)
  const point = (word: number, to: number) => {
    words[word] = to * 4
    mask[word] = -1
  }
  words.set([TYPE.object, 0, buckets, keys.length])
  point(1, header)
  const chains = Map.groupBy(keys.keys(), (at) => (keys[at]?.hash ?? 0) & (buckets - 1))
  for (const [bucket, members] of chains) {
    members.sort((left, right) => compareStrings(keys[left]?.text ?? '', keys[right]?.text ?? ''))
    let link = header + bucket
    for (const at of members) {
      point(link, elementAt(at))
      link = elementAt(at) + 2
    }
  }
  keys.forEach(({ address }, at) => {
    words[elementAt(at)] = address
  })
  return { words, mask, values: Int32Array.from(keys, (_, at) => elementAt(at) + 1) }
}
