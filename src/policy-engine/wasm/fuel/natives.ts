/**
 * Built-ins that OPA's compiler lays into the module and that answer otherwise than OPA does: what policy functions call is
 * led to the host's own instead. Calls within the C runtime stay, which relies on no more than they can.
 *
 * `json.unmarshal` takes numbers with any exponent; `format_int` aborts beyond 32 bits.
 */
import { ByteReader, type Bytes, signed, unsigned } from './binary.ts'
import { findSection, type ModuleShape, SECTION } from './sections.ts'

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

/** Far beyond the ids that the compiler counts up from 0. */
const FIRST_ID = 0x4000_0000

/** Host built-ins by the ids with which rewritten modules call them. */
export const NATIVE_IDS: ReadonlyMap<string, number> = new Map(
  NATIVES.map(({ builtin }, at) => [builtin, FIRST_ID + at]),
)

/** Functions to be added behind those of the module, and who is to be called instead of whom. */
export interface Detours {
  readonly types: readonly number[]
  readonly bodies: readonly Bytes[]
  /** Index of the added function by that of the native one. */
  readonly instead: ReadonlyMap<number, number>
}

export function findDetours(shape: ModuleShape): Detours {
  const typeOf = functionTypes(shape)
  const indices = new Map([...shape.names].map(([index, name]) => [name, index]))
  const types: number[] = []
  const bodies: Bytes[] = []
  const instead = new Map<number, number>()
  for (const [at, { native, operands }] of NATIVES.entries()) {
    const index = indices.get(native)
    const call = indices.get(`opa_builtin${operands}`)
    const type = index === undefined ? undefined : typeOf[index - shape.importedFunctions]
    if (index === undefined || type === undefined || call === undefined || call >= shape.importedFunctions) continue
    instead.set(index, shape.importedFunctions + typeOf.length + bodies.length)
    types.push(type)
    bodies.push(callHost(FIRST_ID + at, operands, call))
  }
  return { types, bodies, instead }
}

/** `return opa_builtin<n>(id, 0, ...operands)`: no host looks at the context. */
function callHost(id: number, operands: number, call: number): number[] {
  const locals = Array.from({ length: operands }, (_, at) => [0x20, at]).flat()
  const code = [0, 0x41, ...signed(id), 0x41, 0, ...locals, 0x10, ...unsigned(call), 0x0b]
  return [...unsigned(code.length), ...code]
}

function functionTypes(shape: ModuleShape): number[] {
  const reader = new ByteReader(shape.bytes, findSection(shape, SECTION.function).start)
  return Array.from({ length: reader.u32() }, () => reader.u32())
}
