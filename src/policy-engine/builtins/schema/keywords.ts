/** The keywords of a schema (JSON Schema drafts 4, 6 and 7), in the order in which OPA's library checks them. */
import { BuiltinError } from '../builtin.ts'
import { compilePattern } from '../regex/search.ts'
import { readBounds } from './bounds.ts'
import { isAtLeast, type Schema, type SchemaReader, TYPE_NAMES } from './model.ts'
import { isList, isMap, type JsonNode, plainText } from './node.ts'
import {
  countKeyword,
  invalidType,
  type Keywords,
  listKeyword,
  mapKeyword,
  mustBe,
  textKeyword,
  textsKeyword,
  valuesKeyword,
} from './operands.ts'

export function readKeywords(reader: SchemaReader, schema: Schema, keywords: Keywords): void {
  readTypes(schema, keywords)
  readPropertySchemas(reader, schema, keywords)
  readItemSchemas(reader, schema, keywords)
  readBounds(schema, keywords)
  readTextKeywords(reader, schema, keywords)
  readCounts(schema, keywords)
  readArrayKeywords(reader, schema, keywords)
  readValues(schema, keywords)
  readCombinations(reader, schema, keywords)
}

const isSchemaNode = (node: JsonNode): boolean => typeof node === 'boolean' || isMap(node)

const NOT_SCHEMAS = 'Array Of Schemas'

/** Checked also where a reference stands beside them. */
export function readAnnotations(reader: SchemaReader, schema: Schema, keywords: Keywords): void {
  const usesOldId = schema.draft === 4 || (schema.draft === 'any' && keywords.has('id'))
  textKeyword(keywords, usesOldId ? 'id' : '$id')
  const definitions = mapKeyword(keywords, 'definitions', invalidType(NOT_SCHEMAS, 'definitions'))
  for (const definition of definitions?.values() ?? []) {
    if (!isSchemaNode(definition)) throw invalidType(NOT_SCHEMAS, 'definitions')
    reader.read(definition, schema.draft)
  }
  for (const name of ['title', 'description', '$ref']) textKeyword(keywords, name)
}

function readTypes(schema: Schema, keywords: Keywords): void {
  const given = keywords.get('type')
  if (given === undefined) return
  for (const name of isList(given) ? given : [given]) {
    if (typeof name !== 'string') throw invalidType('type', 'string/Array Of Strings')
    const type = TYPE_NAMES.find((known) => known === name)
    if (type === undefined) throw unknownType(name)
    if (schema.types.includes(type)) throw new BuiltinError(`${name} type is duplicated`)
    schema.types.push(type)
  }
}

const unknownType = (name: string): BuiltinError =>
  new BuiltinError(
    `has a primitive type that is NOT VALID -- given: /${name}/ Expected valid values are:[${TYPE_NAMES.join(' ')}]`,
  )

function readPropertySchemas(reader: SchemaReader, schema: Schema, keywords: Keywords): void {
  const properties = mapKeyword(keywords, 'properties', new BuiltinError('Properties must be of type object'))
  for (const [name, node] of properties ?? []) schema.properties.set(name, reader.read(node, schema.draft))
  assign(schema, 'additionalProperties', additional(reader, schema, keywords, 'additionalProperties'))
  const patterns = mapKeyword(keywords, 'patternProperties', invalidType('Valid Schema', 'patternProperties'))
  for (const [source, node] of patterns ?? []) {
    const pattern = compiled(reader, source, `Invalid regex pattern '${source}'`)
    schema.patternProperties.push({ pattern, schema: reader.read(node, schema.draft) })
  }
  const names = isAtLeast(schema.draft, 6) ? keywords.get('propertyNames') : undefined
  if (names !== undefined) {
    if (!isSchemaNode(names)) throw invalidType('Valid Schema', 'patternProperties')
    schema.propertyNames = reader.read(names, schema.draft)
  }
  readDependencies(reader, schema, keywords)
}

/** Undefined stays absent. */
function assign<Key extends keyof Schema>(schema: Schema, key: Key, value: Schema[Key] | undefined): void {
  if (value !== undefined) schema[key] = value
}

function additional(
  reader: SchemaReader,
  schema: Schema,
  keywords: Keywords,
  name: string,
): boolean | Schema | undefined {
  const value = keywords.get(name)
  if (value === undefined || typeof value === 'boolean') return value
  if (isMap(value)) return reader.read(value, schema.draft)
  throw invalidType('boolean/Valid Schema', name)
}

