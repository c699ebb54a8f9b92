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
  ])('writes %s back as it was', (text) => {
    expect(JSON.stringify(parseExact(text))).toBe(text)
  })

  it('gives plain values where nothing would change', () => {
    expect(parseExact('{"a":[1,2.5,"x",null,true]}')).toEqual({ a: [1, 2.5, 'x', null, true] })
  })
})
