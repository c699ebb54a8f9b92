import { expect, test } from 'vitest'
import { parseParams } from './params.ts'

test('a parameter without a value counts as not sent (RFC 6749 3.1)', () => {
  const params = parseParams('a=&b&c=1')
  expect([params.get('a'), params.get('b'), params.get('c')]).toEqual([undefined, undefined, '1'])
  expect(params.all('a')).toEqual([])
})

test('tells which parameters came more than once, whatever their values (RFC 6749 3.1)', () => {
  const params = parseParams('a=1&b=2&a=1&resource=x&resource=y')
  expect([...params.repeated]).toEqual(['a', 'resource'])
  expect(params.all('resource')).toEqual(['x', 'y'])
})

test('decodes plus and percent as a form, and lets broken escapes be text (WHATWG URL 5.1)', () => {
  const params = parseParams('a=x+y%20z&b=%zz&%63=%E2%82%AC')
  expect([params.get('a'), params.get('b'), params.get('c')]).toEqual(['x y z', '%zz', '€'])
})

test('names of Object are names like others', () => {
  const params = parseParams('__proto__=1&constructor=2')
  expect([params.get('__proto__'), params.get('constructor'), params.get('toString')]).toEqual(['1', '2', undefined])
})
