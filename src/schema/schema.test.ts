import * as TypeBox from 'typebox'
import { expect, test } from 'vitest'
import { withDefaults } from './defaults.ts'
import { type Static, Type } from './type.ts'
import { compile } from './validator.ts'

/** One schema in the words of both; TypeBox's own builders are the measure. */
const written = (T: typeof TypeBox.Type) => {
  const part = T.Object({ on: T.Optional(T.Boolean()) }, { additionalProperties: false })
  return T.Object(
    {
      name: T.String({ minLength: 1, default: 'x' }),
      port: T.Optional(T.Integer({ minimum: 0 })),
      rate: T.Number(),
      part: T.Optional(part),
      again: part,
      list: T.Array(T.Object({ size: T.Integer({ default: 3 }) }), { maxItems: 2 }),
      names: T.Record(T.String(), T.Array(T.String())),
      claims: T.Record(T.String({ pattern: '^[a-z]+$' }), T.Unknown(), { additionalProperties: false }),
      either: T.Union([T.Object({ allow: T.Literal(true) }), T.Object({ allow: T.Literal(false) })]),
      word: T.Unsafe<'a' | 'b'>({ type: 'string', enum: ['a', 'b'] }),
      all: T.Object({ a: T.Optional(T.String()) }),
    },
    { description: 'all kinds' },
  )
}
const ours = written(Type as typeof TypeBox.Type)

test('the builders make the JSON that TypeBox makes', () => {
  expect(JSON.parse(JSON.stringify(ours))).toEqual(JSON.parse(JSON.stringify(written(TypeBox.Type))))
})

const good: Static<typeof ours> = {
  name: 'n',
  rate: 0.5,
  again: {},
  list: [{ size: 1 }],
  names: { a: ['b'] },
  claims: { sub: 1 },
  either: { allow: false },
  word: 'a',
  all: {},
}

test.each([
  ['a good value', {}, []],
  ['a missing member', { rate: undefined }, ['']],
  ['a member the schema does not name', { again: { on: true, off: true } }, ['/again/off', '/again']],
  ['another type', { list: [{ size: 'one' }] }, ['/list/0/size']],
  ['a name that does not fit', { claims: { Sub: 1 } }, ['/claims/Sub', '/claims']],
  ['a value that is not listed', { word: 'c' }, ['/word']],
])('a validator takes and names the faults of %s', (_what, change, places) => {
  const value = JSON.parse(JSON.stringify({ ...good, ...change }))
  const validator = compile(ours)
  expect(validator.check(value)).toBe(places.length === 0)
  expect(validator.faults(value).map(({ instancePath }) => instancePath)).toEqual(places)
})

test('defaults fill what is absent, in depth, and change nothing they were given', () => {
  const section = Type.Object(
    { port: Type.Integer({ default: 8080 }), host: Type.Optional(Type.String()) },
    { default: {} },
  )
  const schema = Type.Object({ section, list: Type.Array(section), kept: Type.Integer({ default: 1 }) })
  const given = { list: [{}, { port: 1 }], kept: 0, unknown: 'stays' }
  expect(withDefaults(schema, given)).toEqual({
    section: { port: 8080 },
    list: [{ port: 8080 }, { port: 1 }],
    kept: 0,
    unknown: 'stays',
  })
  expect(given).toEqual({ list: [{}, { port: 1 }], kept: 0, unknown: 'stays' })
  expect(withDefaults(schema, 'no object')).toBe('no object')
})
