/**
 * Built-ins that OPA's compiler lays into the module and that answer otherwise than OPA does: what policy functions call is
 * led to the host's own instead. Calls within the C runtime stay, which relies on no more than they can.
 *
 * `json.unmarshal` takes numbers with any exponent; `format_int` aborts beyond 32 bits; arithmetic is decimal, where OPA's is
 * binary: 1 / 3 has other digits, 0.3 * 3 is another number.
 */
import { type AddedFunction, answerFromHost, answerNumbersFromHost, FIRST_ID } from './host-calls.ts'
import type { ModuleShape } from './sections.ts'

interface Native {
  readonly builtin: string
  /** Its function in the C runtime. */
  readonly native: string
  readonly operands: number
  /** The native one stays for sets. */
  readonly numbersOnly?: true
}

const NATIVES: readonly Native[] = [
  { builtin: 'json.unmarshal', native: 'opa_json_unmarshal', operands: 1 },
  { builtin: 'format_int', native: 'opa_strings_format_int', operands: 2 },
  { builtin: 'plus', native: 'opa_arith_plus', operands: 2 },
  { builtin: 'minus', native: 'opa_arith_minus', operands: 2, numbersOnly: true },
  { builtin: 'mul', native: 'opa_arith_multiply', operands: 2 },
  { builtin: 'div', native: 'opa_arith_divide', operands: 2 },
  { builtin: 'rem', native: 'opa_arith_rem', operands: 2 },
  { builtin: 'abs', native: 'opa_arith_abs', operands: 1 },
  { builtin: 'round', native: 'opa_arith_round', operands: 1 },
  { builtin: 'ceil', native: 'opa_arith_ceil', operands: 1 },
  { builtin: 'floor', native: 'opa_arith_floor', operands: 1 },
  { builtin: 'sum', native: 'opa_agg_sum', operands: 1 },
  { builtin: 'product', native: 'opa_agg_product', operands: 1 },
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
  for (const [at, { native, operands, numbersOnly }] of NATIVES.entries()) {
    const index = indices.get(native)
    const type = index === undefined ? undefined : shape.types[index - shape.importedFunctions]
    if (index === undefined || type === undefined) continue
    instead.set(index, from + added.length)
    const id = FIRST_ID + at
    const body = numbersOnly ? answerNumbersFromHost(shape, id, operands, index) : answerFromHost(shape, id, operands)
    added.push({ type, body })
  }
  return { added, instead }
}
