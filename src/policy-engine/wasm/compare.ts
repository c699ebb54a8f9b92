/** OPA's order of all values: null < false < true < numbers < strings (by code point) < arrays < objects < sets. */
import { compareNumbers, type RegoNumber } from './number.ts'

/** As `value.ts` has them, whose objects and sets are put in order by this file. */
type Value = null | boolean | string | number | readonly Value[] | Composite
type Composite = RegoNumber | ObjectOfValues | SetOfValues

interface ObjectOfValues extends Iterable<readonly [Value, Value]> {
  readonly kind: 'object'
}
interface SetOfValues extends Iterable<Value> {
  readonly kind: 'set'
}

/** Negative, zero or positive, as Array.sort wants it. */
export function compareValues(left: Value, right: Value): number {
  if (left === right) return 0
  const rank = rankOf(left) - rankOf(right)
  if (rank !== 0 || left === null || right === null) return rank
  if (typeof left === 'string' && typeof right === 'string') return compareStrings(left, right)
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right)
  if (Array.isArray(left) && Array.isArray(right)) return compareLists(left, right)
  return compareComposites(left as number | Composite, right as number | Composite)
}

/** One rank means one kind, which the type of the two sides cannot say. */
function compareComposites(left: number | Composite, right: number | Composite): number {
  if (typeof left === 'number' || left.kind === 'number') return compareNumbers(left, right as typeof left)
  if (left.kind === 'set') return compareLists([...left], [...(right as typeof left)])
  const [a, b] = [[...left].flat(), [...(right as typeof left)].flat()]
  return compareLists(a, b)
}

function compareLists(left: readonly Value[], right: readonly Value[]): number {
  const shared = Math.min(left.length, right.length)
  for (let at = 0; at < shared; at++) {
    const order = compareValues(left[at] as Value, right[at] as Value)
    if (order !== 0) return order
  }
  return left.length - right.length
}

function rankOf(value: Value): number {
  if (value === null) return 0
  if (typeof value === 'boolean') return 1
  if (typeof value === 'number') return 2
  if (typeof value === 'string') return 3
  if (Array.isArray(value)) return 4
  const { kind } = value as Composite
  return kind === 'number' ? 2 : kind === 'object' ? 5 : 6
}

/** By code point, as UTF-8 bytes compare; JavaScript's own order puts U+FFEE after U+1F600. */
export function compareStrings(left: string, right: string): number {
  const shared = Math.min(left.length, right.length)
  for (let at = 0; at < shared; at++) {
    const [a, b] = [left.charCodeAt(at), right.charCodeAt(at)]
    if (a !== b) return (isSurrogate(a) ? a + 0x10000 : a) - (isSurrogate(b) ? b + 0x10000 : b)
  }
  return left.length - right.length
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff
