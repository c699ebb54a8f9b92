/** Times as Go's time.Parse reads them, in UTC where the text names no zone. On byte strings, as Go's offsets are of bytes. */
import { BuiltinError } from '../builtin.ts'
import { toBytes } from '../encoding/url-escape.ts'
import { daysInMonth, isLeapYear, secondsOf } from './civil.ts'
import { type ReadFields, readElement, Unreadable } from './element.ts'
import { nextChunk } from './layout.ts'
import { quoteBytes } from './quote.ts'

const NOTHING_READ: ReadFields = {
  year: 0,
  hour: 0,
  minute: 0,
  second: 0,
  nanosecond: 0,
  am: false,
  pm: false,
  utc: false,
  offset: 0,
}

/** Nanoseconds of Unix time, of any year from 0 to 9999. */
export function parseTime(layoutText: string, valueText: string): bigint {
  const layout = toBytes(layoutText)
  const value = toBytes(valueText)
  const refuse = (element: string, at: string): BuiltinError =>
    new BuiltinError(
      `parsing time ${quoteBytes(value)} as ${quoteBytes(layout)}: cannot parse ${quoteBytes(at)} as ${quoteBytes(element)}`,
    )
  const outOf = (message: string): BuiltinError => new BuiltinError(`parsing time ${quoteBytes(value)}: ${message}`)
  const fields: ReadFields = { ...NOTHING_READ }
  let left = value
  for (let layoutLeft = layout; ; ) {
    const { prefix, element, text, rest } = nextChunk(layoutLeft)
    const skipped = skip(left, prefix)
    if (!skipped.whole) throw refuse(prefix, skipped.left)
    left = skipped.left
    if (element === undefined) {
      if (left !== '') throw outOf(`extra text: ${quoteBytes(left)}`)
      break
    }
    layoutLeft = rest
    try {
      left = readElement(element, left, rest, fields)
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      throw error.range === undefined ? refuse(text, left) : outOf(`${error.range} out of range`)
    }
  }
  return nanoseconds(fields, outOf)
}

/** A run of spaces in the layout stands for one of any length. */
function skip(value: string, prefix: string): { readonly left: string; readonly whole: boolean } {
  let left = value
  for (let wanted = prefix; wanted !== ''; ) {
    if (wanted.startsWith(' ')) {
      if (left !== '' && !left.startsWith(' ')) return { left, whole: false }
      wanted = wanted.replace(/^ +/, '')
      left = left.replace(/^ +/, '')
    } else {
      if (left === '' || left[0] !== wanted[0]) return { left, whole: false }
      wanted = wanted.slice(1)
      left = left.slice(1)
    }
  }
  return { left, whole: true }
}

function nanoseconds(fields: ReadFields, outOf: (message: string) => BuiltinError): bigint {
  const { year, minute, second, nanosecond } = fields
  const { month, day } = fields.yearDay === undefined ? monthDay(fields) : fromYearDay(fields, fields.yearDay, outOf)
  if (day < 1 || day > daysInMonth(year, month)) throw outOf('day out of range')
  const hour = hour24(fields)
  const seconds = secondsOf({ year, month, day, hour, minute, second }) - (fields.utc ? 0 : offsetOf(fields))
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanosecond)
}

const monthDay = ({ month = 1, day = 1 }: ReadFields): { month: number; day: number } => ({ month, day })

/** To Go an offset of one second west is the mark of none. */
const offsetOf = ({ offset }: ReadFields): number => (offset === -1 ? 0 : offset)

function hour24({ hour, am, pm }: ReadFields): number {
  if (pm && hour < 12) return hour + 12
  return am && hour === 12 ? 0 : hour
}

function fromYearDay(
  { year, month, day }: ReadFields,
  yearDay: number,
  outOf: (message: string) => BuiltinError,
): { month: number; day: number } {
  if (yearDay < 1 || yearDay > (isLeapYear(year) ? 366 : 365)) throw outOf('day-of-year out of range')
  let found = 1
  let rest = yearDay
  while (rest > daysInMonth(year, found)) rest -= daysInMonth(year, found++)
  if (month !== undefined && month !== found) throw outOf('day-of-year does not match month')
  if (day !== undefined && day !== rest) throw outOf('day-of-year does not match day')
  return { month: found, day: rest }
}
