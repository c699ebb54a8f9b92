/**
 * Functions that the rewriter adds behind those of a module. They call the host by what OPA's ABI has for built-ins, with ids
 * far beyond those that the compiler counts up from 0.
 */
import { type Bytes, ModuleError, signed, unsigned } from './binary.ts'
import type { ImportedFunction, ModuleShape } from './sections.ts'

export interface AddedFunction {
  /** Index of its type. */
  readonly type: number
  /** With its size before it. */
  readonly body: Bytes
}

/** The tank is empty: the host fills it again, or ends the evaluation. */
export const REFUEL_ID = 0x4000_0000
/** Of built-ins that the module does not list. */
export const FIRST_ID = REFUEL_ID + 1

/** Of the C runtime's `value.h`. */
export const TYPES = { number: 3, set: 7 } as const

/** Where the operand is of another type, `native` answers, by its index. */
export interface OperandIs {
  readonly operand: number
  readonly type: number
}

/** `return opa_builtin<n>(id, 0, ...operands)`: no host looks at the context. */
export function answerFromHost(
  shape: ModuleShape,
  id: number,
  operands: number,
  where?: OperandIs & { readonly native: number },
): number[] {
  const locals = localsOf(operands)
  const hosted = callHost(shape, id, operands, locals)
  if (where === undefined) return sized(hosted)
  const isOfType = [0x20, where.operand, 0x2d, 0, 0, 0x41, where.type, 0x46]
  const native = [...locals, 0x10, ...unsigned(where.native)]
  return sized([...isOfType, 0x04, 0x7f, ...hosted, 0x05, ...native, 0x0b])
}

const localsOf = (count: number): number[] => Array.from({ length: count }, (_, at) => [0x20, at]).flat()

/** Of type (i32) → (), which every module has for `opa_abort`; the operand says nothing. */
export const refuel = (shape: ModuleShape): AddedFunction => ({
  type: imported(shape, 'opa_abort').type,
  body: sized([...callHost(shape, REFUEL_ID, 0, []), 0x1a]),
})

function callHost(shape: ModuleShape, id: number, operands: number, locals: readonly number[]): number[] {
  const { index } = imported(shape, `opa_builtin${operands}`)
  return [0x41, ...signed(id), 0x41, 0, ...locals, 0x10, ...unsigned(index)]
}

function imported({ imports }: ModuleShape, name: string): ImportedFunction {
  const found = imports.get(name)
  if (found === undefined) throw new ModuleError(`the module does not import ${name}`)
  return found
}

/** A body with its size before it: locals that are i32, instructions, end. */
export function sized(instructions: readonly number[], locals = 0): number[] {
  const declared = locals === 0 ? [0] : [1, ...unsigned(locals), 0x7f]
  return [...unsigned(declared.length + instructions.length + 1), ...declared, ...instructions, 0x0b]
}
