/**
 * One function for each entrypoint. OPA's compiler lays the parts of all entrypoints into `eval`, one behind the other, each with
 * locals of its own: V8 keeps the state of every local at every block, which for some 240 entrypoints took 30 MB and more whenever
 * it compiled that one function, for good where the heap was fragmented by it. Here each part is a function with its few locals,
 * compiled when it is first asked, and `eval` finds it by a table instead of comparing its way down.
 *
 * A part answers by adding its one binding, `{"result": value}`, to a set, for which the value is hashed whole. That binding is
 * exported instead.
 */
import { ByteReader, type Bytes, unsigned } from './binary.ts'
import { type FunctionBody, skipImmediates } from './code.ts'
import { type AddedFunction, sized } from './host-calls.ts'
import { findSection, type ModuleShape, SECTION } from './sections.ts'

/** The code of one entrypoint, without the comparison before it and the jump behind it. */
export interface Part {
  readonly from: number
  readonly to: number
}

/** What `eval` is: what all share, the parts in the order of the entrypoints' ids, and the end for an id that is none. */
interface Dispatch {
  /** Ends before the block around all parts. */
  readonly prologueEnd: number
  /** The local that holds the entrypoint's id; those before it are what all parts read. */
  readonly local: number
  readonly parts: readonly Part[]
  readonly tail: number
}

export interface Dispatching {
  /** Their type comes behind those of the module. */
  readonly added: readonly AddedFunction[]
  /** Bodies, with their sizes, by index of the function. */
  readonly bodies: ReadonlyMap<number, Bytes>
  /** Whether `eval` leaves its binding in the global, and the set empty. */
  readonly keepsBinding: boolean
  /** What the module's types end with. */
  readonly types: readonly Bytes[]
}

interface Places {
  /** Index that the first added function will have. */
  readonly from: number
  /** Index of the global for the binding. */
  readonly binding: number
  /** Stands at the entry of `eval`. */
  readonly check: readonly number[]
}

const NONE: Dispatching = { added: [], bodies: new Map(), keepsBinding: false, types: [] }
const I32 = 0x7f
const [BLOCK, LOOP, IF, END, NO_RESULT] = [0x02, 0x03, 0x04, 0x0b, 0x40]
const [BR, BR_IF, BR_TABLE, RETURN, CALL] = [0x0c, 0x0d, 0x0e, 0x0f, 0x10]
const [LOCAL_GET, LOCAL_SET, LOCAL_TEE, GLOBAL_SET, DROP] = [0x20, 0x21, 0x22, 0x24, 0x1a]
const [I32_CONST, I32_NE] = [0x41, 0x47]

/** Nothing is changed where `eval` is not what OPA's compiler writes. */
export function dispatchByTable(
  shape: ModuleShape,
  bodies: readonly FunctionBody[],
  { from, binding, check }: Places,
): Dispatching {
  const evalAt = indexOf(shape, 'eval')
  const body = evalAt === undefined ? undefined : bodies[evalAt - shape.importedFunctions]
  // Loops and calls of some built-ins are rewritten where they stand, which parts that are moved have not.
  if (evalAt === undefined || body === undefined || body.loops.length > 0 || body.watchedCalls.length > 0) return NONE
  const dispatch = readDispatch(shape, body)
  if (dispatch === undefined) return NONE
  const add = indexOf(shape, 'opa_set_add')
  const move = (kept: Kept | undefined) => dispatch.parts.map((part) => movedPart(shape, part, dispatch.local, kept))
  const keeping = move(add === undefined ? undefined : { add, binding })
  const keepsBinding = add !== undefined && keeping.every(isMoved)
  const moved = (keepsBinding ? keeping : move(undefined)).filter(isMoved)
  if (moved.length < dispatch.parts.length) return NONE

  const { local, prologueEnd, tail } = dispatch
  const type = new ByteReader(shape.bytes, findSection(shape, SECTION.type).start).u32()
  const operands = Array.from({ length: local }, (_, at) => [LOCAL_GET, ...unsigned(at)]).flat()
  const count = moved.length
  const labels = Array.from({ length: count + 1 }, (_, at) => unsigned(at)).flat()
  const code = [
    ...[...check, I32_CONST, 0, GLOBAL_SET, ...unsigned(binding), ...shape.bytes.subarray(body.code, prologueEnd)],
    ...Array.from({ length: count + 2 }, () => [BLOCK, NO_RESULT]).flat(),
    ...[LOCAL_GET, ...unsigned(local), BR_TABLE, ...unsigned(count), ...labels, END],
    ...moved.flatMap((_, at) => [...operands, CALL, ...unsigned(from + at), BR, ...unsigned(count - at), END]),
    // Its last instruction ends the function, as `sized` does.
    ...shape.bytes.subarray(tail, body.end - 1),
  ]
  return {
    added: moved.map((part) => ({ type, body: part })),
    bodies: new Map([[evalAt, sized(code, local)]]),
    keepsBinding,
    types: [[0x60, ...unsigned(local), ...new Array<number>(local).fill(I32), 0]],
  }
}

