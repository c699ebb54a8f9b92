/** Dates of the Gregorian calendar and seconds of Unix time, both ways and far beyond the years that nanoseconds reach. */

export interface Civil {
  readonly year: number
  /** From 1. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

const DAY_SECONDS = 24 * 60 * 60
/** 400 years, after which the calendar repeats. */
const ERA_DAYS = 146_097
/** From 0000-03-01, when leap days come last, to 1970-01-01. */
const EPOCH_DAYS = 719_468

/** Days since 1970-01-01; months and days out of range carry over. */
function daysOf(year: number, month: number, day: number): number {
  const months = year * 12 + month - 1
  const fromMarch = months - 2
  const y = Math.floor(fromMarch / 12)
  const m = fromMarch - y * 12
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)
  return y * 365 + leapDays + Math.floor((153 * m + 2) / 5) + day - 1 - EPOCH_DAYS
}

export function secondsOf({ year, month, day, hour, minute, second }: Civil): number {
  return daysOf(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second
}

export function civilOf(seconds: number): Civil {
  const days = Math.floor(seconds / DAY_SECONDS)
  const rest = seconds - days * DAY_SECONDS
  return {
    ...dateOf(days),
    hour: Math.floor(rest / 3600),
    minute: Math.floor((rest % 3600) / 60),
    second: rest % 60,
  }
}

function dateOf(days: number): Pick<Civil, 'year' | 'month' | 'day'> {
  const shifted = days + EPOCH_DAYS
  const era = Math.floor(shifted / ERA_DAYS)
  const dayOfEra = shifted - era * ERA_DAYS
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const m = Math.floor((5 * dayOfYear + 2) / 153)
  const month = m < 10 ? m + 3 : m - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * m + 2) / 5) + 1,
  }
}

/** From 0, which is Sunday. */
export function weekdayOf(seconds: number): number {
  const days = Math.floor(seconds / DAY_SECONDS)
  return (((days + 4) % 7) + 7) % 7
}

export const yearDayOf = ({ year, month, day }: Civil): number => daysOf(year, month, day) - daysOf(year, 1, 1) + 1

export const isLeapYear = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
export const daysInMonth = (year: number, month: number): number => daysOf(year, month + 1, 1) - daysOf(year, month, 1)
