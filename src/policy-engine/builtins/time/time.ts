/** time.*: nanoseconds of Unix time as exact 64-bit integers, Go's layouts, IANA zones. */
import { numberOfBigInt, numberText } from '../../wasm/number.ts'
import { isArray, isNumber, type Value } from '../../wasm/value.ts'
import { type BuiltinContext, BuiltinError, type BuiltinTable } from '../builtin.ts'
import { isWhole, parseBigFloat, truncated } from '../numbers/big-float.ts'
import { asInt, asNumber, asString, wrongKind } from '../operands.ts'
import { type Civil, civilOf, daysInMonth, secondsOf, weekdayOf } from './civil.ts'
import { parseDuration } from './duration.ts'
import { formatTime, type ZonedTime } from './format.ts'
import { DEFAULT_LAYOUT, layoutNamed, RFC3339, WEEKDAYS } from './layout.ts'
import { parseTime } from './parse.ts'
import { UTC, type Zone, zoneNamed } from './zone.ts'

export const TIME: BuiltinTable = {
  'time.now_ns': (context) => numberOfBigInt(context.nowNs()),
  'time.parse_ns': (context, layout, text) => {
    const [wanted, given] = [asString(1, layout), asString(2, text)]
    context.charge(wanted.length * 20)
    return inRange(parseTime(layoutNamed(wanted), given))
  },
  'time.parse_rfc3339_ns': (_, text) => inRange(parseTime(RFC3339, asString(1, text))),
  'time.parse_duration_ns': (_, text) => numberOfBigInt(parseDuration(asString(1, text))),
  'time.format': (context, operand) => {
    const { time, layout } = timeOperand(context, operand)
    context.charge(layout.length * 20)
    return formatTime(time, layout === '' ? DEFAULT_LAYOUT : layoutNamed(layout))
  },
  'time.date': (context, operand) => {
    const { year, month, day } = civilAt(timeOperand(context, operand).time)
    return [year, month, day]
  },
  'time.clock': (context, operand) => {
    const { hour, minute, second } = civilAt(timeOperand(context, operand).time)
    return [hour, minute, second]
  },
  'time.weekday': (context, operand) => {
    const { seconds, zone } = timeOperand(context, operand).time
    return WEEKDAYS[weekdayOf(seconds + zone.offsetAt(seconds))] ?? ''
  },
  'time.add_date': (context, operand, years, months, days) =>
    addDate(timeOperand(context, operand).time, asInt(2, years), asInt(3, months), asInt(4, days)),
  'time.diff': (context, from, to) => difference(timeOperand(context, from).time, timeOperand(context, to).time),
}

const SECOND = 1_000_000_000n
const MIN_NS = -(2n ** 63n)
const MAX_NS = 2n ** 63n - 1n
/** What asking for an offset costs. */
const ZONE_UNITS = 500

function inRange(nanoseconds: bigint): Value {
  if (nanoseconds < MIN_NS || nanoseconds > MAX_NS) throw new BuiltinError('time outside of valid range')
  return numberOfBigInt(nanoseconds)
}

interface TimeOperand {
  readonly time: ZonedTime
  readonly layout: string
}

/** Nanoseconds alone, or an array of them with a zone, or with zone and layout. Always called operand 1. */
function timeOperand(context: BuiltinContext, given: Value | undefined): TimeOperand {
  const value = given ?? null
  const [first, zone, layout] = isArray(value) ? value : [value]
  if (first === undefined || !(isArray(value) || isNumber(value))) {
    throw wrongKind(1, value, 'either number (ns) or [number (ns), string (tz)]')
  }
  const number = asNumber(1, first)
  const chosen = zone === undefined ? UTC : zoneNamed(asString(1, zone))
  const wanted = layout === undefined ? '' : asString(1, layout)
  context.charge(ZONE_UNITS)
  return { time: timeOf(exactNanoseconds(numberText(number)), chosen), layout: wanted }
}

function exactNanoseconds(text: string): bigint {
  const float = parseBigFloat(text)
  const whole = float !== undefined && isWhole(float) ? truncated(float, 64) : undefined
  if (whole === undefined || whole < MIN_NS || whole > MAX_NS) throw new BuiltinError('timestamp too big')
  return whole
}

function timeOf(nanoseconds: bigint, zone: Zone): ZonedTime {
  const rest = ((nanoseconds % SECOND) + SECOND) % SECOND
  return { seconds: Number((nanoseconds - rest) / SECOND), nanosecond: Number(rest), zone }
}

const civilAt = ({ seconds, zone }: ZonedTime): Civil => civilOf(seconds + zone.offsetAt(seconds))

/** Years and months that no date in range can be reached by, and that doubles would round. */
const FAR = 1e8

function addDate(time: ZonedTime, years: number, months: number, days: number): Value {
  if ([years, months, days].some((count) => Math.abs(count) > FAR))
    throw new BuiltinError('time outside of valid range')
  const civil = civilAt(time)
  const moved = { ...civil, year: civil.year + years, month: civil.month + months, day: civil.day + days }
  const local = secondsOf(moved)
  return inRange(BigInt(unixOf(local, time.zone)) * SECOND + BigInt(time.nanosecond))
}

/** A local time that a change of offset skips or repeats is read by the offset that Go's time.Date takes. */
function unixOf(local: number, zone: Zone): number {
  if (Math.abs(local) > 2 ** 34) return local
  const guess = zone.offsetAt(local)
  return guess === 0 ? local : local - zone.offsetAt(local - guess)
}

const LIMITS = [12, 0, 24, 60, 60] as const

/** Years, months, days, hours, minutes and seconds between the two, in the first one's zone. */
function difference(one: ZonedTime, other: ZonedTime): Value {
  const { zone } = one
  const isLater = one.seconds > other.seconds || (one.seconds === other.seconds && one.nanosecond > other.nanosecond)
  const from = civilAt({ ...(isLater ? other : one), zone })
  const to = civilAt({ ...(isLater ? one : other), zone })
  const parts = [
    to.year - from.year,
    to.month - from.month,
    to.day - from.day,
    to.hour - from.hour,
    to.minute - from.minute,
    to.second - from.second,
  ]
  for (let at = parts.length - 1; at > 0; at--) {
    const limit = at === 2 ? daysInMonth(from.year, from.month) : (LIMITS[at - 1] ?? 0)
    if ((parts[at] ?? 0) >= 0) continue
    parts[at] = (parts[at] ?? 0) + limit
    parts[at - 1] = (parts[at - 1] ?? 0) - 1
  }
  return parts
}
