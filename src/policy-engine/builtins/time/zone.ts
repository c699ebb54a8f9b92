/** IANA zones: offsets from Node's zone data, names and abbreviations from a table beside this file. */
import { BuiltinError } from '../builtin.ts'
import zoneTable from './zones.json' with { type: 'json' }

export interface Zone {
  /** Seconds east of UTC at this second of Unix time. */
  offsetAt(seconds: number): number
  abbreviationAt(seconds: number): string
}

const ERAS: Readonly<Record<string, string>> = zoneTable

export const UTC: Zone = { offsetAt: () => 0, abbreviationAt: () => 'UTC' }

/** As Go looks zones up: by the exact name. */
export function zoneNamed(name: string): Zone {
  if (name === '' || name === 'UTC') return UTC
  const known = name === 'Local' ? Temporal.Now.timeZoneId() : name
  if (known === 'UTC') return UTC
  if (/^[/\\]|^\.\.$|^\.\.\/|\/\.\.\/|\/\.\.$/.test(name)) throw new BuiltinError('time: invalid location name')
  const eras = Object.hasOwn(ERAS, known) ? ERAS[known] : undefined
  if (eras === undefined) throw new BuiltinError(`unknown time zone ${name}`)
  return namedZone(known, eras)
}

function namedZone(name: string, eras: string): Zone {
  const offsetAt = (seconds: number): number =>
    new Temporal.ZonedDateTime(BigInt(seconds) * 1_000_000_000n, name).offsetNanoseconds / 1_000_000_000
  return { offsetAt, abbreviationAt: (seconds) => abbreviation(eras, seconds, offsetAt(seconds)) }
}

/** The table's format is told where it is made, in scripts/build-time-zones.ts. */
function abbreviation(eras: string, seconds: number, offset: number): string {
  const era = eras
    .split(';')
    .map((each) => each.split(' '))
    .findLast(([since]) => since === '' || Number(since) <= seconds)
  const entry = era?.find((each) => each.startsWith(`${offset}=`))
  return entry?.slice(entry.indexOf('=') + 1) ?? numericAbbreviation(offset)
}

function numericAbbreviation(offset: number): string {
  const minutes = Math.floor(Math.abs(offset) / 60)
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60]
  return `${offset < 0 ? '-' : '+'}${twoDigits(hours)}${rest === 0 ? '' : twoDigits(rest)}`
}

const twoDigits = (value: number): string => String(value).padStart(2, '0')
