/**
 * Fuel: rewrites a policy's module so that it takes one unit at each loop header and at each entry of a policy function or a
 * recursive one, and asks its host for more below zero, which then may end it. Loops alone could be evaded by functions that
 * each call the previous one twice.
 *
 * It also exports what a host needs to go on after a trap (the C stack pointer, which a trap leaves moved), lets the module
 * look hashes of strings up in a table (`structs/`), notes where the policy's string constants lie, has rules that are constants
 * built once (`constants.ts`), leads calls of a few of the module's own built-ins to the host (`natives.ts`), and gives each entrypoint
 * a function of its own (`dispatch.ts`).
 */
import { ByteReader, type Bytes, concat, ModuleError, nameBytes, signed, unsigned } from './binary.ts'
import { type BranchHints, branchHints } from './branch-hints.ts'
import { type FunctionBody, readBodies } from './code.ts'
import { constantRules } from './constants.ts'
import { recursive } from './cycles.ts'
import { type Dispatching, dispatchByTable } from './dispatch.ts'
import { type Edit, edited } from './edits.ts'
import { type AddedFunction, refuel } from './host-calls.ts'
import { type Memoizing, memoizeBySlot } from './memoize.ts'
import { type Detours, findDetours } from './natives.ts'
import { findSection, type ModuleShape, readShape, SECTION, type Section } from './sections.ts'
import { findStatics, staticsSection } from './statics.ts'

export const FUEL_MAX = 0x7fff_ffff

/** Throws ModuleError when the module is not what OPA's compiler writes. */
export function meterModule(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const shape = readShape(bytes)
  const refuelIndex = shape.importedFunctions + shape.types.length
  const detours = findDetours(shape, refuelIndex + 1)
  const bodies = readBodies(shape, detours.instead)
  const fuel = shape.importedGlobals + shape.globals
  const memoizing = memoizeBySlot(shape, constantRules(shape, bodies), {
    global: fuel + 2,
    constants: fuel + 3,
    from: refuelIndex + 1 + detours.added.length,
  })
  const others = [refuel(shape), ...detours.added, ...memoizing.added]
  const dispatching = dispatchByTable(shape, bodies, {
    from: refuelIndex + others.length,
    binding: fuel + 4,
    check: takeOneOrAsk(fuel, refuelIndex).bytes,
  })
  const added = [...others, ...dispatching.added]
  const replaced = new Map([...memoizing.bodies, ...dispatching.bodies])
  const additions = { fuel, refuelIndex, added, detours, replaced }
  const { section: code, hints } = codeSection(shape, bodies, additions)
  const rewritten = new Map<number, Bytes>([
    [SECTION.type, withMore(shape, findSection(shape, SECTION.type), dispatching.types)],
    [SECTION.function, functionSection(shape, added)],
    [SECTION.code, code],
    [SECTION.global, globalSection(shape)],
    [SECTION.export, exportSection(shape, fuel, { ...memoizing, ...dispatching })],
  ])
  const parts: Bytes[] = [bytes.subarray(0, 8)]
  for (const section of shape.sections) {
    if (section.id === SECTION.code) parts.push(customSection(branchHints(hints)))
    const body = rewritten.get(section.id) ?? bytes.subarray(section.start, section.end)
    parts.push([section.id], unsigned(body.length), body)
  }
  return concat([...parts, customSection(staticsSection(findStatics(shape)))]) as Uint8Array<ArrayBuffer>
}

const customSection = (content: readonly number[]): number[] => [
  SECTION.custom,
  ...unsigned(content.length),
  ...content,
]

/** `fuel -= 1` */
function takeOne(fuel: number): number[] {
  const global = unsigned(fuel)
  return [0x23, ...global, 0x41, 1, 0x6b, 0x24, ...global]
}

interface Check {
  readonly bytes: readonly number[]
  /** Where its branch stands. */
  readonly branchAt: number
}

/** `fuel -= 1; if (fuel < 0) refuel(0)` */
function takeOneOrAsk(fuel: number, refuelIndex: number): Check {
  const before = [...takeOne(fuel), 0x23, ...unsigned(fuel), 0x41, 0, 0x48]
  return { bytes: [...before, 0x04, 0x40, 0x41, 0, 0x10, ...unsigned(refuelIndex), 0x0b], branchAt: before.length }
}

/** An interned string whose second half-word is set has its hash in the table: `return hashes[index]`. */
function lookUpHash(hashes: number): number[] {
  const index = [0x20, 0, 0x2f, 0, 2]
  const isInterned = [0x20, 0, 0x2d, 0, 0, 0x41, 8, 0x46]
  const found = [0x23, ...unsigned(hashes), ...index, 0x41, 2, 0x74, 0x6a, 0x28, 2, 0, 0x0f]
  return [...isInterned, 0x04, 0x40, ...index, 0x04, 0x40, ...found, 0x0b, 0x0b]
}

