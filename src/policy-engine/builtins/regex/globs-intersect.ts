/**
 * regex.globs_match: whether one text can match both globs. OPA's search is greedy and not quite exact, and takes exponential time;
 * this gives its answers from a table over all pairs of places.
 */
import type { BuiltinContext } from '../builtin.ts'
import { readGlob, type Token } from './glob-tokens.ts'

export function globsIntersect(context: BuiltinContext, left: string, right: string): boolean {
  context.charge((left.length + right.length) * 60)
  const trimmed = trim(readGlob(left), readGlob(right))
  return trimmed !== undefined && new Intersection(context, ...trimmed).whole()
}

/** Undefined where the fixed beginnings or ends differ; one token of each is left. */
function trim(a: readonly Token[], b: readonly Token[]): [readonly Token[], readonly Token[]] | undefined {
  let from = 0
  for (; isPlain(a[from]) && isPlain(b[from]); from++) {
    if (!overlap(a[from], b[from])) return undefined
  }
  if (from > 0) from--
  let [aEnd, bEnd] = [a.length - 1, b.length - 1]
  for (; aEnd >= from && bEnd >= from && isPlain(a[aEnd]) && isPlain(b[bEnd]); aEnd--, bEnd--) {
    if (!overlap(a[aEnd], b[bEnd])) return undefined
  }
  const kept = aEnd < a.length - 1 ? 1 : 0
  return [a.slice(from, aEnd + kept + 1), b.slice(from, bEnd + kept + 1)]
}

const isPlain = (token: Token | undefined): token is Token => token !== undefined && token.repeat === ''

/** The dot meets anything, an empty set too. */
function overlap(a: Token | undefined, b: Token | undefined): boolean {
  if (a === undefined || b === undefined) return false
  if (a.ranges === undefined || b.ranges === undefined) return true
  for (let [i, j] = [0, 0]; ; ) {
    const [one, other] = [a.ranges[i], b.ranges[j]]
    if (one === undefined || other === undefined) return false
    if (one[0] <= other[1] && other[0] <= one[1]) return true
    if (one[1] < other[1]) i++
    else j++
  }
}

/** Who comes first matters: of two repeated tokens the first one's is expanded. */
type Order = 0 | 1

class Intersection {
  readonly #globs: readonly [readonly Token[], readonly Token[]]
  readonly #columns: number
  /** By order: whether the rests from (i, j) intersect, and whether the first's token at i can go on repeating there. */
  readonly #rests: readonly [Uint8Array, Uint8Array]
  readonly #stars: readonly [Uint8Array, Uint8Array]

  constructor(context: BuiltinContext, a: readonly Token[], b: readonly Token[]) {
    const cells = (a.length + 1) * (b.length + 1)
    context.charge(cells * 20 + 10 * (weight(a) * b.length + weight(b) * a.length))
    this.#globs = [a, b]
    this.#columns = b.length + 1
    this.#rests = [new Uint8Array(cells), new Uint8Array(cells)]
    this.#stars = [new Uint8Array(cells), new Uint8Array(cells)]
    for (let i = a.length; i >= 0; i--) for (let j = b.length; j >= 0; j--) this.#fill(i, j)
  }

  whole(): boolean {
    return this.#get(this.#rests, 0, 0, 0)
  }

  /** Stars first: what rests need of a cell is there. */
  #fill(i: number, j: number): void {
    const at = i * this.#columns + j
    this.#stars[0][at] = Number(this.#star(0, i, j))
    this.#stars[1][at] = Number(this.#star(1, j, i))
    this.#rests[0][at] = Number(this.#rest(0, i, j))
    this.#rests[1][at] = Number(this.#rest(1, j, i))
  }

  /** Places in the order's own view: i in the first glob, j in the second. */
  #get(table: readonly [Uint8Array, Uint8Array], order: Order, i: number, j: number): boolean {
    return table[order][order === 0 ? i * this.#columns + j : j * this.#columns + i] === 1
  }

  #token(order: Order, which: 'first' | 'second', at: number): Token | undefined {
    return this.#globs[(which === 'first') === (order === 0) ? 0 : 1][at]
  }

  #star(order: Order, i: number, j: number): boolean {
    const repeated = this.#token(order, 'first', i)
    const next = this.#token(order, 'first', i + 1)
    const other = this.#token(order, 'second', j)
    if (repeated === undefined) return false
    if (other === undefined) return next === undefined
    if (overlap(other, next) && this.#get(this.#rests, order, i + 1, j)) return true
    return overlap(other, repeated) && this.#get(this.#stars, order, i, j + 1)
  }

  #rest(order: Order, i: number, j: number): boolean {
    const [first, second] = [this.#token(order, 'first', i), this.#token(order, 'second', j)]
    if (first === undefined || second === undefined) return first === second
    if (first.repeat === '' && second.repeat === '') {
      return overlap(first, second) && this.#get(this.#rests, order, i + 1, j + 1)
    }
    return first.repeat === '' ? this.#repeat(order === 0 ? 1 : 0, j, i) : this.#repeat(order, i, j)
  }

  #repeat(order: Order, i: number, j: number): boolean {
    const [first, second] = [this.#token(order, 'first', i), this.#token(order, 'second', j)]
    if (first?.repeat === '*') return this.#get(this.#stars, order, i, j)
    if (!overlap(first, second)) return false
    if (this.#get(this.#stars, order, i, j + 1)) return true
    return second?.repeat !== '' && this.#get(this.#rests, order, i + 1, j)
  }
}

const weight = (glob: readonly Token[]): number => glob.reduce((sum, { ranges }) => sum + (ranges?.length ?? 0), 0)
