/** A schema (JSON Schema drafts 4, 6 and 7) that was read and found sound. */
import type { RE2JS } from 're2js'
import type { RegoNumber } from '../../wasm/number.ts'
import type { BuiltinContext } from '../builtin.ts'
import type { JsonNode } from './node.ts'

/** Without a `$schema` that is known, keywords of all drafts hold. */
export type Draft = 4 | 6 | 7 | 'any'

export const isAtLeast = (draft: Draft, wanted: 6 | 7): boolean => draft === 'any' || draft >= wanted

export type TypeName = 'array' | 'boolean' | 'integer' | 'number' | 'null' | 'object' | 'string'
export const TYPE_NAMES: readonly TypeName[] = ['array', 'boolean', 'integer', 'number', 'null', 'object', 'string']

type Bound = number | RegoNumber

/** Fields are filled while it is read, since a schema may refer to itself. */
export interface Schema {
  readonly draft: Draft
  /** `true` and `false` as schemas. */
  pass?: boolean
  /** What `$ref` leads to; nothing beside it counts. */
  target?: Schema
  readonly types: TypeName[]

  readonly properties: Map<string, Schema>
  additionalProperties?: boolean | Schema
  readonly patternProperties: { readonly pattern: RE2JS; readonly schema: Schema }[]
  propertyNames?: Schema
  readonly dependencies: Map<string, readonly string[] | Schema>
  required: readonly string[]
  minProperties?: number
  maxProperties?: number

  /** One for all items, or one for each place. */
  items?: Schema | readonly Schema[]
  additionalItems?: boolean | Schema
  contains?: Schema
  minItems?: number
  maxItems?: number
  uniqueItems?: boolean

  multipleOf?: Bound
  minimum?: Bound
  maximum?: Bound
  exclusiveMinimum?: Bound
  exclusiveMaximum?: Bound

  minLength?: number
  maxLength?: number
  pattern?: { readonly source: string; readonly compiled: RE2JS }
  format?: string

  /** As JSON text. */
  constant?: string
  enumeration?: readonly string[]

  allOf: readonly Schema[]
  anyOf: readonly Schema[]
  oneOf: readonly Schema[]
  not?: Schema
  condition?: Schema
  consequence?: Schema
  alternative?: Schema
}

export interface SchemaReader {
  readonly context: BuiltinContext
  /** A schema below another. */
  read(node: JsonNode, draft: Draft): Schema
}

export const newSchema = (draft: Draft): Schema => ({
  draft,
  types: [],
  properties: new Map(),
  patternProperties: [],
  dependencies: new Map(),
  required: [],
  allOf: [],
  anyOf: [],
  oneOf: [],
})