interface Additions {
  /** Index of the global that holds it. */
  readonly fuel: number
  /** Of the added function that asks the host for more. */
  readonly refuelIndex: number
  readonly added: readonly AddedFunction[]
  readonly detours: Detours
  /** Bodies, with their sizes, by index of the function. */
  readonly replaced: ReadonlyMap<number, Bytes>
}

interface Code {
  readonly section: Uint8Array
  readonly hints: BranchHints
}

function codeSection(shape: ModuleShape, bodies: readonly FunctionBody[], additions: Additions): Code {
  const { fuel, added, detours } = additions
  const { bytes, importedFunctions, names } = shape
  const recursives = recursive(bodies, importedFunctions)
  const take = takeOne(fuel)
  const ask = takeOneOrAsk(fuel, additions.refuelIndex)
  const parts: Bytes[] = [unsigned(bodies.length + added.length)]
  const hints: BranchHints = new Map()
  for (const [at, body] of bodies.entries()) {
    const replaced = additions.replaced.get(at + importedFunctions)
    if (replaced !== undefined) {
      parts.push(replaced)
      continue
    }
    const name = names.get(at + importedFunctions)
    const isPolicy = isPolicyFunction(name)
    const isLeaf = body.calls.size === 0 && !body.callsIndirectly
    // What the runtime's leaves loop over lies in memory and ends there; a call would cost them their registers.
    const check = isLeaf && !isPolicy ? take : ask.bytes
    const edits: Edit[] = body.loops.map((loop) => [loop, loop, check])
    if (!(isLeaf && body.loops.length === 0) && (isPolicy || recursives.has(at))) {
      edits.unshift([body.code, body.code, check])
    }
    if (name === 'opa_value_hash') edits.unshift([body.code, body.code, lookUpHash(fuel + 1)])
    if (isPolicy && body.watchedCalls.length > 0) edits.push(...detoured(body, detours))
    const { code, places } = edited(bytes, body, edits)
    parts.push(...code)
    const unlikely = places.filter(({ replacement }) => replacement === ask.bytes).map(({ at }) => at + ask.branchAt)
    if (unlikely.length > 0) hints.set(at + importedFunctions, unlikely)
  }
  return { section: concat([...parts, ...added.map(({ body }) => body)]), hints }
}

const detoured = ({ watchedCalls }: FunctionBody, { instead }: Detours): Edit[] =>
  watchedCalls.map(({ from, to, callee }) => [from, to, unsigned(instead.get(callee) ?? callee)])

/** What the compiler adds to the C runtime; without a name it is taken for the policy's. */
export const isPolicyFunction = (name: string | undefined): boolean =>
  name === undefined || /^g\d+\.|^eval$|^\$|^data\.|^builtins$|^entrypoints$/.test(name)

const functionSection = (shape: ModuleShape, added: readonly AddedFunction[]): Uint8Array =>
  withMore(
    shape,
    findSection(shape, SECTION.function),
    added.map(({ type }) => unsigned(type)),
  )

function globalSection(shape: ModuleShape): Uint8Array {
  const section = findSection(shape, SECTION.global)
  const reader = new ByteReader(shape.bytes, section.start)
  reader.u32()
  // The C stack pointer is the first global that LLVM's linker writes: a mutable i32.
  if (reader.bytes[reader.at] !== 0x7f || reader.bytes[reader.at + 1] !== 1) {
    throw new ModuleError('the first global is not a stack pointer')
  }
  const mutableI32 = (value: number): number[] => [0x7f, 1, 0x41, ...signed(value), 0x0b]
  return withMore(shape, section, [FUEL_MAX, 0, 0, 0, 0].map(mutableI32))
}

const [FUNCTION, GLOBAL] = [0, 3]

function exportSection(
  shape: ModuleShape,
  fuel: number,
  { keepConstants, keepsBinding }: Pick<Memoizing, 'keepConstants'> & Pick<Dispatching, 'keepsBinding'>,
): Uint8Array {
  const section = findSection(shape, SECTION.export)
  const exported: [name: string, kind: number, index: number][] = [
    ['fuel', GLOBAL, fuel],
    ['string_hashes', GLOBAL, fuel + 1],
    ['rule_constants', GLOBAL, fuel + 3],
    ['stack_pointer', GLOBAL, shape.importedGlobals],
  ]
  if (keepsBinding) exported.push(['binding', GLOBAL, fuel + 4])
  if (keepConstants !== undefined) exported.push(['keep_constants', FUNCTION, keepConstants])
  const entries = exported.map(([name, kind, index]) => [...nameBytes(name), kind, ...unsigned(index)])
  return withMore(shape, section, entries)
}

/** The vector in a section with more entries at its end. */
function withMore({ bytes }: ModuleShape, section: Section, entries: readonly Bytes[]): Uint8Array {
  const reader = new ByteReader(bytes, section.start)
  const count = reader.u32() + entries.length
  return concat([unsigned(count), bytes.subarray(reader.at, section.end), ...entries])
}