function compiled(reader: SchemaReader, source: string, refusal: string): ReturnType<typeof compilePattern> {
  try {
    return compilePattern(reader.context, source)
  } catch (error) {
    throw error instanceof BuiltinError ? new BuiltinError(refusal) : error
  }
}

function readDependencies(reader: SchemaReader, schema: Schema, keywords: Keywords): void {
  const dependencies = mapKeyword(keywords, 'dependencies', new BuiltinError('dependencies must be of type object'))
  const refusal = 'Dependency must be of type Schema Or Array Of Strings'
  for (const [name, node] of dependencies ?? []) {
    if (isList(node)) {
      if (!node.every((other) => typeof other === 'string')) throw new BuiltinError(refusal)
      schema.dependencies.set(name, node)
    } else if (isSchemaNode(node)) schema.dependencies.set(name, reader.read(node, schema.draft))
    else throw new BuiltinError(refusal)
  }
}

function readItemSchemas(reader: SchemaReader, schema: Schema, keywords: Keywords): void {
  const items = keywords.get('items')
  const refusal = invalidType(`Valid Schema/${NOT_SCHEMAS}`, 'items')
  if (isList(items)) {
    schema.items = items.map((item) => {
      if (!isSchemaNode(item)) throw refusal
      return reader.read(item, schema.draft)
    })
  } else if (items !== undefined) {
    if (!isSchemaNode(items)) throw refusal
    schema.items = reader.read(items, schema.draft)
  }
  assign(schema, 'additionalItems', additional(reader, schema, keywords, 'additionalItems'))
}

function readTextKeywords(reader: SchemaReader, schema: Schema, keywords: Keywords): void {
  assign(schema, 'minLength', countKeyword(keywords, 'minLength'))
  assign(schema, 'maxLength', countKeyword(keywords, 'maxLength'))
  if ((schema.minLength ?? 0) > (schema.maxLength ?? Number.POSITIVE_INFINITY)) {
    throw new BuiltinError('minLength cannot be greater than maxLength')
  }
  const source = textKeyword(keywords, 'pattern')
  if (source !== undefined) {
    schema.pattern = { source, compiled: compiled(reader, source, 'pattern must be a valid regex') }
  }
  assign(schema, 'format', textKeyword(keywords, 'format'))
}

function readCounts(schema: Schema, keywords: Keywords): void {
  assign(schema, 'minProperties', countKeyword(keywords, 'minProperties'))
  assign(schema, 'maxProperties', countKeyword(keywords, 'maxProperties'))
  if ((schema.minProperties ?? 0) > (schema.maxProperties ?? Number.POSITIVE_INFINITY)) {
    throw new BuiltinError('minProperties cannot be greater than maxProperties')
  }
  schema.required = textsKeyword(keywords, 'required')
  assign(schema, 'minItems', countKeyword(keywords, 'minItems'))
  assign(schema, 'maxItems', countKeyword(keywords, 'maxItems'))
}

function readArrayKeywords(reader: SchemaReader, schema: Schema, keywords: Keywords): void {
  const unique = keywords.get('uniqueItems')
  if (unique !== undefined && typeof unique !== 'boolean') throw mustBe('uniqueItems', 'boolean')
  assign(schema, 'uniqueItems', unique)
  const contains = isAtLeast(schema.draft, 6) ? keywords.get('contains') : undefined
  if (contains !== undefined) schema.contains = reader.read(contains, schema.draft)
}

function readValues(schema: Schema, keywords: Keywords): void {
  const constant = isAtLeast(schema.draft, 6) ? keywords.get('const') : undefined
  if (constant !== undefined) schema.constant = plainText(constant)
  assign(schema, 'enumeration', valuesKeyword(keywords, 'enum'))
}

function readCombinations(reader: SchemaReader, schema: Schema, keywords: Keywords): void {
  for (const name of ['oneOf', 'anyOf', 'allOf'] as const) {
    schema[name] = (listKeyword(keywords, name) ?? []).map((node) => reader.read(node, schema.draft))
  }
  assign(schema, 'not', branch(reader, schema, keywords, 'not'))
  if (!isAtLeast(schema.draft, 7)) return
  assign(schema, 'condition', branch(reader, schema, keywords, 'if'))
  assign(schema, 'consequence', branch(reader, schema, keywords, 'then'))
  assign(schema, 'alternative', branch(reader, schema, keywords, 'else'))
}

function branch(reader: SchemaReader, schema: Schema, keywords: Keywords, name: string): Schema | undefined {
  const node = keywords.get(name)
  if (node === undefined) return undefined
  if (!isSchemaNode(node)) throw mustBe(name, 'object', 'an')
  return reader.read(node, schema.draft)
}
