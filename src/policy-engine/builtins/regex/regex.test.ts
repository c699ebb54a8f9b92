import { describe, expect, it } from 'vitest'
import type { Value } from '../../wasm/value.ts'
import type { Random } from '../encoding/random.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { REGEX } from './regex.ts'

const call = (name: string, ...args: Value[]): Value | undefined => REGEX[name]?.(testContext(), ...args)

describe('regex.* and glob.quote_meta', () => {
  it('has no lookaround and no backreference, as RE2 has none', () => {
    for (const pattern of ['(?=a)', '(?<=a)b', '(?!a)', '(a)\\1']) {
      expect(() => call('regex.find_n', pattern, 'ab', -1)).toThrow('error parsing regexp')
    }
  })

  it('takes linear time where backtracking takes exponential', () => {
    const text = `${'a'.repeat(5000)}b`
    expect(call('regex.find_n', '^(a+)+$', text, -1)).toEqual([])
    expect(call('regex.replace', text, '(a|aa)+$', 'x')).toBe(text)
  })

  it('pays for long texts and large patterns before it searches', () => {
    const context = testContext()
    REGEX['regex.find_n']?.(context, '(x?){500}', 'a'.repeat(2000), 1)
    expect(context.charged).toBeGreaterThan(500_000)
  })

  it('pays in advance for globs that would take OPA exponential time', () => {
    const context = testContext()
    const stars = '.*'.repeat(300)
    expect(REGEX['regex.globs_match']?.(context, `${'a*b*'.repeat(150)}c+`, `${'b*a*'.repeat(150)}d+`)).toBe(false)
    expect(REGEX['regex.globs_match']?.(context, stars, stars)).toBe(true)
    expect(context.charged).toBeGreaterThan(1_000_000)
  })

  it('expands groups by number and name, the longest name first', () => {
    const braced = ['$', '{1}'].join('')
    expect(call('regex.replace', 'ab', '(?P<x>a)(b)', `$2${braced}_$x-$1x-$$-$`)).toBe('ba_a--$-$')
  })

  compareWithOracle({ family: 'regex', make: makeRegexCall, seed: 4 })
  compareWithOracle({ family: 'globs', make: makeGlobCall, seed: 5 })
})

function makeRegexCall(random: Random): Call {
  const text = (): Value => (random.chance(40) ? random.notText() : random.text('aab01-é😀\n ', 12))
  const pattern = (): Value => (random.chance(40) ? random.notText() : makePattern(random))
  const name = random.pick(
    'regex.find_n',
    'regex.split',
    'regex.replace',
    'regex.replace',
    'regex.template_match',
    'glob.quote_meta',
  )
  switch (name) {
    case 'regex.find_n':
      return { name, args: [pattern(), text(), random.pick<Value>(-1, -1, 0, 1, 2, 1.5)] }
    case 'regex.split':
      return { name, args: [pattern(), text()] }
    case 'regex.replace':
      return { name, args: [text(), pattern(), random.text('$12x{}nm_é', 6)] }
    case 'regex.template_match':
      return {
        name,
        args: [
          `${random.text('a.{}', 2)}{${makePattern(random)}}${random.text('ab', 1)}`,
          text(),
          random.pick('{', '{', 'é', ''),
          random.pick('}', '}', '<>'),
        ],
      }
    default:
      return { name, args: [random.text('*?[]{}\\a,!-é', 8)] }
  }
}

function makePattern(random: Random): string {
  const atom = (): string =>
    random.pick(
      'a',
      'b',
      '0',
      '.',
      '\\d',
      '\\w',
      '\\s',
      '\\b',
      '^',
      '$',
      '[a-b]',
      '[^a]',
      '(a|b)',
      '(?P<n>a)',
      '(?:ab)',
      '(a)(b)?',
      '()',
      'é',
      '😀',
      '\\pL',
      '[[:digit:]]',
      '(?i)A',
      '-',
      '|',
      random.text('[](){}\\?+*x', 2),
    )
  const repeat = (): string => random.pick('', '', '', '*', '+', '?', '*?', '{1,2}', '{2}')
  let names = 0
  // re2js refuses a second group of the same name, which Go takes.
  return random
    .list(4, () => atom() + repeat())
    .join('')
    .replaceAll('?P<n>', () => `?P<n${'m'.repeat(names++)}>`)
}

function makeGlobCall(random: Random): Call {
  const atom = (): string =>
    random.pick(
      'a',
      'b',
      'c',
      '.',
      '[ab]',
      '[a-c]',
      '[]',
      '\\.',
      '\\*',
      random.chance(8) ? random.text('[]-\\*+aé', 3) : 'a',
    )
  const glob = (): string => random.list(6, () => atom() + random.pick('', '', '', '+', '*')).join('')
  const one = (): Value => (random.chance(60) ? random.notText() : glob())
  return { name: 'regex.globs_match', args: [one(), one()] }
}
