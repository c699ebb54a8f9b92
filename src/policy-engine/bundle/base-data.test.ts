/** Base documents read from where they lie in the text are those that parsing the whole of it gives. */
import { describe, expect, it } from 'vitest'
import { parseExact } from '../exact-json.ts'
import { walk } from '../node/data-path.ts'
import { baseData } from './base-data.ts'
import { canonicalBytes } from './canonical.ts'
import { containerAt, indexJson } from './json-index.ts'

const DATA = {
  shop: {
    users: Object.fromEntries(
      Array.from({ length: 3000 }, (_, at) => [`user-${at}`, { name: `User ${at}`, roles: ['a', 'b'], at }]),
    ),
    list: Array.from({ length: 2000 }, (_, at) => ({ at, text: 'x'.repeat(20) })),
    odd: Object.fromEntries(
      Array.from({ length: 500 }, (_, at) => [`"${at}"\\\u2028`, `value ${at} ${'y'.repeat(20)}`]),
    ),
    unicode: { '\uffee': 'z'.repeat(9000), '\u{1f600}': 1, é: 2 },
    small: { a: [1, { b: null }] },
    empty: {},
  },
  numbers: { exact: 0 },
}
const text = JSON.stringify(DATA).replace('"exact":0', '"exact":[1.50,1E400,-0,12345678901234567890]')
const dataJson = canonicalBytes(Buffer.from(text))
const dataIndex = indexJson(dataJson)
const indexed = baseData({ dataJson, dataIndex })
const whole = parseExact(Buffer.from(dataJson).toString())

describe('base documents', () => {
  it.each([
    [[]],
    [['shop']],
    [['shop', 'users', 'user-0']],
    [['shop', 'users', 'user-2999', 'roles', '1']],
    [['shop', 'users', 'user-3000']],
    [['shop', 'users', 'user-']],
    [['shop', 'users', '']],
    [['shop', 'list', '0']],
    [['shop', 'list', '1999', 'at']],
    [['shop', 'list', '2000']],
    [['shop', 'list', '007']],
    [['shop', 'list', '-1']],
    [['shop', 'list', 'at']],
    [['shop', 'odd', '"7"\\\u2028']],
    [['shop', 'odd', '7']],
    [['shop', 'unicode', '\u{1f600}']],
    [['shop', 'unicode', '\uffee']],
    [['shop', 'small', 'a', '1', 'b']],
    [['shop', 'small', 'a', '1', 'b', 'c']],
    [['shop', 'empty']],
    [['shop', 'empty', 'x']],
    [['__proto__']],
    [['shop', 'users', 'toString']],
    [['nowhere', 'at', 'all']],
  ])('at %j are what the whole holds there', (path) => {
    expect(indexed(path)).toEqual(walk(whole, path))
  })

  it('keep the text of their numbers', () => {
    expect(JSON.stringify(indexed(['numbers', 'exact']))).toBe('[1.50,1E400,-0,12345678901234567890]')
  })

  it('are found by a table of each large container, and small ones have none', () => {
    expect(containerAt(dataIndex, 0)?.count).toBe(2)
    expect(dataIndex[0]).toBeGreaterThanOrEqual(5)
    expect(containerAt(dataIndex, Buffer.from(dataJson).indexOf('{"a":[1'))).toBeUndefined()
  })

  it('need no index', () => {
    expect(baseData({ dataJson })(['shop', 'users', 'user-7', 'at'])).toBe(7)
  })
})
