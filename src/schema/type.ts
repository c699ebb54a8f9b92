/**
 * JSON Schemas that are TypeScript types too: TypeBox's types over builders of our own. TypeBox's builders load several
 * hundred modules for types that nothing here uses, in each process 10 MB and a good part of its start (ADR 0002).
 */
import type * as TypeBox from 'typebox'

export type { Static, TSchema } from 'typebox'

type Json = Readonly<Record<string, unknown>>
type Builders = Pick<
  typeof TypeBox,
  | 'Array'
  | 'Boolean'
  | 'Integer'
  | 'Literal'
  | 'Number'
  | 'Object'
  | 'Optional'
  | 'Record'
  | 'String'
  | 'Union'
  | 'Unknown'
  | 'Unsafe'
>

/** Marks what an object may lack. A symbol: no JSON of a schema shows it, and a copy of the schema keeps it. */
const OPTIONAL = Symbol('optional')
const ANY_NAME = '^.*$'

const of =
  (type: string) =>
  (options: Json = {}): Json => ({ type, ...options })

function object(properties: Readonly<Record<string, Json>>, options: Json = {}): Json {
  const required = Object.keys(properties).filter((name) => properties[name] && !(OPTIONAL in properties[name]))
  return { type: 'object', ...(required.length > 0 && { required }), properties, ...options }
}

function record({ pattern = ANY_NAME }: { pattern?: string }, value: Json, options: Json = {}): Json {
  return { type: 'object', patternProperties: { [pattern]: value }, ...options }
}

const builders: Record<keyof Builders, (...parts: never[]) => Json> = {
  Array: (items: Json, options?: Json) => ({ type: 'array', items, ...options }),
  Boolean: of('boolean'),
  Integer: of('integer'),
  Literal: (value: unknown) => ({ type: typeof value, const: value }),
  Number: of('number'),
  Object: object,
  Optional: (schema: Json) => ({ ...schema, [OPTIONAL]: true }),
  Record: record,
  String: of('string'),
  Union: (anyOf: readonly Json[], options?: Json) => ({ anyOf, ...options }),
  Unknown: (options?: Json) => ({ ...options }),
  Unsafe: (schema: Json) => schema,
}

/** TypeBox's `Type` as far as it is used here: the same JSON under the same types. */
export const Type = builders as unknown as Builders
