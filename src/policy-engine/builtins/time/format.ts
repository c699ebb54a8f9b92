/** Times as Go's Time.Format prints them. */
import { type Civil, civilOf, weekdayOf, yearDayOf } from './civil.ts'
import { type Element, type FractionElement, MONTHS, nextChunk, type OffsetElement, WEEKDAYS } from './layout.ts'
import type { Zone } from './zone.ts'

export interface ZonedTime {
  /** Of Unix time. */
  readonly seconds: number
  readonly nanosecond: number
  readonly zone: Zone
}

interface Fields extends Civil {
  readonly time: ZonedTime
  readonly offset: number
}

export function formatTime(time: ZonedTime, layout: string): string {
  const offset = time.zone.offsetAt(time.seconds)
  const fields = { ...civilOf(time.seconds + offset), time, offset }
  let text = ''
  for (let left = layout; left !== ''; ) {
    const { prefix, element, rest } = nextChunk(left)
    text += prefix
    if (element !== undefined) text += write(element, fields)
    left = rest
  }
  return text
}

const padded = (value: number, width: number, fill = '0'): string => String(value).padStart(width, fill)

function write(element: Element, fields: Fields): string {
  const { year, month, day, hour, minute, second, time, offset } = fields
  const hour12 = hour % 12 === 0 ? 12 : hour % 12
  switch (element.kind) {
    case 'year':
      return padded(year, 4)
    case 'shortYear':
      return padded(year % 100, 2)
    case 'month':
      return padded(month, element.width)
    case 'longMonth':
      return MONTHS[month - 1] ?? ''
    case 'shortMonth':
      return MONTHS[month - 1]?.slice(0, 3) ?? ''
    case 'longWeekday':
      return WEEKDAYS[weekdayOf(time.seconds + offset)] ?? ''
    case 'shortWeekday':
      return WEEKDAYS[weekdayOf(time.seconds + offset)]?.slice(0, 3) ?? ''
    case 'day':
      return padded(day, element.width)
    case 'spacedDay':
      return padded(day, 2, ' ')
    case 'yearDay':
      return padded(yearDayOf(fields), element.width)
    case 'spacedYearDay':
      return padded(yearDayOf(fields), 3, ' ')
    case 'hour':
      return padded(hour, 2)
    case 'hour12':
      return padded(hour12, element.width)
    case 'minute':
      return padded(minute, element.width)
    case 'second':
      return padded(second, element.width)
    case 'PM':
      return hour >= 12 ? 'PM' : 'AM'
    case 'pm':
      return hour >= 12 ? 'pm' : 'am'
    case 'zone':
      return time.zone.abbreviationAt(time.seconds)
    case 'offset':
      return writeOffset(element, offset)
    case 'fraction':
      return writeFraction(element, time.nanosecond)
  }
}

/** Go takes the sign from whole minutes: half a minute west of UTC is +00. */
function writeOffset({ iso, colon, minutes, seconds }: OffsetElement, offset: number): string {
  if (iso && offset === 0) return 'Z'
  const zone = Math.trunc(offset / 60)
  const size = Math.abs(zone)
  const separator = colon ? ':' : ''
  const hours = `${zone < 0 ? '-' : '+'}${padded(Math.floor(size / 60), 2)}`
  if (!minutes) return hours
  const rest = seconds ? separator + padded(Math.abs(offset) % 60, 2) : ''
  return `${hours}${separator}${padded(size % 60, 2)}${rest}`
}

function writeFraction({ separator, digits, trim }: FractionElement, nanosecond: number): string {
  const all = padded(nanosecond, 9)
  if (!trim) return separator + all.slice(0, digits)
  const shown = all.slice(0, digits).replace(/0+$/, '')
  return shown === '' ? '' : separator + shown
}
