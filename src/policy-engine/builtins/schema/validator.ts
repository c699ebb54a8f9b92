/** Validates a document by a schema as OPA's library does: every error is told, and the same score is kept. */
import type { RE2JS } from 're2js'
import { type BuiltinContext, BuiltinError } from '../builtin.ts'
import { findMatches } from '../regex/search.ts'
import { runeCount } from '../text/go-text.ts'
import { meetsFormat } from './formats.ts'
import type { Schema } from './model.ts'
import { isJsonNumber, isList, isMap, isWholeNumber, type JsonNode, plainText } from './node.ts'
import { validateNumber } from './numbers.ts'
import { below, nearest, type Path, Result, ROOT } from './result.ts'

export function validateDocument(context: BuiltinContext, schema: Schema, document: JsonNode): Result {
  return new Validator(context).result(schema, document, ROOT)
}

const STEP_UNITS = 100
const MAX_DEPTH = 600

class Validator {
  readonly #context: BuiltinContext
  #depth = 0

  constructor(context: BuiltinContext) {
    this.#context = context
  }

  result(schema: Schema, node: JsonNode, path: Path): Result {
    const result = new Result()
    this.#validate(schema, node, result, path)
    return result
  }

  #validate(schema: Schema, node: JsonNode, result: Result, path: Path): void {
    this.#context.charge(STEP_UNITS)
    if (schema.pass !== undefined) {
      if (!schema.pass) result.fail('false', path, 'False always fails validation')
      return
    }
    // A schema may lead to itself.
    if (++this.#depth > MAX_DEPTH) throw new BuiltinError('exceeded max depth')
    if (schema.target !== undefined) this.#validate(schema.target, node, result, path)
    else if (isTyped(schema, node)) this.#validateTyped(schema, node, result, path)
    else result.fail('invalid_type', path, `Invalid type. Expected: ${expectedTypes(schema)}, given: ${typeOf(node)}`)
    this.#depth--
  }

  #validateTyped(schema: Schema, node: JsonNode, result: Result, path: Path): void {
    this.#validateCombinations(schema, node, result, path)
    if (isJsonNumber(node)) validateNumber(this.#context, schema, node, result, path)
    if (isList(node)) this.#validateArray(schema, node, result, path)
    if (isMap(node)) this.#validateObject(schema, node, result, path)
    this.#validateValue(schema, node, result, path)
    if (typeof node === 'string') this.#validateText(schema, node, result, path)
    if (isMap(node)) this.#validateProperties(schema, node, result, path)
    result.score++
  }

