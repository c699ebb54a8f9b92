/** Numbers keep their text from request to policy and log. */
import { describe, expect, it } from 'vitest'
import { parseExact } from './exact-json.ts'

describe('exact JSON', () => {
  it.each([
    '1.50',
    '1E400',
    '-0',
    '12345678901234567890',
    '0.1',
    '[1e3,{"a":1.0}]',
    '"1.50"',
    '{"__proto__":1.0}',
    '123',
    '-12',
    '123456789012345',
    '9007199254740993',
    '["\\"",1.0]',
    '["\\\\",1.0]',
    '{"a\\\\\\"":"[1.0","b":[-1.50]}',
    '["10.0.0.1","1.50",1.5]',
  ])('writes %s back as it was', (text) => {
    expect(JSON.stringify(parseExact(text))).toBe(text)
  })

  it('gives plain values where nothing would change', () => {
    expect(parseExact('{"a":[1,2.5,"x",null,true]}')).toEqual({ a: [1, 2.5, 'x', null, true] })
  })

  it.each(['1.0', '-0', '1e3', '12345678901234567', '0.10', '1E+2', '-1.50'])(
    'finds %s wherever it stands',
    (number) => {
      for (const text of [
        number,
        `[${number}]`,
        `[0,\n ${number}]`,
        `{"a":"\\"" ,"b":${number}}`,
        `[1,2.5,-3,${number},4]`,
      ]) {
        expect(JSON.stringify(parseExact(text))).toBe(text.replaceAll(/[\n ]/g, ''))
      }
    },
  )

  it('refuses what is deeper than it may be, however its strings look', () => {
    const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}"}]"${'}]'.repeat(depth / 2)}`
    expect(() => parseExact(nested(8), 8)).not.toThrow()
    expect(() => parseExact(nested(10), 8)).toThrow(RangeError)
    expect(parseExact('["[[[[\\"[[[",[],[],{},"{{{"]', 2)).toEqual(['[[[["[[[', [], [], {}, '{{{'])
  })

  it.each(['"', '"\\', '[1.0', '1.0.0', '-', '1-2', '[1,]', '"a" 1.0', ''])('takes %j for no JSON', (text) => {
    expect(() => parseExact(text)).toThrow(SyntaxError)
  })
})
