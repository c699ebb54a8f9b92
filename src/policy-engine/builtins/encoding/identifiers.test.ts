import { describe, expect, it } from 'vitest'
import type { Value } from '../../wasm/value.ts'
import type { BuiltinContext } from '../builtin.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { ENCODING } from './encoding.ts'
import { IDENTIFIERS } from './identifiers.ts'
import type { Random } from './random.ts'

const call = (context: BuiltinContext, name: string, ...args: Value[]): Value | undefined =>
  (IDENTIFIERS[name] ?? ENCODING[name])?.(context, ...args)

describe('uuid.*, rand.intn, semver.*, hex.*, base64url', () => {
  it('makes UUIDs of version 4 (RFC 9562 5.4)', () => {
    const made = call(testContext(), 'uuid.rfc4122', 'key')
    expect(made).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(call(testContext(), 'uuid.parse', made ?? null)).toBeDefined()
  })

  it('draws below the limit, once for a key and a size of either sign', () => {
    const context = testContext()
    const drawn = call(context, 'rand.intn', 'a', 1000)
    expect(drawn).toBeTypeOf('number')
    expect(drawn).toBeLessThan(1000)
    expect(call(context, 'rand.intn', 'a', -1000)).toBe(drawn)
    expect(call(context, 'rand.intn', 'a', 0)).toBe(0)
    const others = Array.from({ length: 20 }, (_, at) => call(context, 'rand.intn', `key${at}`, 1000))
    expect(new Set(others).size).toBeGreaterThan(10)
  })

  it('replaces each byte that is no UTF-8, as Go does where it writes JSON', () => {
    expect(call(testContext(), 'hex.decode', 'e282ff41')).toBe('\ufffd\ufffd\ufffdA')
    expect(call(testContext(), 'hex.decode', 'EFBBBF41')).toBe('\ufeffA')
  })

  compareWithOracle({ family: 'identifiers', make: makeCall })
})

const HEX = '0123456789abcdef'

function makeCall(random: Random): Call {
  const name = random.pick(
    'uuid.parse',
    'semver.compare',
    'semver.compare',
    'semver.is_valid',
    'hex.decode',
    'hex.encode',
    'base64url.encode_no_pad',
  )
  if (random.chance(30)) return { name, args: [random.notText(), ...(name === 'semver.compare' ? ['1.0.0'] : [])] }
  if (name === 'uuid.parse') return { name, args: [makeUuid(random)] }
  if (name === 'semver.compare') return { name, args: [makeVersion(random), makeVersion(random)] }
  if (name === 'semver.is_valid') return { name, args: [makeVersion(random)] }
  if (name === 'hex.decode' && random.chance(2)) return { name, args: [makeUtf8(random)] }
  if (name === 'hex.decode')
    return { name, args: [random.text(`${HEX}ABCDEF${random.pick('', '', '', 'gé😀\n')}`, 12)] }
  return { name, args: [random.text('ab\n~é😀€\u0000"', 9)] }
}

/** Around the borders of what is UTF-8 (Unicode, table 3-7). */
const makeUtf8 = (random: Random): string =>
  random
    .list(9, () =>
      random.pick(
        '41',
        '7f',
        '80',
        '8f',
        '90',
        '9f',
        'a0',
        'bf',
        'c0',
        'c2',
        'df',
        'e0',
        'e2',
        'ed',
        'ef',
        'f0',
        'f4',
        'f5',
        'ff',
      ),
    )
    .join('')

function makeUuid(random: Random): string {
  const hex = (length: number): string => Array.from({ length }, () => HEX[random.below(16)]).join('')
  const parts = [
    hex(8),
    hex(4),
    random.pick('1', '2', '2', '4', '7') + hex(3),
    hex(2) + random.pick('00', '01', '02', '03', hex(2)),
    hex(12),
  ]
  const plain = parts.join(random.chance(20) ? '_' : '-')
  return random.pick(plain, `{${plain}}`, `Urn:Uuid:${plain}`, parts.join(''), `é${plain.slice(1)}`, `x${plain}`)
}

function makeVersion(random: Random): string {
  const number = (): string => random.pick('0', '1', '2', '10', '01', random.digits(21).slice(0, random.between(1, 21)))
  const identifiers = (): string =>
    random.list(3, () => random.pick('a', 'b-', '1', '2', '10', '01', '99999999999999999999', '', 'é')).join('.')
  const core = [random.pick('1', '2', number()), random.pick('0', '1', number()), random.pick('0', '3', number())]
  const tail = random.pick(
    '',
    '',
    `-${identifiers()}`,
    `-alpha.${random.between(0, 12)}`,
    `+${identifiers()}`,
    `-rc+${identifiers()}`,
  )
  return random.pick('', '', 'v') + core.join('.') + tail
}
