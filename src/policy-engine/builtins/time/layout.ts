/** Go's layouts: the reference time, Mon Jan 2 15:04:05 MST 2006, written as wanted. Read the same for printing and for parsing. */

/** Width 2 and 3 are fixed where a text is read, 0 is as wide as the number. */
export type NumberElement =
  | { readonly kind: 'month' | 'day' | 'yearDay' | 'hour12' | 'minute' | 'second'; readonly width: number }
  | { readonly kind: 'hour' | 'spacedDay' | 'spacedYearDay' }

export type Element =
  | NumberElement
  | { readonly kind: 'year' | 'shortYear' | 'PM' | 'pm' | 'zone' }
  | { readonly kind: 'shortMonth' | 'longMonth' | 'shortWeekday' | 'longWeekday' }
  | OffsetElement
  | FractionElement

export interface OffsetElement {
  readonly kind: 'offset'
  /** Z for UTC. */
  readonly iso: boolean
  readonly colon: boolean
  readonly minutes: boolean
  readonly seconds: boolean
}

export interface FractionElement {
  readonly kind: 'fraction'
  readonly separator: string
  readonly digits: number
  /** Trailing zeros are left out. */
  readonly trim: boolean
}

export interface Chunk {
  /** Literal text before the element. */
  readonly prefix: string
  /** Undefined at the end of the layout. */
  readonly element: Element | undefined
  /** The element as the layout spells it. */
  readonly text: string
  readonly rest: string
}

const NEXT =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|2006|2|_2(?!006)|__2|3|4|5|PM|pm|[-Z]07(?:0000|:00:00|00|:00|)|[.,](?:0+|9+)(?![0-9])/

const ELEMENTS: Readonly<Record<string, Element>> = {
  January: { kind: 'longMonth' },
  Jan: { kind: 'shortMonth' },
  '1': { kind: 'month', width: 0 },
  '01': { kind: 'month', width: 2 },
  Monday: { kind: 'longWeekday' },
  Mon: { kind: 'shortWeekday' },
  '2': { kind: 'day', width: 0 },
  _2: { kind: 'spacedDay' },
  '02': { kind: 'day', width: 2 },
  __2: { kind: 'spacedYearDay' },
  '002': { kind: 'yearDay', width: 3 },
  '15': { kind: 'hour' },
  '3': { kind: 'hour12', width: 0 },
  '03': { kind: 'hour12', width: 2 },
  '4': { kind: 'minute', width: 0 },
  '04': { kind: 'minute', width: 2 },
  '5': { kind: 'second', width: 0 },
  '05': { kind: 'second', width: 2 },
  '2006': { kind: 'year' },
  '06': { kind: 'shortYear' },
  PM: { kind: 'PM' },
  pm: { kind: 'pm' },
  MST: { kind: 'zone' },
}

export function nextChunk(layout: string): Chunk {
  const found = NEXT.exec(layout)
  if (found === null) return { prefix: layout, element: undefined, text: '', rest: '' }
  const [text] = found
  return {
    prefix: layout.slice(0, found.index),
    element: elementOf(text),
    text,
    rest: layout.slice(found.index + text.length),
  }
}

function elementOf(text: string): Element {
  const known = ELEMENTS[text]
  if (known !== undefined) return known
  const first = text.charAt(0)
  if (first === '.' || first === ',') {
    return { kind: 'fraction', separator: first, digits: text.length - 1, trim: text.charAt(1) === '9' }
  }
  const digits = text.replace(/[^0-9]/g, '').length
  return { kind: 'offset', iso: first === 'Z', colon: text.includes(':'), minutes: digits > 2, seconds: digits > 4 }
}

const RFC3339_NANO = '2006-01-02T15:04:05.999999999Z07:00'

/** Layouts that OPA knows by name. */
const NAMED: Readonly<Record<string, string>> = {
  ANSIC: 'Mon Jan _2 15:04:05 2006',
  UnixDate: 'Mon Jan _2 15:04:05 MST 2006',
  RubyDate: 'Mon Jan 02 15:04:05 -0700 2006',
  RFC822: '02 Jan 06 15:04 MST',
  RFC822Z: '02 Jan 06 15:04 -0700',
  RFC850: 'Monday, 02-Jan-06 15:04:05 MST',
  RFC1123: 'Mon, 02 Jan 2006 15:04:05 MST',
  RFC1123Z: 'Mon, 02 Jan 2006 15:04:05 -0700',
  RFC3339: '2006-01-02T15:04:05Z07:00',
  RFC3339Nano: RFC3339_NANO,
}

export const layoutNamed = (layout: string): string =>
  (Object.hasOwn(NAMED, layout) ? NAMED[layout] : undefined) ?? layout

export const DEFAULT_LAYOUT = RFC3339_NANO
export const RFC3339 = '2006-01-02T15:04:05Z07:00'

export const MONTHS = 'January February March April May June July August September October November December'.split(' ')
export const WEEKDAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')
