/** What a host built-in is: a synchronous function of Rego values, what it may know of its decision, and how it fails. */
import type { AskOutside, PrintedLine, RecordedCall } from '../engine.ts'
import type { RegoObject, Value } from '../wasm/value.ts'
import type { Outside } from './outside.ts'

/** Arguments arrive in the order of Rego. `undefined` makes the expression undefined, as a BuiltinError does. */
export type Builtin = (context: BuiltinContext, ...args: Value[]) => Value | undefined

export type BuiltinTable = Readonly<Record<string, Builtin>>

/** One for each decision. */
export interface BuiltinContext {
  /** Nanoseconds since the epoch, the same at each call of a decision. */
  nowNs(): bigint
  /** Random bytes; the host pins results of non-deterministic built-ins by their arguments, so these need not. */
  random(length: number): Uint8Array
  /** Lives as long as the decision; keys begin with the name of the built-in. */
  readonly cache: Map<string, unknown>
  /**
   * Takes fuel: one unit is about what one step of the module costs (some 5 ns). The size of arguments and
   * of the result is charged for each built-in; whatever works longer than they are long must charge for it, before the work. Ends the evaluation when the deadline is used up.
   */
  charge(units: number): void
  /** `print` and `trace`: a line for the log. */
  print(line: PrintedLine): void
  /** What `opa.runtime` answers. Never holds the environment. */
  readonly runtime: RegoObject
  /** Where built-ins that need I/O get it; absent where nothing may be asked. */
  readonly outside?: Outside | undefined
  /** What non-deterministic built-ins answered in this decision so far. */
  readonly recorded?: ReadonlyMap<string, RecordedCall>
}

/** `eval_type_error`: an operand is of the wrong kind. `eval_builtin_error`: anything else that the built-in refuses. */
export type BuiltinErrorCode = 'eval_type_error' | 'eval_builtin_error'

/** The built-in cannot answer. Its name is put before `message` by the host. */
export class BuiltinError extends Error {
  override readonly name = 'BuiltinError'
  readonly code: BuiltinErrorCode
  constructor(message: string, code: BuiltinErrorCode = 'eval_builtin_error') {
    super(message)
    this.code = code
  }
}

/** Says where a failure happened, in front of its own words. */
export function prefixed<T>(where: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw error instanceof BuiltinError ? new BuiltinError(`${where}: ${error.message}`, error.code) : error
  }
}

/** Thrown by a non-deterministic built-in whose answer needs I/O: the evaluation stops, and runs again when it is there. */
export class PendingAnswer extends Error {
  override readonly name = 'PendingAnswer'
  readonly answer: AskOutside
  constructor(answer: AskOutside) {
    super('the answer is awaited')
    this.answer = answer
  }
}
