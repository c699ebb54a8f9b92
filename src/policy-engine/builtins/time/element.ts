/** Reads one element of a Go layout from the beginning of a byte string. */
import {
  type Element,
  type FractionElement,
  MONTHS,
  type NumberElement,
  nextChunk,
  type OffsetElement,
  WEEKDAYS,
} from './layout.ts'

/** What was read so far; absent where the layout has no such element. */
export interface ReadFields {
  year: number
  month?: number
  day?: number
  yearDay?: number
  hour: number
  minute: number
  second: number
  nanosecond: number
  am: boolean
  pm: boolean
  /** Said to be UTC, which no offset changes. */
  utc: boolean
  /** Seconds east of UTC. */
  offset: number
}

/** The text is no such element, or its value is out of range. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
  readonly range: string | undefined
  constructor(range?: string) {
    super(range === undefined ? 'bad value for field' : `${range} out of range`)
    this.range = range
  }
}

/** Answers what is left of the value. `rest` is the layout behind the element. */
export function readElement(element: Element, value: string, rest: string, fields: ReadFields): string {
  switch (element.kind) {
    case 'year':
      if (!/^[0-9]/.test(value)) throw new Unreadable()
      fields.year = integer(value, 4)
      return value.slice(4)
    case 'shortYear':
      fields.year = integer(value, 2)
      fields.year += fields.year >= 69 ? 1900 : 2000
      return value.slice(2)
    case 'longMonth':
    case 'shortMonth':
      return readName(MONTHS, element.kind === 'shortMonth', value, (index) => {
        fields.month = index + 1
      })
    case 'longWeekday':
    case 'shortWeekday':
      return readName(WEEKDAYS, element.kind === 'shortWeekday', value, () => {})
    case 'PM':
    case 'pm':
      return readHalf(element.kind, value, fields)
    case 'fraction':
      return readFraction(element, value, fields)
    case 'offset':
      return readOffset(element, value, fields)
    case 'zone':
      return readZone(value, fields)
    default:
      return readNumber(element, value, rest, fields)
  }
}

function readNumber(element: NumberElement, value: string, rest: string, fields: ReadFields): string {
  const fixed = 'width' in element && element.width > 0
  switch (element.kind) {
    case 'month':
      return number(value, fixed, (month) => {
        fields.month = inRange(month, 1, 12, 'month')
      })
    case 'day':
    case 'spacedDay':
      return number(element.kind === 'spacedDay' ? value.replace(/^ /, '') : value, fixed, (day) => {
        fields.day = day
      })
    case 'yearDay':
    case 'spacedYearDay': {
      const [digits = ''] = /^[0-9]{1,3}/.exec(fixed ? value : value.replace(/^ {1,2}/, '')) ?? []
      if (digits === '' || (fixed && digits.length !== 3)) throw new Unreadable()
      fields.yearDay = Number(digits)
      return value.replace(/^ {0,2}/, '').slice(digits.length)
    }
    case 'hour':
    case 'hour12':
      return number(value, fixed, (hour) => {
        fields.hour = inRange(hour, 0, element.kind === 'hour' ? 23 : 12, 'hour')
      })
    case 'minute':
      return number(value, fixed, (minute) => {
        fields.minute = inRange(minute, 0, 59, 'minute')
      })
    case 'second': {
      const left = number(value, fixed, (second) => {
        fields.second = inRange(second, 0, 59, 'second')
      })
      return readUnaskedFraction(left, rest, fields)
    }
  }
}

/** One or two digits; two where fixed. */
function number(value: string, fixed: boolean, take: (value: number) => void): string {
  const [digits] = (fixed ? /^[0-9]{2}/ : /^[0-9]{1,2}/).exec(value) ?? []
  if (digits === undefined) throw new Unreadable()
  take(Number(digits))
  return value.slice(digits.length)
}

function inRange(value: number, low: number, high: number, name: string): number {
  if (value < low || value > high) throw new Unreadable(name)
  return value
}

/** Go's atoi of so many bytes: a sign, and no digit at all, will do. */
function integer(value: string, length: number): number {
  const text = value.slice(0, length)
  if (text.length < length || !/^[-+]?[0-9]*$/.test(text)) throw new Unreadable()
  return Number.parseInt(text, 10) || 0
}

