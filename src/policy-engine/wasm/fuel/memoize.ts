/**
 * What a rule gave is kept for the rest of its evaluation. The C runtime keeps it in an object by number, whose keys are
 * hashed, compared and moved as it grows: a fifth of a decision. Here each rule has a slot in an array, by the number of its
 * function; `with` stacks one array upon the other, as the runtime does.
 */
import { type Bytes, signed, unsigned } from './binary.ts'
import { type AddedFunction, sized } from './host-calls.ts'
import type { ModuleShape } from './sections.ts'

export interface Memoizing {
  readonly added: readonly AddedFunction[]
  /** Bodies in place of the runtime's, with their sizes, by index of the function. */
  readonly bodies: ReadonlyMap<number, Bytes>
}

interface Places {
  /** Index of the global that points to the present array. */
  readonly global: number
  /** Index that the added function will have. */
  readonly from: number
}

const NONE: Memoizing = { added: [], bodies: new Map() }
const RULE = /^g\d+\./
const [LOCAL_GET, LOCAL_TEE, GLOBAL_GET, GLOBAL_SET, CALL] = [0x20, 0x22, 0x23, 0x24, 0x10]
const [I32_CONST, I32_ADD, I32_SUB, I32_SHL] = [0x41, 0x6a, 0x6b, 0x74]

/** Nothing is replaced in a module without names. */
export function memoizeBySlot(shape: ModuleShape, { global, from }: Places): Memoizing {
  const indices = new Map([...shape.names].map(([index, name]) => [name, index]))
  const malloc = indices.get('opa_malloc')
  const rules = [...shape.names].filter(([, name]) => RULE.test(name)).map(([index]) => index)
  const type = malloc === undefined ? undefined : shape.types[malloc - shape.importedFunctions]
  if (malloc === undefined || type === undefined || rules.length === 0) return NONE

  const first = rules.reduce((least, index) => Math.min(least, index))
  const bytes = 4 * (1 + shape.importedFunctions + shape.types.length - first)
  const current = [GLOBAL_GET, ...unsigned(global)]
  const allocate = [CALL, ...unsigned(from), GLOBAL_SET, ...unsigned(global)]
  /** Address of the slot, less the four bytes of the link before all slots. */
  const slot = [
    ...[...current, LOCAL_GET, 0, I32_CONST, ...signed(first), I32_SUB],
    ...[I32_CONST, 2, I32_SHL, I32_ADD],
  ]
  const bodies = new Map<number, Bytes>()
  const replace = (name: string, instructions: readonly number[]): void => {
    // The compiler leaves out what no policy calls: `push` and `pop` where none says `with`.
    const index = indices.get(name)
    if (index !== undefined) bodies.set(index, sized(instructions))
  }
  replace('opa_memoize_init', [I32_CONST, 0, ...allocate])
  replace('opa_memoize_push', [...current, ...allocate])
  replace('opa_memoize_pop', [...current, ...load(0), GLOBAL_SET, ...unsigned(global)])
  replace('opa_memoize_insert', [...slot, LOCAL_GET, 1, ...store(4)])
  replace('opa_memoize_get', [...slot, ...load(4)])
  return { added: [{ type, body: allocation(malloc, bytes) }], bodies }
}

/** Of `opa_malloc`'s type: given the array before, answers a new one, all slots 0, that begins with a link to it. */
function allocation(malloc: number, bytes: number): number[] {
  const size = [I32_CONST, ...signed(bytes)]
  const fresh = [...size, CALL, ...unsigned(malloc), LOCAL_TEE, 1, I32_CONST, 0, ...size, ...MEMORY_FILL]
  return sized([...fresh, LOCAL_GET, 1, LOCAL_GET, 0, ...store(0), LOCAL_GET, 1], 1)
}

const MEMORY_FILL = [0xfc, 11, 0]
/** The runtime's allocator aligns nothing. */
const load = (offset: number): number[] => [0x28, 0, offset]
const store = (offset: number): number[] => [0x36, 0, offset]
