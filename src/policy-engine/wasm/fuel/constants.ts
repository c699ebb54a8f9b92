/**
 * Rules that are constants: a set of names, a time to live. The compiler has each built anew by every evaluation that asks for
 * it, which for a set of thirty names takes as long as a small decision. They are built once, when the module is loaded, and
 * each evaluation begins with their values as if it had asked for them already (`memoize.ts`).
 */
import type { FunctionBody } from './code.ts'
import type { ModuleShape } from './sections.ts'

const RULE = /^g\d+\.data\./
const KEEPS = 'opa_memoize_insert'

/** Functions of the C runtime that make values of nothing but their operands. */
const MAKERS: ReadonlySet<string> = new Set([
  KEEPS,
  'opa_memoize_get',
  'opa_boolean',
  'opa_null',
  'opa_number_int',
  'opa_number_ref',
  'opa_array',
  'opa_array_append',
  'opa_array_with_cap',
  'opa_object',
  'opa_object_insert',
  'opa_set',
  'opa_set_add',
  'opa_set_with_cap',
  // Whether several bodies of one rule agree.
  'opa_value_compare',
  'opa_runtime_error',
])

/** Indices of the rules whose values depend on nothing; none in a module without names. */
export function constantRules({ names, importedFunctions }: ModuleShape, bodies: readonly FunctionBody[]): number[] {
  const makes = (callee: number) => MAKERS.has(names.get(callee) ?? '')
  return [...names].flatMap(([index, name]) => {
    const body = bodies[index - importedFunctions]
    if (body === undefined || !RULE.test(name) || body.readsInputOrData || body.callsIndirectly) return []
    const callees = [...body.calls]
    return callees.every(makes) && callees.some((callee) => names.get(callee) === KEEPS) ? [index] : []
  })
}
