/**
 * json.patch (RFC 6902) on Rego values: a path's segment may be any value, and leads into sets too, whose members are their
 * own keys. What an operation left behind is a draft; the value is made once, at the end.
 */
import { equalValues, isArray, isObject, kindOf, type RegoObject, type Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError } from '../builtin.ts'
import { operandError } from '../operands.ts'
import { Draft } from './draft.ts'
import { printed } from './nodes.ts'

export function patchJson(context: BuiltinContext, value: Value, operations: readonly Value[]): Value | undefined {
  const draft = new Draft(context, value)
  for (const operation of operations) {
    if (!isObject(operation)) {
      throw new BuiltinError('must be an array of JSON-Patch objects, but at least one element is not an object')
    }
    apply(draft, operation)
  }
  return draft.render()
}

function apply(draft: Draft, operation: RegoObject): void {
  const pathOperand = required(operation, 'path')
  const name = required(operation, 'op')
  if (typeof name !== 'string') throw new BuiltinError(`attribute 'op' must be a string but found: ${kindOf(name)}`)
  const path = parsePath(pathOperand)
  const run = OPERATIONS.get(name)
  if (run === undefined) throw new BuiltinError(`unrecognized op: '${name}'`)
  run(draft, path, operation)
}

type Operation = (draft: Draft, path: readonly Value[], operation: RegoObject) => void

const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ['add', (draft, path, operation) => draft.insert(path, required(operation, 'value'))],
  ['remove', (draft, path) => draft.remove(path)],
  ['replace', replace],
  ['move', move],
  ['copy', (draft, path, operation) => draft.insert(path, draft.render(parsePath(required(operation, 'from'))))],
  ['test', test],
] satisfies [string, Operation][])

function replace(draft: Draft, path: readonly Value[], operation: RegoObject): void {
  draft.remove(path)
  draft.insert(path, required(operation, 'value'))
}

function move(draft: Draft, path: readonly Value[], operation: RegoObject): void {
  const from = parsePath(required(operation, 'from'))
  const moved = draft.render(from)
  draft.remove(from)
  draft.insert(path, moved)
}

function test(draft: Draft, path: readonly Value[], operation: RegoObject): void {
  const found = draft.render(path)
  const wanted = required(operation, 'value')
  if (found !== undefined && equalValues(found, wanted)) return
  const printedFound = found === undefined ? '<nil>' : printed(found)
  throw new BuiltinError(
    `value from EditTree != patch value.\n\nExpected: ${printed(wanted)}\n\nFound: ${printedFound}`,
  )
}

function required(operation: RegoObject, attribute: string): Value {
  const value = operation.get(attribute)
  if (value === undefined) throw new BuiltinError(`missing required attribute '${attribute}'`)
  return value
}

/** A JSON pointer (RFC 6901), whose leading slashes OPA takes as one, or the segments themselves. */
function parsePath(path: Value): readonly Value[] {
  if (isArray(path)) return path
  if (typeof path === 'string') {
    if (path === '') return []
    return path
      .replace(/^\/+/, '')
      .split('/')
      .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
  }
  throw operandError(
    2,
    `must be one of {set, array} containing string paths or array of path segments but got ${kindOf(path)}`,
  )
}
