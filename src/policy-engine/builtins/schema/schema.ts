/** json.match_schema and json.verify_schema (JSON Schema drafts 4, 6 and 7; no draft named: all keywords of them). */
import type { Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError, type BuiltinTable } from '../builtin.ts'
import type { Schema } from './model.ts'
import { documentOf } from './node.ts'
import { readSchema } from './reader.ts'
import { errorValue } from './result.ts'
import { validateDocument } from './validator.ts'

export const SCHEMA: BuiltinTable = {
  'json.match_schema': (context, document, schema) => match(context, document ?? null, schema ?? null),
  'json.verify_schema': (context, schema) => verify(context, schema ?? null),
}

function verify(context: BuiltinContext, schema: Value): Value {
  try {
    schemaOf(context, schema)
    return [true, null]
  } catch (error) {
    if (error instanceof BuiltinError) return [false, `jsonschema: ${error.message}`]
    throw error
  }
}

function match(context: BuiltinContext, document: Value, schema: Value): Value {
  const node = documentOf(context, document)
  const { errors } = validateDocument(context, schemaOf(context, schema), node)
  return [errors.length === 0, errors.map(errorValue)]
}

const schemaOf = (context: BuiltinContext, schema: Value): Schema => readSchema(context, documentOf(context, schema))
