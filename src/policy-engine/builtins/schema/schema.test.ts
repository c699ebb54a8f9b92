import { describe, expect, it } from 'vitest'
import { compareValues } from '../../wasm/compare.ts'
import { numberOf } from '../../wasm/number.ts'
import { readTerm, writeTerm } from '../../wasm/term-text.ts'
import { RegoObject, type Value } from '../../wasm/value.ts'
import { BuiltinError } from '../builtin.ts'
import type { Random } from '../encoding/random.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { SCHEMA } from './schema.ts'

const match = (document: string, schema: string): string =>
  writeTerm(SCHEMA['json.match_schema']?.(testContext(), readTerm(document), readTerm(schema)) ?? null)

describe('json.match_schema and json.verify_schema (JSON Schema draft 7)', () => {
  it('compares numbers exactly, beyond what a double holds', () => {
    expect(match('[9007199254740993]', '{"items": {"maximum": 9007199254740992}}')).toContain('number_lte')
    expect(match('[0.3]', '{"items": {"multipleOf": 0.1}}')).toBe('[true, []]')
  })

  it('follows references within the document, to itself too', () => {
    const schema = '{"type": "object", "properties": {"child": {"$ref": "#"}}, "additionalProperties": false}'
    expect(match('{"child": {"child": {}}}', schema)).toBe('[true, []]')
    expect(match('{"child": {"child": {"x": 1}}}', schema)).toContain('"field": "child.child"')
  })

  it('fetches nothing: a reference elsewhere is refused', () => {
    expect(() => match('{}', '{"$ref": "https://example.com/schema.json"}')).toThrow('must be canonical')
  })

  it('ends where a schema leads only to itself, and where it is nested too deeply', () => {
    expect(() => match('{}', '{"$ref": "#"}')).toThrow('max depth')
    const deep = `${'{"not": '.repeat(1500)}{}${'}'.repeat(1500)}`
    expect(() => match('{}', deep)).toThrow('nested too deeply')
  })

  it('matches patterns in linear time (no ReDoS)', () => {
    const began = performance.now()
    match(`["${'a'.repeat(5000)}!"]`, '{"items": {"pattern": "^(a+)+$"}}')
    expect(performance.now() - began).toBeLessThan(20_000)
  })

  it('takes no keyword from the prototype of objects', () => {
    expect(match('{"constructor": 1}', '{"additionalProperties": false}')).toContain('constructor is not allowed')
  })

  compareWithOracle({
    family: 'json schema',
    make: makeCall,
    looseWords: () => true,
    settle,
  })
})

/** OPA walks maps in random order: errors come in any, and the first reason why a schema is none is any. */
function settle(result: Value): Value {
  const [isValid, rest = null] = result as readonly Value[]
  if (typeof rest === 'string') return [isValid ?? null, rest.split(':')[0] ?? '']
  return [isValid ?? null, Array.isArray(rest) ? [...rest].sort(compareValues) : rest]
}

/** Schemas that lead to themselves, on which OPA's stack overflows, are made anew. */
function makeCall(random: Random): Call {
  const call = tryCall(random)
  try {
    SCHEMA[call.name]?.(testContext(), ...call.args)
    return call
  } catch (error) {
    return error instanceof BuiltinError && error.message === 'exceeded max depth' ? makeCall(random) : call
  }
}

function tryCall(random: Random): Call {
  const schema = makeSchema(random, 3)
  const given = random.chance(6)
    ? writeTerm(schema)
    : random.chance(40)
      ? random.pick<Value>(1, null, 'x', true)
      : schema
  if (random.chance(4)) return { name: 'json.verify_schema', args: [given] }
  const document = random.chance(3) ? [makeDocument(random, 2)] : makeObject(random, 3)
  return { name: 'json.match_schema', args: [random.chance(8) ? writeTerm(document) : document, given] }
}

const KEYS = ['a', 'b', 'c', 'ab', '$ref'] as const
const key = (random: Random): string => KEYS[random.below(random.chance(20) ? 5 : 4)] as string

const makeObject = (random: Random, depth: number): Value =>
  new RegoObject(random.list(4, () => [key(random), makeDocument(random, depth - 1)] as const))

const NUMBERS = [
  '0',
  '1',
  '2',
  '5',
  '-1',
  '1.5',
  '1.0',
  '1e2',
  '0.1',
  '0.30',
  '12345678901234567890',
  '1000000',
  '0.00001',
]
const makeNumber = (random: Random): Value => numberOf(NUMBERS[random.below(NUMBERS.length)] as string)

