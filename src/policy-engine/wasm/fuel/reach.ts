/**
 * Which entrypoints may reach a host built-in of a given set, from the module alone: calls are followed from each entrypoint's
 * part of `eval`, an indirect call may reach every rule, and a call whose built-in cannot be told may be any of them.
 */
import { ByteReader } from './binary.ts'
import { type FunctionBody, readBodies, skipImmediates } from './code.ts'
import { isPolicyFunction } from './meter.ts'
import { type ModuleShape, readShape } from './sections.ts'

export interface Listings {
  /** Ids by name, as the module lists them. */
  readonly builtins: ReadonlyMap<string, number>
  readonly entrypoints: ReadonlyMap<string, number>
}

/** Throws ModuleError where the bytes are no module; answers every entrypoint where `eval` is not what OPA's compiler writes. */
export function entrypointsReaching(
  bytes: Uint8Array,
  { builtins, entrypoints }: Listings,
  names: ReadonlySet<string>,
): ReadonlySet<string> {
  const wanted = new Set([...builtins].filter(([name]) => names.has(name)).map(([, id]) => id))
  if (wanted.size === 0) return new Set()
  const shape = readShape(bytes)
  const bodies = readBodies(shape)
  const evalAt = [...shape.names].find(([, name]) => name === 'eval')?.[0]
  const evalBody = evalAt === undefined ? undefined : bodies[evalAt - shape.importedFunctions]
  const parts = evalBody === undefined ? undefined : dispatched(shape, evalBody, entrypoints.size)
  if (parts === undefined) return new Set(entrypoints.keys())
  const reaching = functionsReaching(shape, bodies, wanted)
  const found = [...entrypoints].filter(([, id]) => parts[id]?.some((call) => reaching.has(call)) !== false)
  return new Set(found.map(([name]) => name))
}

interface Instruction {
  readonly opcode: number
  /** Of `local.get`, `i32.const`, `br_if` and `call`. */
  readonly operand: number
}

const LOCAL_GET = 0x20
const I32_CONST = 0x41
const I32_NE = 0x47
const BR_IF = 0x0d
const CALL = 0x10
const CALL_INDIRECT = 0x11

function* instructions({ bytes }: ModuleShape, { code, end }: FunctionBody): Generator<Instruction> {
  const reader = new ByteReader(bytes, code)
  while (reader.at < end) {
    const opcode = reader.byte()
    if (opcode === CALL || opcode === LOCAL_GET || opcode === BR_IF) yield { opcode, operand: reader.u32() }
    else if (opcode === I32_CONST) yield { opcode, operand: reader.s32() }
    else {
      skipImmediates(reader, opcode)
      yield { opcode, operand: 0 }
    }
  }
}

/** What each entrypoint's part of `eval` calls: `if (entrypoint != id) skip` begins it, in the order of the ids. */
function dispatched(shape: ModuleShape, body: FunctionBody, count: number): number[][] | undefined {
  const parts: number[][] = []
  const last: Instruction[] = []
  let local: number | undefined
  for (const instruction of instructions(shape, body)) {
    last.push(instruction)
    if (last.length > 4) last.shift()
    const [get, id, compare, skip] = last
    const isDispatch =
      get?.opcode === LOCAL_GET &&
      (local === undefined || get.operand === local) &&
      id?.opcode === I32_CONST &&
      id.operand === parts.length &&
      compare?.opcode === I32_NE &&
      skip?.opcode === BR_IF
    if (isDispatch) {
      local = get.operand
      parts.push([])
    } else if (instruction.opcode === CALL) parts.at(-1)?.push(instruction.operand)
    else if (instruction.opcode === CALL_INDIRECT) return undefined
  }
  return parts.length === count ? parts : undefined
}

/** Indices of the functions from which a wanted built-in may be called. */
function functionsReaching(
  shape: ModuleShape,
  bodies: readonly FunctionBody[],
  wanted: ReadonlySet<number>,
): ReadonlySet<number> {
  const arity = builtinArities(shape)
  const reaching = new Set<number>()
  for (const [at, body] of bodies.entries()) {
    if (callsWanted(shape, body, arity, wanted)) reaching.add(at + shape.importedFunctions)
  }
  if (reaching.size === 0) return reaching
  // From callee to caller until nothing is added; what is called indirectly may be whatever reaches.
  for (let before = -1; before !== reaching.size; ) {
    before = reaching.size
    for (const [at, { calls, callsIndirectly }] of bodies.entries()) {
      const index = at + shape.importedFunctions
      // The C runtime calls indirectly too, but none of the policy's rules.
      const callsAnything = callsIndirectly && isPolicyFunction(shape.names.get(index))
      if (callsAnything || calls.values().some((call) => reaching.has(call))) reaching.add(index)
    }
  }
  return reaching
}

/** The imports through which built-ins are called, with how many arguments each takes. */
function builtinArities({ names, importedFunctions }: ModuleShape): ReadonlyMap<number, number> {
  const arities = new Map<number, number>()
  for (const [index, name] of names) {
    const arity = index < importedFunctions ? /^opa_builtin(\d)$/.exec(name)?.[1] : undefined
    if (arity !== undefined) arities.set(index, Number(arity))
  }
  return arities
}

/** A call reads `i32.const id`, the context, and one instruction for each argument. */
function callsWanted(
  shape: ModuleShape,
  body: FunctionBody,
  arity: ReadonlyMap<number, number>,
  wanted: ReadonlySet<number>,
): boolean {
  const before: Instruction[] = []
  for (const instruction of instructions(shape, body)) {
    const args = instruction.opcode === CALL ? arity.get(instruction.operand) : undefined
    if (args !== undefined) {
      const id = before.at(-(args + 2))
      const isPlain = before.slice(-(args + 1)).every(({ opcode }) => opcode === I32_CONST || opcode === LOCAL_GET)
      if (!isPlain || id?.opcode !== I32_CONST || wanted.has(id.operand)) return true
    }
    before.push(instruction)
    if (before.length > 8) before.shift()
  }
  return false
}
