/** object.subset, object.union_n and graph.reachable_paths. */

import {
  canonicalKey,
  equalValues,
  isArray,
  isObject,
  isSet,
  kindOf,
  RegoObject,
  RegoSet,
  type Value,
} from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError, type BuiltinTable } from '../builtin.ts'
import { asArray, asObject, operandError, wrongMember } from '../operands.ts'

export const OBJECTS: BuiltinTable = {
  'object.subset': (context, whole, part) => isSubset(context, whole ?? null, part ?? null),
  'object.union_n': (context, objects) => unionOf(context, asArray(1, objects)),
  'graph.reachable_paths': (context, graph, initial) => reachablePaths(context, asObject(1, graph), initial ?? null),
}

function isSubset(context: BuiltinContext, whole: Value, part: Value): boolean {
  const contained = containment(context, whole, part)
  if (contained !== undefined) return contained
  if (isArray(whole) && isSet(part)) return holdsMembers(whole, part)
  throw new BuiltinError('both arguments object.subset must be of the same type or array and set', 'eval_type_error')
}

/** The module's own takes no empty list. */
function unionOf(context: BuiltinContext, objects: readonly Value[]): RegoObject {
  let whole = new RegoObject()
  for (const object of objects) {
    if (!isObject(object)) throw wrongMember(1, objects, object, 'object')
    whole = union(context, whole, object)
  }
  return whole
}

/** For an entry of the union, which is made anew. */
const ENTRY_UNITS = 40

/** Objects merge at every depth, anything else is replaced by what comes later. */
function union(context: BuiltinContext, left: RegoObject, right: RegoObject): RegoObject {
  context.charge((left.size + right.size) * ENTRY_UNITS)
  const added = [...right.unordered()].map(([key, value]) => {
    const stood = left.get(key)
    return [
      key,
      isObject(value) && stood !== undefined && isObject(stood) ? union(context, stood, value) : value,
    ] as const
  })
  return new RegoObject([...left.unordered(), ...added])
}

/** Undefined for kinds that do not go together. */
function containment(context: BuiltinContext, whole: Value, part: Value): boolean | undefined {
  if (isObject(whole) && isObject(part)) return holdsEntries(context, whole, part)
  if (isSet(whole) && isSet(part)) return [...part].every((member) => whole.has(member))
  if (isArray(whole) && isArray(part)) return holdsRun(context, whole, part)
  return undefined
}

function holdsEntries(context: BuiltinContext, whole: RegoObject, part: RegoObject): boolean {
  return [...part].every(([key, wanted]) => {
    const found = whole.get(key)
    if (found === undefined) return false
    return equalValues(found, wanted) || (containment(context, found, wanted) ?? false)
  })
}

/** The part stands in the whole as it is, without gaps. */
function holdsRun(context: BuiltinContext, whole: readonly Value[], part: readonly Value[]): boolean {
  const [text, wanted] = [whole.map(canonicalKey), part.map(canonicalKey)]
  for (let start = 0; start + wanted.length <= text.length; start++) {
    let matched = 0
    while (matched < wanted.length && text[start + matched] === wanted[matched]) matched++
    context.charge(matched)
    if (matched === wanted.length) return true
  }
  return false
}

/** As OPA counts, a member that the array holds twice stands for two; and an empty array holds no set, not even the empty one. */
function holdsMembers(whole: readonly Value[], part: RegoSet): boolean {
  if (whole.length === 0) return false
  return whole.filter((member) => part.has(member)).length >= part.size
}

/** Every path without a cycle from a starting node; their number may be exponential, so each step pays. */
function reachablePaths(context: BuiltinContext, graph: RegoObject, initial: Value): RegoSet {
  if (!isArray(initial) && !isSet(initial)) throw operandError(2, `must be {array, set} but got ${kindOf(initial)}`)
  const paths: Value[] = []
  for (const node of initial) {
    const edges = graph.get(node)
    if (edges === undefined) continue
    const neighbours = neighboursOf(edges)
    if (neighbours.length === 0) paths.push([node])
    for (const neighbour of neighbours) {
      walk({ context, graph, paths }, neighbour, [node], new Set([canonicalKey(node)]))
    }
  }
  return new RegoSet(paths)
}

interface Walk {
  readonly context: BuiltinContext
  readonly graph: RegoObject
  readonly paths: Value[]
}

/** A path ends before a node that the graph lacks, and before one it has been to. */
function walk(search: Walk, node: Value, path: readonly Value[], visited: ReadonlySet<string>): void {
  search.context.charge(STEP_UNITS + path.length)
  const edges = search.graph.get(node)
  if (edges === undefined) return void search.paths.push(path)
  const longer = [...path, node]
  const neighbours = neighboursOf(edges)
  if (neighbours.length === 0) return void search.paths.push(longer)
  const seen = new Set(visited).add(canonicalKey(node))
  for (const neighbour of neighbours) {
    if (seen.has(canonicalKey(neighbour))) search.paths.push(longer)
    else walk(search, neighbour, longer, seen)
  }
}

const STEP_UNITS = 200

const neighboursOf = (edges: Value): readonly Value[] => (isArray(edges) ? edges : isSet(edges) ? [...edges] : [])
