import { describe, expect, it } from 'vitest'
import { numberOf } from '../../wasm/number.ts'
import type { Value } from '../../wasm/value.ts'
import type { Random } from '../encoding/random.ts'
import { type Call, compareWithOracle } from '../oracle.ts'
import { testContext } from '../test-context.ts'
import { TIME } from './time.ts'
import zoneTable from './zones.json' with { type: 'json' }

const call = (name: string, ...args: Value[]): Value | undefined => TIME[name]?.(testContext(), ...args)

describe('time.*', () => {
  it('answers the time of the decision to the nanosecond', () => {
    expect(TIME['time.now_ns']?.(testContext(1_700_000_000_123_456_789n))).toEqual(numberOf('1700000000123456789'))
  })

  it('keeps nanoseconds that doubles would round', () => {
    expect(call('time.parse_rfc3339_ns', '2024-05-06T07:08:09.123456789Z')).toEqual(numberOf('1714979289123456789'))
    expect(call('time.format', numberOf('1714979289123456789'))).toBe('2024-05-06T07:08:09.123456789Z')
  })

  it('prints the abbreviation that held then, and offsets where there is none', () => {
    const at = (seconds: number, zone: string): Value | undefined => call('time.format', [seconds * 1e9, zone, 'MST'])
    expect(at(0, 'Europe/London')).toBe('BST')
    expect(at(1_700_000_000, 'Europe/London')).toBe('GMT')
    expect(at(1_700_000_000, 'Asia/Dubai')).toBe('+04')
    expect(at(-3_000_000_000, 'America/New_York')).toBe('LMT')
  })

  it('knows zones by their exact names only', () => {
    expect(() => call('time.date', [0, 'america/new_york'])).toThrow('unknown time zone america/new_york')
    expect(() => call('time.date', [0, '../../wasm/etc/passwd'])).toThrow('time: invalid location name')
    expect(() => call('time.date', [0, 'toString'])).toThrow('unknown time zone toString')
  })

  it('moves a skipped local time as Go does', () => {
    const before = call('time.parse_rfc3339_ns', '2024-03-30T02:30:00+01:00') ?? null
    expect(call('time.add_date', [before, 'Europe/Paris'], 0, 0, 1)).toEqual(
      call('time.parse_rfc3339_ns', '2024-03-31T03:30:00+02:00'),
    )
  })

  compareWithOracle({ family: 'time, of instants', make: makeInstantCall, seed: 2 })
  compareWithOracle({ family: 'time, parsing', make: makeParseCall, seed: 3 })
})

/** Releases of the database differ in these, and in what was before 1970. */
const IN_MOTION = /Casablanca|El_Aaiun|Edmonton|Vancouver|Yellowknife|Mountain|Pacific$|^[CEMW]ET$|Chisinau|Tiraspol/
const ZONES = Object.keys(zoneTable).filter((name) => !IN_MOTION.test(name))

function makeInstantCall(random: Random): Call {
  const name = random.pick(
    'time.date',
    'time.clock',
    'time.weekday',
    'time.format',
    'time.format',
    'time.add_date',
    'time.diff',
  )
  const operands = [makeInstant(random, name)]
  if (name === 'time.diff') operands.push(makeInstant(random, name))
  const count = (): Value => (random.chance(30) ? random.pick<Value>(1.5, 'x') : random.between(-20, 40))
  return { name, args: name === 'time.add_date' ? [...operands, count(), count(), count()] : operands }
}

function makeInstant(random: Random, name: string): Value {
  if (random.chance(60))
    return random.pick<Value>('x', [], [null], [0, 1], [0, 'Nowhere/City'], [0, 'UTC', 1], numberOf('1e300'), 0.5)
  if (random.chance(3)) return numberOf(random.pick('', name === 'time.diff' ? '' : '-') + random.digits(19))
  const number = numberOf(
    random.pick('1', '2', '3', '4', '5', '6', '7', '8', '9') + random.text('0123456789', 18).padStart(18, '0'),
  )
  const zone = random.chance(4) ? random.pick('UTC', '', 'Europe/Paris') : (ZONES[random.below(ZONES.length)] ?? '')
  return [number, zone, ...(name === 'time.format' && random.chance(2) ? [makeLayout(random)] : [])]
}

const ELEMENTS = [
  'January',
  'Jan',
  'Janx',
  '1',
  '01',
  'Monday',
  'Mon',
  '2',
  '_2',
  '02',
  '__2',
  '002',
  '15',
  '3',
  '03',
  '4',
  '04',
  '5',
  '05',
  '2006',
  '_2006',
  '06',
  'PM',
  'pm',
  'MST',
  '-0700',
  '-07:00',
  '-07',
  '-070000',
  '-07:00:00',
  'Z0700',
  'Z07:00',
  'Z07',
  '.000',
  ',999',
  '.999999999',
  '.0000000001',
  'é',
] as const

function makeLayout(random: Random): string {
  if (random.chance(4))
    return random.pick(
      'ANSIC',
      'UnixDate',
      'RubyDate',
      'RFC822',
      'RFC822Z',
      'RFC850',
      'RFC1123',
      'RFC1123Z',
      'RFC3339',
      'RFC3339Nano',
      '',
    )
  return Array.from({ length: random.between(1, 6) }, () => random.pick(...ELEMENTS)).join(
    random.pick(' ', ' ', '-', '', 'T'),
  )
}

