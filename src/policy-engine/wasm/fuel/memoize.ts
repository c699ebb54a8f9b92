/**
 * What a rule gave is kept for the rest of its evaluation. The C runtime keeps it in an object by number, whose keys are
 * hashed, compared and moved as it grows: a fifth of a decision. Here each rule has a slot in an array, by the number of its
 * function; `with` stacks one array upon the other, as the runtime does. An array begins as a copy of the one that holds the
 * values of constant rules (`constants.ts`), once that is made.
 */
import { type Bytes, signed, unsigned } from './binary.ts'
import { type AddedFunction, sized } from './host-calls.ts'
import type { ModuleShape } from './sections.ts'

export interface Memoizing {
  readonly added: readonly AddedFunction[]
  /** Bodies in place of the runtime's, with their sizes, by index of the function. */
  readonly bodies: ReadonlyMap<number, Bytes>
  /** Index of the added function that makes the array of constants. */
  readonly keepConstants: number | undefined
}

interface Places {
  /** Index of the global that points to the present array. */
  readonly global: number
  /** Of the one that points to the array of constants. */
  readonly constants: number
  /** Index that the added function will have. */
  readonly from: number
}

const NONE: Memoizing = { added: [], bodies: new Map(), keepConstants: undefined }
const RULE = /^g\d+\./
const [LOCAL_GET, LOCAL_SET, GLOBAL_GET, GLOBAL_SET, CALL, DROP] = [0x20, 0x21, 0x23, 0x24, 0x10, 0x1a]
const [IF, ELSE, END, NO_RESULT] = [0x04, 0x05, 0x0b, 0x40]
const [I32_CONST, I32_ADD, I32_SUB, I32_SHL] = [0x41, 0x6a, 0x6b, 0x74]

/** Nothing is replaced in a module without names. */
export function memoizeBySlot(
  shape: ModuleShape,
  constantRules: readonly number[],
  { global, constants, from }: Places,
): Memoizing {
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
  const begin = { type, body: allocation(malloc, bytes, constants) }
  const init = indices.get('opa_memoize_init')
  const action = init === undefined ? undefined : shape.types[init - shape.importedFunctions]
  if (action === undefined || constantRules.length === 0) return { added: [begin], bodies, keepConstants: undefined }
  const ask = (rule: number) => [I32_CONST, 0, I32_CONST, 0, CALL, ...unsigned(rule), DROP]
  const keep = [
    I32_CONST,
    0,
    ...allocate,
    ...constantRules.flatMap(ask),
    ...current,
    GLOBAL_SET,
    ...unsigned(constants),
  ]
  return { added: [begin, { type: action, body: sized(keep) }], bodies, keepConstants: from + 1 }
}

/** Of `opa_malloc`'s type: given the array before, answers a new one that begins with a link to it; else constants or 0. */
function allocation(malloc: number, bytes: number, constants: number): number[] {
  const size = [I32_CONST, ...signed(bytes)]
  const kept = [GLOBAL_GET, ...unsigned(constants)]
  const fresh = [...size, CALL, ...unsigned(malloc), LOCAL_SET, 1]
  const copied = [LOCAL_GET, 1, ...kept, ...size, ...MEMORY_COPY]
  const empty = [LOCAL_GET, 1, I32_CONST, 0, ...size, ...MEMORY_FILL]
  const filled = [...kept, IF, NO_RESULT, ...copied, ELSE, ...empty, END]
  return sized([...fresh, ...filled, LOCAL_GET, 1, LOCAL_GET, 0, ...store(0), LOCAL_GET, 1], 1)
}

const MEMORY_COPY = [0xfc, 10, 0, 0]
const MEMORY_FILL = [0xfc, 11, 0]
/** The runtime's allocator aligns nothing. */
const load = (offset: number): number[] => [0x28, 0, offset]
const store = (offset: number): number[] => [0x36, 0, offset]
