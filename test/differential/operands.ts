/** Operands for a built-in, as JSON, by its declared types; where texts have a form of their own, mostly of that form. */
import type { Random } from '../../src/policy-engine/builtins/encoding/random.ts'
import { rawJSON } from './raw-numbers.ts'

/** A type as `opa capabilities` writes it. */
export interface Kind {
  readonly type: string
  readonly of?: Kind | readonly Kind[]
  readonly dynamic?: unknown
}

const TEXTS = [
  '',
  'a',
  'ab',
  'abc',
  'banana',
  'Über',
  'ß',
  'a/b/c',
  'x y',
  '  x ',
  '\u{1f600}b',
  'İ',
  '-1.50',
  '7',
  'ab,cd',
  'e\u0301',
  '\t',
] as const
const NUMBERS = [
  '0',
  '1',
  '2',
  '3',
  '-1',
  '10',
  '63',
  '1.5',
  '-0.5',
  '2.50',
  '1e3',
  '9007199254740993',
  '12345678901234567890',
  '-7',
  '0.1',
] as const
const SMALL = [0, 1, 2, 3, 5, -1, 20] as const
/**
 * By name and position. Left out, since OPA's compiler to WASM answers otherwise and nobody means them: shifts by 1e3, paths
 * "" and the empty path of json.filter and json.remove, objects that are none for object.union_n, fewer than -1 matches, groups named as (?<n>…).
 */
const FORMS: Readonly<Record<string, readonly unknown[]>> = {
  'regex.match 0': ['a+', '^b', '[a-c]{2}', '(a|b)*c', '\\p{L}+', '(?i)A', '', '['],
  'regex.is_valid 0': ['a+', '(', '\\d', '(?P<n>a)', '*'],
  'regex.find_all_string_submatch_n 0': ['a(.)', '(a|b)', '\\w+', '', '('],
  'regex.split 0': ['a', ',', '', '['],
  'glob.match 0': ['*', 'a*', 'a/*', 'a/**', '{a,ab}', '[a-c]*', '?', 'a/?/c', '[!a]*'],
  'glob.match 1': [null, [], ['/'], ['.'], [',', '/']],
  'json.unmarshal 0': ['{"a":1}', '[1, 2.50]', '"x"', '1e3', 'null', '{', '{"a":1,"a":2}', '"\\u00e9"', ' true '],
  'json.is_valid 0': ['{"a":1}', '[', '1', '', '{"a":}', '"\\ud800"'],
  'base64.decode 0': ['YQ==', 'YWI=', 'YWJj', 'YQ', '!!', ''],
  'base64.is_valid 0': ['YQ==', 'YQ', 'a b', ''],
  'base64url.decode 0': ['YQ==', 'YWI', 'Pz8_', '+/', ''],
  'net.cidr_contains 0': ['10.0.0.0/8', '192.168.1.0/24', '::/0', '10.0.0.0', 'x'],
  'net.cidr_contains 1': ['10.1.2.3', '10.0.0.0/16', '192.168.1.7', '::1', '10.0.0.0/7', 'y'],
  'net.cidr_intersects 0': ['10.0.0.0/8', '192.168.1.0/24', '::/0', 'x'],
  'net.cidr_intersects 1': ['10.0.0.0/16', '192.168.0.0/16', '::1/128', 'y'],
  'to_number 0': ['1', '1.50', '-0', '1e3', 'x', '', ' 1', '0x10', true, false, null, '1e400', 'Inf'],
  'strings.replace_n 0': [{ a: 'b' }, { a: '', b: 'x' }, { ab: 'c', a: 'd' }, {}],
  'format_int 1': [2, 8, 10, 16],
  'regex.find_all_string_submatch_n 2': [-1, 0, 1, 2, 5],
  'bits.lsh 0': [...SMALL, rawJSON('12345678901234567890')],
  'bits.lsh 1': SMALL,
  'bits.rsh 0': [...SMALL, rawJSON('12345678901234567890')],
  'bits.rsh 1': SMALL,
  'numbers.range 0': SMALL,
  'numbers.range 1': SMALL,
  'array.slice 1': SMALL,
  'array.slice 2': SMALL,
  'substring 1': SMALL,
  'substring 2': SMALL,
  'object.union_n 0': [
    [{ a: 1 }, { a: { b: 2 } }],
    [{}, { b: [1] }, { b: 2, c: null }],
    [],
    [{ a: { b: 1 } }, { a: { c: 2 } }],
  ],
  'union 0': [[['a'], ['b', 'a']], [], [[]], [[1, 1.0, 'x'], [2]]],
  'intersection 0': [[['a'], ['b', 'a']], [], [[], ['a']], [[1, 2], [2, 3], [2]]],
  'time.parse_duration_ns 0': ['1h', '1.5s', 'x'],
  'graph.reachable 0': [{ a: ['b'], b: ['c', 'a'], c: [] }, { a: ['a'] }, {}],
  'graph.reachable 1': [['a'], ['b', 'x'], []],
  'json.filter 1': [['a'], ['a/b', 'c'], [['a', 'b']], []],
  'json.remove 1': [['a'], ['a/b', 'c'], [['a', 'b'], ['0']], ['0'], []],
  'object.get 1': ['a', 'x', ['a', 'b'], [], 0, null],
}

/** Whose operands are never others than those above. */
const EXACT: Readonly<Record<string, true>> = {
  'numbers.range': true,
  'bits.lsh': true,
  'bits.rsh': true,
  'object.union_n': true,
  'json.filter': true,
  'json.remove': true,
  'regex.find_all_string_submatch_n': true,
}

export function operandsFor(random: Random, name: string, kinds: readonly Kind[]): unknown[] {
  return kinds.map((kind, at) => {
    const forms = FORMS[`${name} ${at}`]
    if (forms !== undefined && (name in EXACT || !random.chance(12))) return forms[random.below(forms.length)]
    return random.chance(20) ? any(random, 2) : ofKind(random, kind)
  })
}

function ofKind(random: Random, kind: Kind): unknown {
  const { type, of } = kind
  switch (type) {
    case 'string':
      return random.pick(...TEXTS)
    case 'number':
      return number(random)
    case 'boolean':
      return random.chance(2)
    case 'null':
      return null
    case 'array':
    case 'set':
      return random.list(4, () => member(random, kind))
    case 'object':
      return Object.fromEntries(random.list(3, () => [random.pick('a', 'b', 'c', 'x'), any(random, 2)]))
    default:
      return Array.isArray(of) && of.length > 0 ? ofKind(random, of[random.below(of.length)] as Kind) : any(random, 2)
  }
}

function member(random: Random, { of, dynamic }: Kind): unknown {
  const inner = (of ?? dynamic) as Kind | undefined
  return inner === undefined || Array.isArray(inner) ? any(random, 1) : ofKind(random, inner)
}

const number = (random: Random): unknown => {
  const text = random.pick(...NUMBERS)
  return String(Number(text)) === text ? Number(text) : rawJSON(text)
}

function any(random: Random, depth: number): unknown {
  if (depth > 0 && random.chance(4)) return random.list(3, () => any(random, depth - 1))
  if (depth > 0 && random.chance(4))
    return Object.fromEntries(random.list(3, () => [random.pick('a', 'b', 'c'), any(random, depth - 1)]))
  return random.pick<() => unknown>(
    () => random.pick(...TEXTS),
    () => number(random),
    () => random.pick(true, false, null),
  )()
}
