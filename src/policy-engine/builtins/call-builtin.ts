/** A call of a host built-in as OPA makes it: a failure has the built-in's name and a code, and is undefined unless strict. */
import type { Value } from '../wasm/value.ts'
import { type Builtin, type BuiltinContext, BuiltinError, type BuiltinErrorCode } from './builtin.ts'
import { unitsOf } from './size.ts'

export interface BuiltinFailure {
  readonly code: BuiltinErrorCode
  /** Begins with the name of the built-in. May hold values of the decision: never for a log. */
  readonly message: string
}

export type BuiltinOutcome = { readonly value: Value | undefined } | { readonly failure: BuiltinFailure }

/**
 * Anything thrown but a BuiltinError passes through: it ends the evaluation. Charges for the size of what goes in and comes
 * out; a built-in itself charges for work beyond that.
 */
export function callBuiltin(name: string, run: Builtin, context: BuiltinContext, args: Value[]): BuiltinOutcome {
  try {
    for (const arg of args) context.charge(unitsOf(arg))
    const value = run(context, ...args)
    if (value !== undefined) context.charge(unitsOf(value))
    return { value }
  } catch (error) {
    if (!(error instanceof BuiltinError)) throw error
    return { failure: { code: error.code, message: `${name}: ${error.message}` } }
  }
}