function readName(names: readonly string[], short: boolean, value: string, take: (index: number) => void): string {
  const index = names.findIndex((name) => {
    const wanted = short ? name.slice(0, 3) : name
    return value.slice(0, wanted.length).toLowerCase() === wanted.toLowerCase()
  })
  const name = names[index]
  if (name === undefined) throw new Unreadable()
  take(index)
  return value.slice(short ? 3 : name.length)
}

function readHalf(wanted: 'PM' | 'pm', value: string, fields: ReadFields): string {
  const [am, pm] = wanted === 'PM' ? ['AM', 'PM'] : ['am', 'pm']
  const half = value.slice(0, 2)
  if (half !== am && half !== pm) throw new Unreadable()
  fields[half === pm ? 'pm' : 'am'] = true
  return value.slice(2)
}

/** A fraction may follow the seconds although the layout has none. */
function readUnaskedFraction(value: string, rest: string, fields: ReadFields): string {
  const [fraction] = /^[.,][0-9]+/.exec(value) ?? []
  if (fraction === undefined || nextChunk(rest).element?.kind === 'fraction') return value
  takeNanoseconds(fraction, fields)
  return value.slice(fraction.length)
}

function readFraction({ digits, trim }: FractionElement, value: string, fields: ReadFields): string {
  if (!trim && value.length < digits + 1) throw new Unreadable()
  const fraction = trim ? /^[.,][0-9]+/.exec(value)?.[0] : value.slice(0, digits + 1)
  if (fraction === undefined) return value
  takeNanoseconds(fraction, fields)
  return value.slice(fraction.length)
}

function takeNanoseconds(fraction: string, fields: ReadFields): void {
  if (!/^[.,]/.test(fraction)) throw new Unreadable()
  const digits = fraction.slice(1, 10)
  const count = integer(digits, digits.length)
  if (count < 0) throw new Unreadable('fractional second')
  fields.nanosecond = count * 10 ** (9 - digits.length)
}

function readOffset(element: OffsetElement, value: string, fields: ReadFields): string {
  if (element.iso && value.startsWith('Z')) {
    fields.utc = true
    return value.slice(1)
  }
  const { sign, parts, length } = splitOffset(element, value)
  const wrongAt = parts.findIndex((part) => !/^[0-9]{2}$/.test(part))
  const [hours = 0, minutes = 0, seconds = 0] = parts.slice(0, wrongAt < 0 ? undefined : wrongAt).map(Number)
  inRange(seconds, 0, 60, 'time zone offset second')
  inRange(minutes, 0, 60, 'time zone offset minute')
  inRange(hours, 0, 24, 'time zone offset hour')
  if (wrongAt >= 0 || (sign !== '+' && sign !== '-')) throw new Unreadable()
  fields.offset = (sign === '-' ? -1 : 1) * ((hours * 60 + minutes) * 60 + seconds)
  return value.slice(length)
}

function splitOffset({ colon, minutes, seconds }: OffsetElement, value: string) {
  const count = seconds ? 3 : minutes ? 2 : 1
  const step = colon ? 3 : 2
  const length = 1 + 2 + (count - 1) * step
  const colons = colon ? [3, 6].slice(0, count - 1) : []
  if (value.length < length || colons.some((at) => value[at] !== ':')) throw new Unreadable()
  const parts = Array.from({ length: count }, (_, at) => value.slice(1 + at * step, 3 + at * step))
  return { sign: value[0], parts, length }
}

/** An abbreviation is only skipped: in UTC's location Go knows the offset of none. */
function readZone(value: string, fields: ReadFields): string {
  if (value.startsWith('UTC')) {
    fields.utc = true
    return value.slice(3)
  }
  const [name = ''] = value.length < 3 ? [] : (/^ChST|^MeST|^GMT(?:[-+][0-9]+)?|^[-+][0-9]+|^[A-Z]+/.exec(value) ?? [])
  return value.slice(zoneNameLength(name))
}

function zoneNameLength(name: string): number {
  // Hours above 23 are not part of GMT's name.
  if (name.startsWith('GMT')) return Number(name.slice(4)) <= 23 ? name.length : 3
  const isOffset = /^[-+]/.test(name) && Number(name.slice(1)) <= 23
  const isWord = /^(?:[A-Z]{3}|[A-Z]{3,4}T|WITA|ChST|MeST)$/.test(name)
  if (!isOffset && !isWord) throw new Unreadable()
  return name.length
}
