import { describe, expect, it } from 'vitest'
import { numberOf } from '../../wasm/number.ts'
import { writeTerm } from '../../wasm/term-text.ts'
import { RegoObject, RegoSet, type Value } from '../../wasm/value.ts'
import type { Random } from '../encoding/random.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { writeYaml } from './write.ts'
import { YAML } from './yaml.ts'

const read = (text: string): string => writeTerm(YAML['yaml.unmarshal']?.(testContext(), text) ?? null)

describe('yaml.* (YAML 1.2 as OPA reads and writes it)', () => {
  it('keeps `on` and `yes` strings, and reads numbers of YAML 1.1', () => {
    expect(read('on: yes\na: 0o17\nb: 017\nc: 0b11\nd: 1_000\ne: 2023-01-01')).toBe(
      '{"a": 15, "b": 15, "c": 3, "d": 1000, "e": "2023-01-01", "on": "yes"}',
    )
  })

  it('merges maps, what the map says itself first', () => {
    expect(read('a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {z: 3, <<: [*a, *b]}')).toContain(
      '"c": {"x": 1, "y": 1, "z": 3}',
    )
  })

  it('refuses what aliases blow up, and an anchor within itself', () => {
    const bomb = Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(9)}]`)
    expect(() => read(['a0: &a0 [lol,lol]', ...bomb].join('\n'))).toThrow('excessive aliasing')
    expect(() => read('a: &a [*a]')).toThrow('contains itself')
  })

  it('refuses text nested deeper than evaluation can go', () => {
    expect(() => read('['.repeat(50_000) + ']'.repeat(50_000))).toThrow('yaml')
  })

  compareWithOracle({ family: 'yaml.marshal', make: makeMarshal, looseWords: () => true })
  compareWithOracle({ family: 'yaml.unmarshal', make: makeUnmarshal, looseWords: () => true })
})

const PIECES = [
  'a',
  'b',
  ' ',
  ' ',
  '\n',
  '\n',
  ':',
  ': ',
  '- ',
  '#',
  ' #',
  '"',
  "'",
  '\t',
  '0',
  '1',
  '.',
  'é',
  '😀',
  '\\',
  '?',
]
const RARE = [
  '\r',
  '\u0085',
  '\u2028',
  '\u00a0',
  '\u0007',
  '{',
  ']',
  '&',
  '*',
  '!',
  '|',
  '%',
  '@',
  '---',
  '...',
  '~',
  '\u007f',
  '\ud7ff',
]
const WORDS = [
  'yes',
  'On',
  'null',
  'true',
  '.5',
  '1e3',
  '0x1F',
  '12:30',
  '2020-01-02',
  '<<',
  '',
  '1_0',
  '0o7',
  '.inf',
  'NaN',
  '-0',
]

function makeString(random: Random): string {
  if (random.chance(3)) return WORDS[random.below(WORDS.length)] as string
  const pieces = random.chance(3) ? [...PIECES, ...RARE] : PIECES
  return random.list(random.pick(2, 6, 12), () => pieces[random.below(pieces.length)] as string).join('')
}

function makeValue(random: Random, depth: number): Value {
  if (depth === 0 || random.chance(3)) {
    const number = random.pick(
      '0',
      '-1',
      '1.50',
      '1e3',
      '1E6',
      '12345678901234567890',
      '1e30',
      '0.00001',
      '1e400',
      '-0',
      '18446744073709551616',
    )
    return random.pick<Value>(makeString(random), makeString(random), makeString(random), numberOf(number), null, true)
  }
  const members = random.list(3, () => makeValue(random, depth - 1))
  const key = (): Value =>
    random.chance(20)
      ? random.pick<Value>(1, null, ['x'], 'k'.repeat(random.pick(128, 129, 1022, 1023)))
      : makeString(random)
  return random.pick<() => Value>(
    () => members,
    () => new RegoObject(members.map((member) => [key(), member])),
    () =>
      random.chance(3)
        ? new RegoSet(members)
        : new RegoObject(members.map((member) => [`k${random.below(20)}`, member])),
  )()
}

const makeMarshal = (random: Random): Call => ({ name: 'yaml.marshal', args: [makeValue(random, 3)] })

function makeUnmarshal(random: Random): Call {
  const name = random.pick('yaml.unmarshal', 'yaml.unmarshal', 'yaml.is_valid')
  return { name, args: [random.chance(40) ? random.notText() : makeYaml(random)] }
}

function makeYaml(random: Random): string {
  if (random.chance(4)) return written(makeValue(random, 3)).replaceAll(/[\u2028\u2029]/g, '')
  return random.chance(3) ? makeFlow(random, 3) : makeBlock(random, 3, '')
}

function written(value: Value): string {
  try {
    return writeYaml(testContext(), value)
  } catch {
    return ''
  }
}

function makeScalar(random: Random): string {
  return random.pick(
    WORDS[random.below(WORDS.length)] as string,
    random.pick('text', 'two words', 'it: is', 'a#b', 'x', 'http://a/b?c=d'),
    JSON.stringify(random.text('ab é\n"\\\t', 5)),
    `'${random.text("ab ''é", 5)}'`,
    random.pick(
      '!!str 1',
      '!!int "3"',
      '!!float 1',
      '!foo bar',
      '! 12',
      '!!binary aGk=',
      '&x y',
      '*x',
      '!!int x',
      '&y 1',
      '*y',
    ),
    String(random.between(-20, 2000)),
    random.pick(
      '+12',
      '-0x1f',
      '0b101',
      '017',
      '089',
      '1.',
      '1.e3',
      '+.5',
      '1e',
      '0x',
      '9223372036854775808',
      '-9223372036854775809',
      '1__0',
      '1_',
    ),
  )
}

function makeFlow(random: Random, depth: number): string {
  if (depth === 0 || random.chance(3)) return makeScalar(random)
  const items = random.list(3, () => makeFlow(random, depth - 1))
  const [gap, comma] = [
    random.pick('', ' ', `\n${' '.repeat(20)}`),
    random.pick(',', ', ', ' ,', `,\n${' '.repeat(20)}`),
  ]
  if (random.chance(2)) return `[${gap}${items.join(comma)}${random.pick('', '', ',')}${gap}]`
  return `{${gap}${items.map((item) => `${random.pick('a', 'b', '"q"', '1', '<<', '1.5')}:${random.pick(' ', ' ', '')}${item}`).join(comma)}${gap}}`
}

function makeBlock(random: Random, depth: number, indent: string): string {
  if (depth === 0 || random.chance(4)) return random.chance(8) ? makeLines(random, indent) : makeFlow(random, 1)
  const deeper = indent + random.pick(' ', '  ', '  ', '    ')
  const lines = Array.from({ length: random.between(1, 3) }, (_, at) => {
    const child = (): string => makeBlock(random, depth - 1, deeper)
    const nested = random.chance(3)
    const comment = random.chance(8) ? ' # note' : ''
    return { child: child(), nested, comment, at }
  })
  const start = (at: number): string => (at === 0 && indent !== '' ? '' : indent)
  if (random.chance(2)) {
    return lines
      .map(({ child, nested, comment, at }) => `${start(at)}-${nested ? `${comment}\n${deeper}` : ' '}${child}`)
      .join('\n')
  }
  const key = (): string => random.pick('a', 'b', 'c', 'd d', '"q"', '1', '1.5', 'true', '<<', 'k')
  const body = lines.map(
    ({ child, nested, comment, at }) => `${start(at)}${key()}:${nested ? `${comment}\n${deeper}` : ' '}${child}`,
  )
  return (
    (random.chance(12) ? `${random.pick('---', '%YAML 1.1\n---', '# c')}\n` : '') +
    body.join(random.pick('\n', '\n', '\n', '\n\n', '\n---\n'))
  )
}

function makeLines(random: Random, indent: string): string {
  const head = random.pick('|', '>', '|-', '>-', '|+', '>+', '|2')
  const lines = random.list(4, () => random.pick('', `${indent}  x`, `${indent}  y z`, `${indent}   deep`))
  return [head, ...lines].join('\n')
}
