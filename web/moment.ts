/** A moment in the words and the time zone of whoever reads it. ECMA-402; HTML 4.5.14, `time`. */
import { type Html, html } from './html.ts'
import type { Language } from './language.ts'
import { reader, readersLanguage } from './reader.ts'

export interface Whose {
  /** BCP 47 tags in order of preference. */
  readonly uiLocales?: readonly string[] | undefined
  /** IANA name; what is none reads as UTC. */
  readonly timeZone?: string | undefined
}

const FIELDS = {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  timeZoneName: 'short',
} as const

/** Where no tag names a region, and the language alone would be another one's. */
const REGIONS: Readonly<Record<string, string>> = { en: 'en-GB' }

/** Of the tags of that language the first tells by its region how dates read. */
const localeIn = (language: Language, tags: readonly string[]): string =>
  tags.find((tag) => regional(tag, language)) ?? REGIONS[language] ?? language

/** In the language of the page. */
export function dateLocale(uiLocales: readonly string[] = []): string {
  const { asked = [], accepted } = reader()
  return localeIn(readersLanguage(uiLocales), [...uiLocales, ...asked, ...accepted])
}

/** Tags were checked by nobody: SCIM and browsers send any text. */
function regional(tag: string, language: string): boolean {
  if (!tag.includes('-') || tag.split('-')[0]?.toLowerCase() !== language) return false
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}

const formats = new Map<string, Intl.DateTimeFormat>()
const MOST_FORMATS = 200

function formatOf(locale: string, timeZone: string): Intl.DateTimeFormat {
  const key = `${locale} ${timeZone}`
  const known = formats.get(key)
  if (known !== undefined) return known
  const format = newFormat(locale, timeZone)
  if (formats.size >= MOST_FORMATS) formats.clear()
  formats.set(key, format)
  return format
}

function newFormat(locale: string, timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat(locale, { ...FIELDS, timeZone })
  } catch {
    // SCIM takes any text for a time zone.
    return new Intl.DateTimeFormat(locale, { ...FIELDS, timeZone: 'UTC' })
  }
}

/** Of seconds since the Unix epoch. */
export function moment(seconds: number, { uiLocales, timeZone = 'UTC' }: Whose): Html {
  const at = new Date(seconds * 1000)
  return html`<time datetime="${at.toISOString()}">${formatOf(dateLocale(uiLocales), timeZone).format(at)}</time>`
}

/** As text in a language that is not the page's, e.g. that of a letter. */
export const momentIn = (language: Language, ms: number, { uiLocales = [], timeZone = 'UTC' }: Whose): string =>
  formatOf(localeIn(language, uiLocales), timeZone).format(ms)

/** How long somebody has to wait, rounded up to what people count in: seconds, minutes, hours. */
export function waitOf(seconds: number, uiLocales?: readonly string[]): string {
  const [unit, size] = (
    [
      ['hour', 3600],
      ['minute', 60],
      ['second', 1],
    ] as const
  ).find(([, size]) => seconds >= size) ?? ['second', 1]
  const format = new Intl.NumberFormat(dateLocale(uiLocales), { style: 'unit', unit, unitDisplay: 'long' })
  return format.format(Math.max(1, Math.ceil(seconds / size)))
}

/** The name of an ISO 3166-1 alpha-2 country. */
export function countryName(country: string, { uiLocales }: Whose): string {
  if (!/^[A-Z]{2}$/.test(country)) return country
  return new Intl.DisplayNames([dateLocale(uiLocales)], { type: 'region', fallback: 'code' }).of(country) ?? country
}
