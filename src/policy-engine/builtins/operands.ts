/** Checks of a built-in's operands, in the words of OPA. Positions count from 1, as OPA's messages do. */
import { integerOf, numberText, type RegoNumber } from '../wasm/number.ts'
import {
  isArray,
  isNumber,
  isObject,
  isSet,
  kindOf,
  type RegoObject,
  type Value,
  type ValueKind,
} from '../wasm/value.ts'
import { BuiltinError } from './builtin.ts'

export const operandError = (position: number, message: string): BuiltinError =>
  new BuiltinError(`operand ${position} ${message}`, 'eval_type_error')

/** The operand is of another kind than those wanted. */
export function wrongKind(position: number, got: Value, ...wanted: readonly string[]): BuiltinError {
  const list = wanted.length === 1 ? wanted[0] : `one of {${wanted.join(', ')}}`
  return operandError(position, `must be ${list} but got ${kindOf(got)}`)
}

/** A member of the operand is of another kind than those wanted. */
export function wrongMember(position: number, whole: Value, member: Value, ...wanted: readonly string[]): BuiltinError {
  const kind = kindOf(whole)
  const list = wanted.length === 1 ? `${wanted[0]}s` : `(any of) {${wanted.join(', ')}}`
  return operandError(position, `must be ${kind} of ${list} but got ${kind} containing ${kindOf(member)}`)
}

/** The operand is none of the values allowed. */
export const notListed = (position: number, ...allowed: readonly string[]): BuiltinError =>
  operandError(position, allowed.length === 1 ? `must be ${allowed[0]}` : `must be one of {${allowed.join(', ')}}`)

export function asString(position: number, value: Value | undefined): string {
  if (typeof value === 'string') return value
  throw wrongKind(position, present(value), 'string')
}

export function asBoolean(position: number, value: Value | undefined): boolean {
  if (typeof value === 'boolean') return value
  throw wrongKind(position, present(value), 'boolean')
}

export function asNumber(position: number, value: Value | undefined): number | RegoNumber {
  const given = present(value)
  if (isNumber(given)) return given
  throw wrongKind(position, given, 'number')
}

const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n

/** A 64-bit integer, written as 5 or 5.0 but not as 5e0. Answered as a plain number, which may round beyond 2^53. */
export const asInt = (position: number, value: Value | undefined): number => Number(asInt64(position, value))

export function asInt64(position: number, value: Value | undefined): bigint {
  const [, digits = '', rest = ''] = /^(-?\d+)(\.0+)?$/.exec(numberText(asNumber(position, value))) ?? []
  const isShort = digits !== '' && digits.length + rest.length <= (digits.startsWith('-') ? 20 : 19)
  const integer = isShort ? BigInt(digits) : undefined
  if (integer !== undefined && integer >= MIN_INT64 && integer <= MAX_INT64) return integer
  throw operandError(position, 'must be integer number but got floating-point number')
}

/** An integer of any size, however written. */
export function asBigInt(position: number, value: Value | undefined): bigint {
  const given = present(value)
  if (!isNumber(given)) throw wrongKind(position, given, 'integer')
  const integer = integerOf(given)
  if (integer !== undefined) return integer
  throw operandError(position, 'must be integer number but got floating-point number')
}

export function asArray(position: number, value: Value | undefined): readonly Value[] {
  const given = present(value)
  if (isArray(given)) return given
  throw wrongKind(position, given, 'array')
}

export function asObject(position: number, value: Value | undefined): RegoObject {
  const given = present(value)
  if (isObject(given)) return given
  throw wrongKind(position, given, 'object')
}

/** Members of an array or a set, sets in OPA's order. */
function asMembers(position: number, value: Value | undefined): readonly Value[] {
  const given = present(value)
  if (isArray(given)) return given
  if (isSet(given)) return [...given]
  throw wrongKind(position, given, 'array', 'set')
}

/** Strings in an array or a set. */
export function asStrings(position: number, value: Value | undefined): readonly string[] {
  const members = asMembers(position, value)
  for (const member of members) {
    if (typeof member !== 'string') throw wrongMember(position, present(value), member, 'string')
  }
  return members as readonly string[]
}

export function asKind(position: number, value: Value | undefined, ...kinds: readonly ValueKind[]): Value {
  const given = present(value)
  if (kinds.includes(kindOf(given))) return given
  throw wrongKind(position, given, ...kinds)
}

/** Rego checks the number of arguments when it compiles. */
function present(value: Value | undefined): Value {
  if (value === undefined) throw new BuiltinError('an operand is missing')
  return value
}