  #validateCombinations(schema: Schema, node: JsonNode, result: Result, path: Path): void {
    this.#validateAnyOf(schema, node, result, path)
    this.#validateOneOf(schema, node, result, path)
    const all = schema.allOf.map((each) => this.result(each, node, path))
    for (const each of all) result.merge(each)
    if (!all.every((each) => each.isValid)) result.fail('number_all_of', path, 'Must validate all the schemas (allOf)')
    if (schema.not !== undefined && this.result(schema.not, node, path).isValid) {
      result.fail('number_not', path, 'Must not validate the schema (not)')
    }
    if (isMap(node)) this.#validateDependencies(schema, node, result, path)
    this.#validateCondition(schema, node, result, path)
    result.score++
  }

  /** The first that fits ends it. */
  #validateAnyOf({ anyOf }: Schema, node: JsonNode, result: Result, path: Path): void {
    if (anyOf.length === 0) return
    const missed: Result[] = []
    for (const each of anyOf) {
      const one = this.result(each, node, path)
      if (one.isValid) return
      missed.push(one)
    }
    result.fail('number_any_of', path, 'Must validate at least one schema (anyOf)')
    mergeNearest(result, missed)
  }

  #validateOneOf({ oneOf }: Schema, node: JsonNode, result: Result, path: Path): void {
    if (oneOf.length === 0) return
    const results = oneOf.map((each) => this.result(each, node, path))
    const fitting = results.filter((each) => each.isValid).length
    if (fitting === 1) return
    result.fail('number_one_of', path, 'Must validate one and only one schema (oneOf)')
    if (fitting === 0) mergeNearest(result, results)
  }

  #validateDependencies(schema: Schema, node: ReadonlyMap<string, JsonNode>, result: Result, path: Path): void {
    for (const name of node.keys()) {
      const dependency = schema.dependencies.get(name)
      if (dependency === undefined) continue
      if (!isNames(dependency)) this.#validate(dependency, node, result, path)
      else {
        for (const other of dependency.filter((wanted) => !node.has(wanted))) {
          result.fail('missing_dependency', path, `Has a dependency on ${other}`)
        }
      }
    }
  }

  #validateCondition(schema: Schema, node: JsonNode, result: Result, path: Path): void {
    if (schema.condition === undefined) return
    const holds = this.result(schema.condition, node, path).isValid
    const branch = holds ? schema.consequence : schema.alternative
    const checked = branch && this.result(branch, node, path)
    if (checked === undefined || checked.isValid) return
    if (holds) result.fail('condition_then', path, 'Must validate "then" as "if" was valid')
    else result.fail('condition_else', path, 'Must validate "else" as "if" was not valid')
    result.merge(checked)
  }

  #validateValue({ constant, enumeration, format }: Schema, node: JsonNode, result: Result, path: Path): void {
    if (constant !== undefined || enumeration !== undefined) {
      const text = plainText(node)
      this.#context.charge(text.length)
      if (constant !== undefined && text !== constant) {
        result.fail('const', path, (field) => `${field} does not match: ${constant}`)
      }
      if (enumeration?.includes(text) === false) {
        result.fail('enum', path, (field) => `${field} must be one of the following: ${enumeration.join(', ')}`)
      }
    }
    if (format !== undefined && typeof node === 'string' && !meetsFormat(this.#context, format, node)) {
      result.fail('format', path, `Does not match format '${format}'`)
    }
    result.score++
  }

  #validateText({ minLength, maxLength, pattern }: Schema, text: string, result: Result, path: Path): void {
    const length = minLength === undefined && maxLength === undefined ? 0 : runeCount(text)
    if (minLength !== undefined && length < minLength) {
      result.fail('string_gte', path, `String length must be greater than or equal to ${minLength}`)
    }
    if (maxLength !== undefined && length > maxLength) {
      result.fail('string_lte', path, `String length must be less than or equal to ${maxLength}`)
    }
    if (pattern !== undefined && !this.#matches(pattern.compiled, text)) {
      result.fail('pattern', path, `Does not match pattern '${pattern.source}'`)
    }
    result.score++
  }

  #matches(pattern: RE2JS, text: string): boolean {
    return findMatches(this.#context, pattern, text).next().done !== true
  }

  #validateArray(schema: Schema, node: readonly JsonNode[], result: Result, path: Path): void {
    this.#validateItems(schema, node, result, path)
    const { minItems, maxItems } = schema
    if (minItems !== undefined && node.length < minItems) {
      result.fail('array_min_items', path, `Array must have at least ${minItems} items`)
    }
    if (maxItems !== undefined && node.length > maxItems) {
      result.fail('array_max_items', path, `Array must have at most ${maxItems} items`)
    }
    if (schema.uniqueItems === true) this.#validateUnique(node, result, path)
    if (schema.contains !== undefined) this.#validateContains(schema.contains, node, result, path)
    result.score++
  }

  #validateItems({ items, additionalItems }: Schema, node: readonly JsonNode[], result: Result, path: Path): void {
    if (items === undefined) return
    const places = isPlaces(items) ? items : undefined
    if (places?.length === 0) return
    if (places !== undefined && node.length > places.length && additionalItems === false) {
      this.#validateAt(places, node, result, path)
      result.fail('array_no_additional_items', path, 'No additional items allowed on array')
      return
    }
    const rest = typeof additionalItems === 'object' ? additionalItems : undefined
    const single = places === undefined ? (items as Schema) : undefined
    this.#validateAt(
      node.map((_, at) => single ?? places?.[at] ?? rest),
      node,
      result,
      path,
    )
  }

  #validateAt(schemas: readonly (Schema | undefined)[], node: readonly JsonNode[], result: Result, path: Path): void {
    for (const [at, schema] of schemas.entries()) {
      const item = node[at]
      if (schema !== undefined && item !== undefined) result.merge(this.result(schema, item, below(path, at)))
    }
  }

  /** The last place of an item is told with the next one. */
  #validateUnique(node: readonly JsonNode[], result: Result, path: Path): void {
    const places = new Map<string, number>()
    for (const [at, item] of node.entries()) {
      const text = plainText(item)
      this.#context.charge(text.length)
      const earlier = places.get(text)
      if (earlier !== undefined) result.fail('unique', path, `array items[${earlier},${at}] must be unique`)
      places.set(text, at)
    }
  }

  #validateContains(schema: Schema, node: readonly JsonNode[], result: Result, path: Path): void {
    const missed: Result[] = []
    for (const [at, item] of node.entries()) {
      const one = this.result(schema, item, below(path, at))
      if (one.isValid) return
      missed.push(one)
    }
    result.fail('contains', path, 'At least one of the items must match')
    mergeNearest(result, missed)
  }

  #validateObject(schema: Schema, node: ReadonlyMap<string, JsonNode>, result: Result, path: Path): void {
    const { minProperties, maxProperties } = schema
    if (minProperties !== undefined && node.size < minProperties) {
      result.fail('array_min_properties', path, `Must have at least ${minProperties} properties`)
    }
    if (maxProperties !== undefined && node.size > maxProperties) {
      result.fail('array_max_properties', path, `Must have at most ${maxProperties} properties`)
    }
    for (const name of schema.required) {
      if (node.has(name)) result.score++
      else result.fail('required', path, `${name} is required`)
    }
    for (const [name, member] of node) this.#validateMember(schema, name, member, result, path)
    if (schema.propertyNames !== undefined) this.#validateNames(schema.propertyNames, node, result, path)
    result.score++
  }

  #validateMember(schema: Schema, name: string, member: JsonNode, result: Result, path: Path): void {
    const patterned = schema.patternProperties.filter(({ pattern }) => this.#matches(pattern, name))
    for (const { schema: each } of patterned) result.merge(this.result(each, member, below(path, name)))
    if (patterned.length > 0) result.score++
    if (patterned.length > 0 || schema.properties.has(name)) return
    if (schema.additionalProperties === false) {
      result.fail('additional_property_not_allowed', path, `Additional property ${name} is not allowed`)
    } else if (typeof schema.additionalProperties === 'object') {
      result.merge(this.result(schema.additionalProperties, member, below(path, name)))
    }
  }

  #validateNames(schema: Schema, node: ReadonlyMap<string, JsonNode>, result: Result, path: Path): void {
    for (const name of node.keys()) {
      const checked = this.result(schema, name, path)
      if (checked.isValid) continue
      result.fail('invalid_property_name', path, `Property name of "${name}" does not match`)
      result.merge(checked)
    }
  }

  #validateProperties(schema: Schema, node: ReadonlyMap<string, JsonNode>, result: Result, path: Path): void {
    for (const [name, property] of schema.properties) {
      const member = node.get(name)
      if (member !== undefined) this.#validate(property, member, result, below(path, name))
    }
  }
}

const isNames = (dependency: readonly string[] | Schema): dependency is readonly string[] => Array.isArray(dependency)
const isPlaces = (items: readonly Schema[] | Schema): items is readonly Schema[] => Array.isArray(items)

function mergeNearest(result: Result, missed: readonly Result[]): void {
  const best = nearest(missed)
  if (best !== undefined) result.merge(best)
}

function typeOf(node: JsonNode): string {
  if (node === null) return 'null'
  if (isJsonNumber(node)) return isWholeNumber(node) ? 'integer' : 'number'
  if (isList(node)) return 'array'
  return isMap(node) ? 'object' : typeof node
}

function isTyped({ types }: Schema, node: JsonNode): boolean {
  if (types.length === 0) return true
  const type = typeOf(node)
  return types.some((wanted) => wanted === type || (wanted === 'number' && type === 'integer'))
}

const expectedTypes = ({ types }: Schema): string => (types.length > 1 ? `[${types.join()}]` : (types[0] ?? ''))
