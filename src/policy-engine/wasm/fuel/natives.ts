/**
 * Built-ins that OPA's compiler lays into the module and that answer otherwise than OPA does: what policy functions call is
 * led to the host's own instead. Calls within the C runtime stay, which relies on no more than they can.
 *
 * `json.unmarshal` takes numbers with any exponent; `format_int` aborts beyond 32 bits; arithmetic is decimal, where OPA's is
 * binary: 1 / 3 has other digits, 0.3 * 3 is another number. What is wrong with text is said in `builtins/text/natives.ts`.
 */
import { type AddedFunction, answerFromHost, FIRST_ID, type OperandIs, TYPES } from './host-calls.ts'
import type { ModuleShape } from './sections.ts'

interface Native {
  readonly builtin: string
  /** Its function in the C runtime. */
  readonly native: string
  readonly operands: number
  /** The native one stays for all else. */
  readonly where?: OperandIs
}

const NATIVES: readonly Native[] = [
  { builtin: 'json.unmarshal', native: 'opa_json_unmarshal', operands: 1 },
  { builtin: 'format_int', native: 'opa_strings_format_int', operands: 2 },
  { builtin: 'plus', native: 'opa_arith_plus', operands: 2 },
  { builtin: 'minus', native: 'opa_arith_minus', operands: 2, where: { operand: 0, type: TYPES.number } },
  { builtin: 'mul', native: 'opa_arith_multiply', operands: 2 },
  { builtin: 'div', native: 'opa_arith_divide', operands: 2 },
  { builtin: 'rem', native: 'opa_arith_rem', operands: 2 },
  { builtin: 'abs', native: 'opa_arith_abs', operands: 1 },
  { builtin: 'round', native: 'opa_arith_round', operands: 1 },
  { builtin: 'ceil', native: 'opa_arith_ceil', operands: 1 },
  { builtin: 'floor', native: 'opa_arith_floor', operands: 1 },
  { builtin: 'sum', native: 'opa_agg_sum', operands: 1 },
  { builtin: 'product', native: 'opa_agg_product', operands: 1 },
  { builtin: 'concat', native: 'opa_strings_concat', operands: 2, where: { operand: 1, type: TYPES.set } },
  { builtin: 'indexof', native: 'opa_strings_indexof', operands: 2 },
  { builtin: 'replace', native: 'opa_strings_replace', operands: 3 },
  { builtin: 'to_number', native: 'opa_to_number', operands: 1 },
  { builtin: 'object.union_n', native: 'builtin_object_union_n', operands: 1 },
  { builtin: 'json.marshal', native: 'opa_json_marshal', operands: 1 },
  { builtin: 'json.is_valid', native: 'opa_json_is_valid', operands: 1 },
  { builtin: 'base64.decode', native: 'opa_base64_decode', operands: 1 },
  { builtin: 'base64.is_valid', native: 'opa_base64_is_valid', operands: 1 },
  { builtin: 'base64url.decode', native: 'opa_base64_url_decode', operands: 1 },
]

/** Host built-ins by the ids with which rewritten modules call them. */
export const NATIVE_IDS: ReadonlyMap<string, number> = new Map(
  NATIVES.map(({ builtin }, at) => [builtin, FIRST_ID + at]),
)

export interface Detours {
  readonly added: readonly AddedFunction[]
  /** Index of the added function by that of the native one. */
  readonly instead: ReadonlyMap<number, number>
}

/** `from`: index that the first of them will have. */
export function findDetours(shape: ModuleShape, from: number): Detours {
  const indices = new Map([...shape.names].map(([index, name]) => [name, index]))
  const added: AddedFunction[] = []
  const instead = new Map<number, number>()
  for (const [at, { native, operands, where }] of NATIVES.entries()) {
    const index = indices.get(native)
    const type = index === undefined ? undefined : shape.types[index - shape.importedFunctions]
    if (index === undefined || type === undefined) continue
    instead.set(index, from + added.length)
    const body = answerFromHost(shape, FIRST_ID + at, operands, where && { ...where, native: index })
    added.push({ type, body })
  }
  return { added, instead }
}
