/** cast_*: the deprecated assertions of a kind, still in policies of Rego v0. */
import { isArray, isSet, RegoSet } from '../../wasm/value.ts'
import type { BuiltinTable } from '../builtin.ts'
import { asBoolean, asKind, asObject, asString, wrongKind } from '../operands.ts'

export const CASTS: BuiltinTable = {
  cast_array: (_, value) => {
    const given = asKind(1, value, 'array', 'set')
    return isSet(given) ? [...given] : given
  },
  cast_set: (_, value) => {
    const given = asKind(1, value, 'array', 'set')
    return isArray(given) ? new RegoSet(given) : given
  },
  cast_boolean: (_, value) => asBoolean(1, value),
  cast_null: (_, value) => {
    if (value === null || value === undefined) return null
    throw wrongKind(1, value, 'null')
  },
  cast_object: (_, value) => asObject(1, value),
  cast_string: (_, value) => asString(1, value),
}
