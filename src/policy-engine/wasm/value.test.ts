/** The model of Rego values: equality, OPA's order, exact numbers, term text and JSON both ways. */
import { describe, expect, it } from 'vitest'
import { compareValues } from './compare.ts'
import { jsonOfValue, readJson, valueOfJson, writeJson } from './json-value.ts'
import { compareNumbers, integerOf, numberKey, numberOf, RegoNumber } from './number.ts'
import { readTerm, writeTerm } from './term-text.ts'
import { canonicalKey, kindOf, RegoObject, RegoSet } from './value.ts'

describe('numbers', () => {
  it('keep the text that a double would change, and are plain otherwise', () => {
    expect(numberOf('42')).toBe(42)
    expect(numberOf('-0.5')).toBe(-0.5)
    for (const text of ['1.50', '1e3', '-0', '12345678901234567890', '1E400', '0.1000']) {
      expect(numberOf(text)).toEqual(new RegoNumber(text))
    }
    for (const text of ['01', '.5', '1.', '+1', '1e', 'NaN', '']) expect(() => numberOf(text)).toThrow(SyntaxError)
  })

  it('are equal by value and ordered exactly, beyond what a double tells apart', () => {
    const same = ['1000', '1e3', '1000.0', '10E2', '0.1e4']
    expect(new Set(same.map((text) => numberKey(numberOf(text)))).size).toBe(1)
    expect(new Set(['0', '-0', '0.00', '0e9'].map((text) => numberKey(numberOf(text)))).size).toBe(1)
    const ordered = ['-1e400', '-12345678901234567891', '-12345678901234567890', '-1.5', '0', '1e-400', '0.3']
    ordered.push('1', '12345678901234567890', '12345678901234567890.1', '12345678901234567891', '1e400')
    for (let at = 1; at < ordered.length; at++) {
      const [low, high] = [numberOf(ordered[at - 1] ?? ''), numberOf(ordered[at] ?? '')]
      expect([compareNumbers(low, high), compareNumbers(high, low), compareNumbers(low, low)]).toEqual([-1, 1, 0])
    }
  })

  it('give exact integers, and none of a fraction or of a billion digits', () => {
    expect(integerOf(numberOf('-1.5e1'))).toBe(-15n)
    expect(integerOf(numberOf('1e30'))).toBe(10n ** 30n)
    expect(integerOf(numberOf('1.05e1'))).toBeUndefined()
    expect(integerOf(numberOf('1e1000000000'))).toBeUndefined()
  })
})

describe('composites', () => {
  it('take any value as key, and know equal ones (OPA policy reference, sets and objects)', () => {
    const object = new RegoObject([
      [[1, 'a'], 'array'],
      [new RegoSet([2, 1]), 'set'],
      [numberOf('1.0'), 'number'],
      ['__proto__', 'proto'],
    ])
    expect(object.get([numberOf('1e0'), 'a'])).toBe('array')
    expect(object.get(new RegoSet([1, 2, 2]))).toBe('set')
    expect(object.get(1)).toBe('number')
    expect(object.get('__proto__')).toBe('proto')
    expect(object.get('1')).toBeUndefined()
    expect(new RegoSet([1, numberOf('1.0'), '1', [1], new RegoSet([1])]).size).toBe(4)
  })

  it('have keys that no other value has', () => {
    const apart = [
      '[1,2]',
      '[[1],2]',
      '["1,n2"]',
      '["1","2"]',
      '{"a":1}',
      '{"a",1}',
      '{["a",1]}',
      '"n1"',
      '1',
      'set()',
      '{}',
      '[]',
    ]
    expect(new Set(apart.map((text) => canonicalKey(readTerm(text)))).size).toBe(apart.length)
  })

  it("stand in OPA's order, strings by code point", () => {
    const ordered =
      'null false true -1 0.5 2 10 "" "a" "ab" "\uFFEE" "😀" [] [1] [1,2] [2] {} {"a":1} {"a":2} {"a":1,"b":0} set() {0} {0,1} {1}'
    const values = ordered.split(' ').map(readTerm)
    const mixed = values.toSorted((left, right) => (canonicalKey(left) < canonicalKey(right) ? 1 : -1))
    expect(mixed.toSorted(compareValues).map((value) => writeTerm(value))).toEqual(
      [
        'null',
        'false',
        'true',
        '-1',
        '0.5',
        '2',
        '10',
        '""',
        '"a"',
        '"ab"',
        '"\uFFEE"',
        '"😀"',
        '[]',
        '[1]',
        '[1, 2]',
        '[2]',
      ].concat(['{}', '{"a": 1}', '{"a": 1, "b": 0}', '{"a": 2}', 'set()', '{0}', '{0, 1}', '{1}']),
    )
    expect(kindOf(readTerm('{1}'))).toBe('set')
  })
})

describe('term text', () => {
  it.each([
    ['{1,2,1}', '{1, 2}'],
    ['{ }', '{}'],
    ['set( )', 'set()'],
    ['{"b":[1.50,null],"a":{}}', '{"a": {}, "b": [1.50, null]}'],
    ['{[1]:{2:"x"},{3}:true}', '{[1]: {2: "x"}, {3}: true}'],
    ['.5', '0.5'],
    [String.raw`"a\ud800\"\u00fc\/"`, '"a\ufffd\\"ü/"'],
  ])('reads and writes %s', (text, written) => {
    expect(writeTerm(readTerm(text))).toBe(written)
  })

  it.each(['', '{1:2,3}', '{1,2:3}', '[1', '[1,]', '{1,}', '"a', '"\\x"', 'nul', 'set(1)', '1 2', '[1]]'])(
    'refuses %s',
    (text) => {
      expect(() => readTerm(text)).toThrow(SyntaxError)
    },
  )

  it('refuses text nested so deeply that a reader would run out of stack', () => {
    expect(() => readTerm('['.repeat(100_000) + ']'.repeat(100_000))).toThrow(SyntaxError)
  })
})

describe('JSON', () => {
  it('keeps number text, writes sets as sorted arrays and keys as their text (OPA rest-api.md)', () => {
    expect(writeJson(readJson('{"b":1.50,"a":12345678901234567890,"__proto__":[1E400]}'))).toBe(
      '{"__proto__":[1E400],"a":12345678901234567890,"b":1.50}',
    )
    const value = readTerm('{"s":{3,1,"x"},"k":{1:2,[1]:3,null:4}}')
    expect(writeJson(value)).toBe('{"k":{"null":4,"1":2,"[1]":3},"s":[1,3,"x"]}')
    expect(JSON.stringify(jsonOfValue(readTerm('[1.50, 1E400, {"__proto__": {12345678901234567890}}]')))).toBe(
      '[1.5,1E400,{"__proto__":[12345678901234567890]}]',
    )
    expect(JSON.stringify(jsonOfValue(readTerm('[1.50, {0.3333333333333333333}]'), true))).toBe(
      '[1.50,[0.3333333333333333333]]',
    )
  })

  it('takes plain data as JSON.stringify would, and nothing else', () => {
    expect(writeJson(valueOfJson({ a: undefined, b: Number.NaN, c: -0, d: 10n ** 20n }))).toBe(
      '{"b":null,"c":0,"d":100000000000000000000}',
    )
    expect(() => valueOfJson(() => 1)).toThrow(TypeError)
  })
})
