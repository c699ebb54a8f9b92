/** One pass over the bodies of all functions: where loops begin and who calls whom. Core specification, section 5.4. */
import { ByteReader, ModuleError } from './binary.ts'
import { findSection, type ModuleShape, SECTION } from './sections.ts'

export interface FunctionBody {
  /** First byte after the size. */
  readonly start: number
  /** First instruction, after the locals. */
  readonly code: number
  readonly end: number
  /** First instruction of each loop. */
  readonly loops: readonly number[]
  /** Indices of the functions it calls, imports included. */
  readonly calls: ReadonlySet<number>
  /** Where it calls one of those that are watched. */
  readonly watchedCalls: readonly CallSite[]
  readonly callsIndirectly: boolean
  /** Whether it reads one of its first two locals: in a rule, input and data. */
  readonly readsInputOrData: boolean
}

/** The index that a call names, between two bytes of the module. */
export interface CallSite {
  readonly from: number
  readonly to: number
  readonly callee: number
}

interface Watched {
  has(callee: number): boolean
}

export function readBodies(shape: ModuleShape, watched: Watched = new Set()): FunctionBody[] {
  const section = findSection(shape, SECTION.code)
  const reader = new ByteReader(shape.bytes, section.start)
  const bodies: FunctionBody[] = []
  for (let left = reader.u32(); left > 0; left--) bodies.push(readBody(reader, watched))
  if (reader.at !== section.end) throw new ModuleError('the code section does not end with its last function')
  return bodies
}

function readBody(reader: ByteReader, watched: Watched): FunctionBody {
  const size = reader.u32()
  const start = reader.at
  const end = start + size
  for (let groups = reader.u32(); groups > 0; groups--) {
    reader.u32()
    reader.skip(1)
  }
  const code = reader.at
  const loops: number[] = []
  const calls = new Set<number>()
  const watchedCalls: CallSite[] = []
  let callsIndirectly = false
  let readsInputOrData = false
  while (reader.at < end) {
    const opcode = reader.byte()
    if (opcode === 0x10) {
      const from = reader.at
      const callee = reader.u32()
      calls.add(callee)
      if (watched.has(callee)) watchedCalls.push({ from, to: reader.at, callee })
      continue
    }
    if (opcode === 0x20) {
      if (reader.u32() < 2) readsInputOrData = true
      continue
    }
    skipImmediates(reader, opcode)
    if (opcode === 0x03) loops.push(reader.at)
    if (opcode === 0x11) callsIndirectly = true
  }
  if (reader.at !== end) throw new ModuleError('a function does not end where it says')
  return { start, code, end, loops, calls, watchedCalls, callsIndirectly, readsInputOrData }
}

/** Opcodes of WebAssembly 1.0 with sign extension, saturating conversion and bulk memory; any other is refused. */
export function skipImmediates(reader: ByteReader, opcode: number): void {
  if (opcode >= 0x45 && opcode <= 0xc4) return
  if (opcode >= 0x28 && opcode <= 0x3e) {
    reader.skipInteger()
    reader.skipInteger()
    return
  }
  switch (opcode) {
    case 0x00: // unreachable
    case 0x01: // nop
    case 0x05: // else
    case 0x0b: // end
    case 0x0f: // return
    case 0x1a: // drop
    case 0x1b: // select
      return
    case 0x02: // block
    case 0x03: // loop
    case 0x04: // if
    case 0x0c: // br
    case 0x0d: // br_if
    case 0x10: // call
    case 0x20: // local.get
    case 0x21: // local.set
    case 0x22: // local.tee
    case 0x23: // global.get
    case 0x24: // global.set
    case 0x3f: // memory.size
    case 0x40: // memory.grow
    case 0x41: // i32.const
    case 0x42: // i64.const
      reader.skipInteger()
      return
    case 0x0e: // br_table
      for (let targets = reader.u32(); targets >= 0; targets--) reader.skipInteger()
      return
    case 0x11: // call_indirect
      reader.skipInteger()
      reader.skipInteger()
      return
    case 0x43: // f32.const
      reader.skip(4)
      return
    case 0x44: // f64.const
      reader.skip(8)
      return
    case 0xfc:
      skipMiscellaneous(reader)
      return
    default:
      throw new ModuleError(`unknown opcode 0x${opcode.toString(16)}`)
  }
}

function skipMiscellaneous(reader: ByteReader): void {
  const operation = reader.u32()
  if (operation <= 7) return // saturating conversions
  if (operation !== 10 && operation !== 11) throw new ModuleError(`unknown opcode 0xfc ${operation}`)
  reader.skip(operation === 10 ? 2 : 1) // memory.copy, memory.fill
}
