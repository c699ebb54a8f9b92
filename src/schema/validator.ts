/** Compiled validators of JSON Schemas. */
import type { TLocalizedValidationError } from 'typebox/error'
import { Compile } from 'typebox/schema'
import type { Static, TSchema } from './type.ts'

export type SchemaFault = TLocalizedValidationError

export interface Validator<Value> {
  check(value: unknown): value is Value
  /** Where and how a value leaves the schema; empty where it does not. */
  faults(value: unknown): readonly SchemaFault[]
}

/** Compiles `schema` now; takes about a millisecond for a large one. */
export function compile<const S extends TSchema>(schema: S): Validator<Static<S>> {
  const compiled = Compile(schema)
  return {
    check: (value): value is Static<S> => compiled.Check(value),
    faults: (value) => compiled.Errors(value)[1],
  }
}
