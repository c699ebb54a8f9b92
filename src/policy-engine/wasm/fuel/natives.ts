/**
 * Built-ins that OPA's compiler lays into the module and that answer otherwise than OPA does: what policy functions call is
 * led to the host's own instead. Calls within the C runtime stay, which relies on no more than they can.
 *
 * `json.unmarshal` takes numbers with any exponent; `format_int` aborts beyond 32 bits.
 */
import { type AddedFunction, answerFromHost, FIRST_ID } from './host-calls.ts'
import type { ModuleShape } from './sections.ts'

interface Native {
  readonly builtin: string
  /** Its function in the C runtime. */
  readonly native: string
  readonly operands: number
}

const NATIVES: readonly Native[] = [
  { builtin: 'json.unmarshal', native: 'opa_json_unmarshal', operands: 1 },
  { builtin: 'format_int', native: 'opa_strings_format_int', operands: 2 },
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
  for (const [at, { native, operands }] of NATIVES.entries()) {
    const index = indices.get(native)
    const type = index === undefined ? undefined : shape.types[index - shape.importedFunctions]
    if (index === undefined || type === undefined) continue
    instead.set(index, from + added.length)
    added.push({ type, body: answerFromHost(shape, FIRST_ID + at, operands) })
  }
  return { added, instead }
}
