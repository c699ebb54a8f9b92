/** multipleOf, minimum, maximum and their exclusive kin, which are booleans in draft 4 and numbers from draft 6 on. */
import type { RegoNumber } from '../../wasm/number.ts'
import { BuiltinError } from '../builtin.ts'
import type { Schema } from './model.ts'
import { isJsonNumber } from './node.ts'
import { invalidType, isPositive, type Keywords, mustBe, numberKeyword } from './operands.ts'

export function readBounds(schema: Schema, keywords: Keywords): void {
  const multiple = numberKeyword(keywords, 'multipleOf', invalidType('Number', 'multipleOf'))
  if (multiple !== undefined) {
    if (!isPositive(multiple)) throw new BuiltinError('multipleOf must be strictly greater than 0')
    schema.multipleOf = multiple
  }
  readBound(schema, keywords, 'minimum', 'exclusiveMinimum')
  readBound(schema, keywords, 'maximum', 'exclusiveMaximum')
}

type Inclusive = 'minimum' | 'maximum'
type Exclusive = 'exclusiveMinimum' | 'exclusiveMaximum'

function readBound(schema: Schema, keywords: Keywords, name: Inclusive, exclusiveName: Exclusive): void {
  const bound = numberKeyword(keywords, name, mustBe(name, 'Number'))
  const exclusive = readExclusive(schema, keywords, exclusiveName)
  if (typeof exclusive === 'boolean' && bound === undefined) {
    throw new BuiltinError(`${exclusiveName} cannot be used without ${name}`)
  }
  if (bound !== undefined) schema[exclusive === true ? exclusiveName : name] = bound
  if (exclusive !== undefined && typeof exclusive !== 'boolean') schema[exclusiveName] = exclusive
}

function readExclusive(schema: Schema, keywords: Keywords, name: Exclusive): boolean | number | RegoNumber | undefined {
  const value = keywords.get(name)
  if (value === undefined) return undefined
  if (typeof value === 'boolean' && (schema.draft === 4 || schema.draft === 'any')) return value
  if (isJsonNumber(value) && schema.draft !== 4) return value
  const expected = schema.draft === 4 ? 'boolean' : schema.draft === 'any' ? 'boolean/number' : 'number'
  throw invalidType(expected, name)
}
