/** The quick way to OPA's canonical form must be the same as the slow one, or leave the document to it. */
import { describe, expect, it } from 'vitest'
import { canonicalBytes, canonicalize } from './canonical.ts'

const text = (document: string): string => Buffer.from(canonicalBytes(Buffer.from(document))).toString()
const slow = (document: string): string | undefined => {
  try {
    return canonicalize(Buffer.from(document))
  } catch {
    return undefined
  }
}
const quick = (document: string): string | undefined => {
  try {
    return text(document)
  } catch {
    return undefined
  }
}

describe('canonical form', () => {
  it.each([
    ['{"a":1}', '{"a":1}'],
    ['{"a":1}\n', '{"a":1}'],
    [' { "b" : [ 1 , 2 ] , "a" : { } } ', '{"a":{},"b":[1,2]}'],
    ['{"b":{"d":1,"c":2},"a":[{"y":1,"x":2}]}', '{"a":[{"x":2,"y":1}],"b":{"c":2,"d":1}}'],
    ['{"a":1.0,"b":1e3,"c":-0,"d":12345678901234567890}', '{"a":1.0,"b":1e3,"c":-0,"d":12345678901234567890}'],
    ['{"a":"\\u003c\\/\\u00e9"}', '{"a":"</é"}'],
    ['{"a":"\u2028\u2029\u007f"}', '{"a":"\\u2028\\u2029\u007f"}'],
    ['{"\u{1f600}":1,"\uffee":2}', '{"\uffee":2,"\u{1f600}":1}'],
    ['{"ab":1,"a":2}', '{"a":2,"ab":1}'],
    ['{"a":1,"a":2}', '{"a":2}'],
    ['{"b\\"":1,"a":2}', '{"a":2,"b\\"":1}'],
    ['[]', '[]'],
    ['"a"', '"a"'],
    ['0', '0'],
  ])('of %j is %j (OPA, "Signing")', (document, form) => {
    expect(text(document)).toBe(form)
    expect(slow(document)).toBe(form)
  })

  it.each([
    '',
    ' ',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,}',
    '[1,]',
    '[1',
    '01',
    '-',
    '1.',
    '.5',
    '1e',
    '+1',
    'tru',
    'nulls',
    '{a:1}',
    "{'a':1}",
    '{"a":1}}',
    '1 2',
    '"a',
    '"\u0001"',
    '"\\x"',
    '"\\u12"',
    '\ufeff{}',
    '{"a":1 "b":2}',
    '[,1]',
  ])('is refused to %j, which is no JSON', (document) => {
    expect(quick(document)).toBeUndefined()
  })

  it('is refused to what is no UTF-8', () => {
    expect(() => canonicalBytes(Buffer.from([0x22, 0xff, 0x22]))).toThrow()
  })

  it('is the same both ways for generated documents, spoilt ones among them', () => {
    const random = generator(20_261_128)
    let refused = 0
    for (let round = 0; round < 20_000; round++) {
      const document = spoil(JSON.stringify(value(random, 0), null, random(3)), random)
      const expected = slow(document)
      if (expected === undefined) refused++
      expect(quick(document), document).toBe(expected)
    }
    expect(refused).toBeGreaterThan(1000)
    expect(refused).toBeLessThan(10_000)
  })
})

type Random = (below: number) => number

/** Repeatable: mulberry32. */
function generator(seed: number): Random {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const pick = <T>(random: Random, of: readonly T[]): T => of[random(of.length)] as T
const CHARACTERS = ['a', 'b', '"', '\\', '\u2028', 'é', '\u{1f600}', '\ud800', '\n', '<', '/', '\uffee']
const SPOILERS = ['', '"', '}', '{', ',', ':', '0', '-', '1e', '\\', '\u0001', ' ', '[', ']']

const word = (random: Random): string => Array.from({ length: random(6) }, () => pick(random, CHARACTERS)).join('')

function value(random: Random, depth: number): unknown {
  switch (random(depth > 4 ? 4 : 7)) {
    case 0:
      return pick(random, [null, true, false])
    case 1:
      return pick(random, [0, -0.5, 1e30, 12, 3.5, -7])
    case 2:
    case 3:
      return word(random)
    case 4:
      return Array.from({ length: random(4) }, () => value(random, depth + 1))
    default: {
      const keys = Array.from({ length: random(5) }, () => (random(3) === 0 ? word(random) : `k${random(9)}`))
      if (random(2) === 0) keys.sort()
      return Object.fromEntries(keys.map((key) => [key, value(random, depth + 1)]))
    }
  }
}

function spoil(document: string, random: Random): string {
  if (random(3) > 0) return document
  const at = random(document.length + 1)
  return document.slice(0, at) + pick(random, SPOILERS) + document.slice(at + random(2))
}