/** `eval(context)`, whose locals are i32 all. */
const hasPlainLocals = ({ bytes }: ModuleShape, { start, code }: FunctionBody): boolean =>
  bytes[start] === 1 && bytes[code - 1] === I32

/** Undefined where it is not what OPA's compiler writes. */
export function readDispatch(shape: ModuleShape, body: FunctionBody): Dispatch | undefined {
  const { bytes } = shape
  if (!hasPlainLocals(shape, body)) return undefined
  const reader = new ByteReader(bytes, body.code)
  while (bytes[reader.at] !== BLOCK && reader.at < body.end) skipImmediates(reader, reader.byte())
  const prologueEnd = reader.at
  if (!take(reader, [BLOCK, NO_RESULT])) return undefined
  const parts: Part[] = []
  let local: number | undefined
  while (take(reader, [BLOCK, NO_RESULT, LOCAL_GET])) {
    const compared = reader.u32()
    local ??= compared
    if (compared !== local || !take(reader, [I32_CONST]) || reader.s32() !== parts.length) return undefined
    if (!take(reader, [I32_NE, BR_IF, 0])) return undefined
    const part = readPart(reader, body.end)
    if (part === undefined) return undefined
    parts.push(part)
  }
  return local === undefined ? undefined : { prologueEnd, local, parts, tail: reader.at }
}

/** Passes those bytes where they come next. */
function take(reader: ByteReader, expected: readonly number[]): boolean {
  const isNext = expected.every((byte, at) => reader.bytes[reader.at + at] === byte)
  if (isNext) reader.skip(expected.length)
  return isNext
}

/** Up to `br 1; end`, which leaves the block around all parts. No other branch may leave its own block. */
function readPart(reader: ByteReader, end: number): Part | undefined {
  const from = reader.at
  let depth = 0
  while (reader.at < end) {
    const to = reader.at
    if (depth === 0 && take(reader, [BR, 1, END])) return { from, to }
    const opcode = reader.byte()
    if (opcode === RETURN || opcode === BR_TABLE) return undefined
    if (opcode === BR || opcode === BR_IF) {
      if (reader.u32() >= depth) return undefined
      continue
    }
    if (opcode === BLOCK || opcode === LOOP || opcode === IF) depth++
    if (opcode === END && --depth < 0) return undefined
    skipImmediates(reader, opcode)
  }
  return undefined
}

/** The function that adds to a set, and the global for what it would add. */
interface Kept {
  readonly add: number
  readonly binding: number
}

/**
 * A function whose operands are the locals before `local`, with the part's own locals counted anew behind them. Where its binding
 * is kept, undefined for a part that adds it otherwise than once.
 */
function movedPart({ bytes }: ModuleShape, { from, to }: Part, local: number, kept?: Kept): Bytes | undefined {
  const names = new Map<number, number>()
  const code: number[] = []
  /** Of the two instructions before, those that read locals. */
  let read: readonly (number | undefined)[] = []
  let bindings = 0
  const reader = new ByteReader(bytes, from)
  while (reader.at < to) {
    const at = reader.at
    const opcode = reader.byte()
    let name: number | undefined
    if (opcode === LOCAL_GET || opcode === LOCAL_SET || opcode === LOCAL_TEE) {
      name = reader.u32()
      if (name === local || (name < local && opcode !== LOCAL_GET)) return undefined
      if (name > local && !names.has(name)) names.set(name, local + names.size)
      code.push(opcode, ...unsigned(names.get(name) ?? name))
    } else if (opcode === CALL && reader.u32() === kept?.add) {
      // The set is one that all parts share, which is that of the bindings.
      const [set = local, value] = read
      if (set >= local || value === undefined) return undefined
      bindings++
      code.push(GLOBAL_SET, ...unsigned(kept.binding), DROP)
    } else {
      if (opcode !== CALL) skipImmediates(reader, opcode)
      code.push(...bytes.subarray(at, reader.at))
    }
    read = [read.at(-1), opcode === LOCAL_GET ? name : undefined]
  }
  return kept === undefined || bindings === 1 ? sized(code, names.size) : undefined
}

const isMoved = (part: Bytes | undefined): part is Bytes => part !== undefined

const indexOf = ({ names }: ModuleShape, wanted: string): number | undefined =>
  [...names].find(([, name]) => name === wanted)?.[0]
