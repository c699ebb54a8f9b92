/**
 * Which entrypoints may reach a host built-in of a given set, from the module alone: calls are followed from each entrypoint's
 * part of `eval`, an indirect call may reach every rule, and a call whose built-in cannot be told may be any of them.
 */
import { ByteReader } from './binary.ts'
import { type FunctionBody, readBodies, skipImmediates } from './code.ts'
import { type Part, readDispatch } from './dispatch.ts'
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
  const parts = evalBody && readDispatch(shape, evalBody)?.parts
  if (parts?.length !== entrypoints.size) return new Set(entrypoints.keys())
  const reaching = functionsReaching(shape, bodies, wanted)
  const reaches = ({ from, to }: Part) =>
    instructions(shape, { code: from, end: to }).some(
      ({ opcode, operand }) => opcode === CALL_INDIRECT || (opcode === CALL && reaching.has(operand)),
    )
  const found = [...entrypoints].filter(([, id]) => {
    const part = parts[id]
    return part === undefined || reaches(part)
  })
  return new Set(found.map(([name]) => name))
}

interface Instruction {
  readonly opcode: number
  /** Of `local.get`, `i32.const` and `call`. */
  readonly operand: number
}

const LOCAL_GET = 0x20
const I32_CONST = 0x41
const CALL = 0x10
const CALL_INDIRECT = 0x11

function* instructions(
  { bytes }: ModuleShape,
  { code, end }: Pick<FunctionBody, 'code' | 'end'>,
): Generator<Instruction> {
  const reader = new ByteReader(bytes, code)
  while (reader.at < end) {
    const opcode = reader.byte()
    if (opcode === CALL || opcode === LOCAL_GET) yield { opcode, operand: reader.u32() }
    else if (opcode === I32_CONST) yield { opcode, operand: reader.s32() }
    else {
      skipImmediates(reader, opcode)
      yield { opcode, operand: 0 }
    }
  }
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