const TEXTS = [
  ...[
    '',
    'a',
    'abc',
    'é😀',
    'aab',
    '<b>',
    '2020-02-30',
    '2020-02-29',
    '1:02:03',
    '10:00:00Z',
    '2020-01-01T00:00:00+01:00',
  ],
  ...[
    'a@b.c',
    'A <a@b>',
    'a b@c',
    '"q q"@x',
    '127.0.0.1',
    '::1',
    '::ffff:1.2.3.4',
    'a.b',
    '-a',
    'http://x/{y',
    '/a~1',
    '/a~2',
    '0#',
    '1/a',
  ],
  ...['123e4567-e89b-12d3-a456-426614174000', '(', '^a+$', 'a\\b', 'x:y', '%zz'],
]

function makeDocument(random: Random, depth: number): Value {
  if (depth > 0 && random.chance(2)) {
    return random.chance(2) ? makeObject(random, depth) : random.list(4, () => makeDocument(random, depth - 1))
  }
  return random.pick<Value>(
    makeNumber(random),
    TEXTS[random.below(TEXTS.length)] as string,
    true,
    null,
    makeNumber(random),
  )
}

const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']
const FORMATS = [
  ...['date', 'time', 'date-time', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uri-reference', 'uri-template', 'iri'],
  ...['uuid', 'regex', 'json-pointer', 'relative-json-pointer', 'unknown'],
]

function makeSchema(random: Random, depth: number): Value {
  if (random.chance(14)) return random.pick<Value>(true, false, true, random.chance(4) ? 5 : true)
  const made = new Map<Value, Value>()
  for (let count = random.between(0, 3); count >= 0; count--) {
    const [name, value] = makeKeyword(random, depth)
    made.set(name, random.chance(80) ? random.pick<Value>(1, 'x', null, [], numberOf('1.0'), -1) : value)
  }
  if (depth === 3 && random.chance(4)) {
    made.set(
      '$schema',
      `http://json-schema.org/draft-0${random.pick('4', '6', '7', '8')}/schema${random.pick('#', '')}`,
    )
  }
  if (depth === 3 && random.chance(4)) {
    made.set(
      'definitions',
      new RegoObject([
        ['a', makeSchema(random, 1)],
        ['b', makeSchema(random, 1)],
      ]),
    )
  }
  return new RegoObject(made)
}

function makeKeyword(random: Random, depth: number): [string, Value] {
  const below = (): Value => makeSchema(random, depth - 1)
  const schemas = (): Value => Array.from({ length: random.between(1, 3) }, below)
  const named = (): Value => new RegoObject(random.list(3, () => [key(random), below()] as const))
  const count = (): Value => random.pick<Value>(0, 1, 2, 3, random.chance(9) ? numberOf('1.0') : 1)
  const kind = random.below(depth > 0 ? 3 : 1)
  if (kind === 0) return makeAssertion(random, count)
  return random.pick<() => [string, Value]>(
    () => ['properties', named()],
    () => ['properties', named()],
    () => ['additionalProperties', random.pick<Value>(false, true, below())],
    () => [
      'patternProperties',
      new RegoObject(random.list(2, () => [random.pick('^a', 'b$', '.', '('), below()] as const)),
    ],
    () => ['propertyNames', below()],
    () => [
      'dependencies',
      new RegoObject(random.list(2, () => [key(random), random.chance(2) ? ['a', 'c'] : below()] as const)),
    ],
    () => ['items', random.chance(2) ? below() : schemas()],
    () => ['additionalItems', random.pick<Value>(false, true, below())],
    () => ['contains', below()],
    () => [random.pick('allOf', 'anyOf', 'oneOf'), schemas()],
    () => ['not', below()],
    () => [random.pick('if', 'then', 'else'), below()],
    () => [
      '$ref',
      random.pick('#/definitions/a', '#/definitions/b', '#/definitions/zz', '#', 'other.json', '#foo', '#named'),
    ],
    () => ['$id', random.pick('#named', 'http://x/y', '#other')],
  )()
}

function makeAssertion(random: Random, count: () => Value): [string, Value] {
  const type = (): string => (random.chance(30) ? 'unknown' : (TYPES[random.below(TYPES.length)] as string))
  return random.pick<() => [string, Value]>(
    () => ['type', type()],
    () => ['type', [type(), type()]],
    () => ['required', random.chance(20) ? ['a', 'a'] : random.pick(['a'], ['a', 'b'], [])],
    () => [random.pick('minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'), count()],
    () => [random.pick('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'), makeNumber(random)],
    () => [random.pick('exclusiveMinimum', 'exclusiveMaximum'), true],
    () => ['multipleOf', makeNumber(random)],
    () => ['enum', random.list(4, () => makeDocument(random, 1))],
    () => ['const', makeDocument(random, 1)],
    () => ['uniqueItems', true],
    () => ['pattern', random.pick('^a+$', 'b', '(', '.*')],
    () => ['format', FORMATS[random.below(FORMATS.length)] as string],
    () => [random.pick('title', 'description', 'id', 'x'), 'text'],
  )()
}