function makeParseCall(random: Random): Call {
  const two = (low: number, high: number): string => String(random.between(low, high)).padStart(2, '0')
  if (random.chance(5)) return { name: 'time.parse_duration_ns', args: [makeDuration(random)] }
  const fraction = random.pick('', '', `.${random.digits(12)}`, `,${random.digits(3)}`)
  const zone = random.pick(
    'Z',
    'Z',
    '+02:00',
    '-07:30',
    '+23:59',
    random.chance(2) ? `+${two(0, 26)}:${two(0, 62)}` : '-00:00',
    random.pick('Z', ''),
  )
  const stamp = `${random.between(1675, 2265)}-${two(1, 12)}-${two(1, random.pick(28, 28, 31, 32))}T${two(0, 23)}:${two(0, 59)}:${two(0, random.pick(59, 60))}${fraction}${zone}`
  if (random.chance(2)) return { name: 'time.parse_rfc3339_ns', args: [stamp] }
  return { name: 'time.parse_ns', args: makeLayoutAndText(random) }
}

/** Text that mostly fits the layout. */
function makeLayoutAndText(random: Random): [string, string] {
  const two = (low: number, high: number): string => String(random.between(low, high)).padStart(2, '0')
  const one = (low: number, high: number): string => String(random.between(low, high))
  const word = (...words: readonly [string, ...string[]]): string => random.pick(...words)
  const parts: Readonly<Record<string, () => string>> = {
    '2006': () => random.pick('1999', '2024', '1970', '2000', '1800', random.pick('20x4', '+999', '0000')),
    '06': () => random.pick('69', '68', '00', '+5', '-5', 'xx'),
    January: () => word('January', 'february', 'MAY', 'Sept'),
    Jan: () => word('Jan', 'feb', 'DEC', 'Xyz'),
    '01': () => two(1, random.pick(12, 12, 13)),
    '1': () => one(1, 12),
    '02': () => two(1, random.pick(28, 28, 32)),
    '2': () => one(1, 31),
    _2: () => one(1, 31).padStart(2, ' '),
    '002': () => String(random.between(0, 367)).padStart(3, '0'),
    __2: () => String(random.between(1, 366)).padStart(3, ' '),
    Mon: () => word('Mon', 'tue', 'Sunday'),
    Monday: () => word('Monday', 'sunday', 'Sun'),
    '15': () => two(0, 24),
    '3': () => one(0, 13),
    '03': () => two(1, 12),
    '04': () => two(0, 60),
    '4': () => one(0, 59),
    '05': () => two(0, 59) + random.pick('', '', '.5', ',123456789123'),
    PM: () => word('AM', 'PM', 'pm'),
    pm: () => word('am', 'pm', 'AM'),
    MST: () =>
      word('UTC', 'MST', 'CEST', 'GMT+3', 'GMT', 'GMT+99', '+03', 'ChST', 'WITA', 'abc', 'ABCDEF', 'ABCDT', '-5'),
    '-0700': () => random.pick('+0000', '-0730', '+2501', '-07:00', '*0100', '+1x00'),
    '-07:00': () => random.pick('+00:00', '-07:30', '+01', '+24:60'),
    '-07:00:00': () => random.pick('+01:02:03', '-00:00:01', '+01:02:99'),
    'Z07:00': () => random.pick('Z', '+01:00', 'z'),
    Z0700: () => random.pick('Z', '-0100'),
    '-07': () => random.pick('-07', '+25', '+x1'),
    '.000': () => random.pick('.123', ',123', '.12', '.-12', '.+12'),
    '.999': () => random.pick('.1', '', ',123456', '.123456789012'),
  }
  const names = Object.keys(parts)
  const chosen = !random.chance(3)
    ? [
        '2006',
        random.pick('01', 'Jan', 'January', '1'),
        random.pick('02', '2', '_2'),
        random.pick('15', '03', '3'),
        '04',
        '05',
        random.pick('Z07:00', '-0700', 'MST', 'PM', '.000', '.999'),
      ]
    : Array.from({ length: random.between(1, 4) }, () => names[random.below(names.length)] ?? '')
  const separator = random.pick(' ', '-', ' é', 'T', '  ')
  const gap = separator === ' ' ? random.pick(' ', ' ', '  ') : separator
  return [
    chosen.join(separator),
    chosen.map((name) => parts[name]?.() ?? '').join(gap) + random.pick('', '', '', '', ' x', 'é'),
  ]
}

function makeDuration(random: Random): string {
  const segment = (): string => {
    const number = random.pick(
      random.digits(3),
      `${random.digits(2)}.${random.digits(10)}`,
      `.${random.digits(2)}`,
      random.digits(19),
      '.',
      '1.2.3',
      '5.',
    )
    return (
      number + random.pick('ns', 'us', 'µs', 'μs', 'ms', 's', 'm', 'h', 'd', 'w', 'y', random.pick('', 'x', 'é', 'H'))
    )
  }
  const segments = Array.from({ length: random.pick(1, 1, 2, 3) }, segment).join(random.chance(30) ? ' ' : '')
  return random.pick('', '', '-', '+') + random.pick(segments, segments, segments, segments, '0', '', 'd')
}
