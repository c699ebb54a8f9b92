/** A moment in the words and the time zone of whoever reads it. ECMA-402; HTML 4.5.14, `time`. */
import { type Html, html } from './html.ts'
import { pageLanguage } from './language.ts'

export interface Reader {
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

/** Where a tag of no region says too little to write a date. */
const REGIONS: Readonly<Record<string, string>> = { en: 'en-GB' }

/** Of the tags that are of the page's language the first: its region tells how dates read. */
export function dateLocale(uiLocales: readonly string[] = []): string {
  const language = pageLanguage(uiLocales)
  const own = uiLocales.find((tag) => /^[A-Za-z0-9-]{2,35}$/.test(tag) && tag.split('-')[0]?.toLowerCase() === language)
  return own?.includes('-') ? own : (REGIONS[language] ?? language)
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
    // Neither was checked where it was written: SCIM takes any text.
    return new Intl.DateTimeFormat(pageLanguage([locale]), { ...FIELDS, timeZone: 'UTC' })
  }
}

/** Of seconds since the Unix epoch. */
export function moment(seconds: number, { uiLocales, timeZone = 'UTC' }: Reader): Html {
  const at = new Date(seconds * 1000)
  return html`<time datetime="${at.toISOString()}">${formatOf(dateLocale(uiLocales), timeZone).format(at)}</time>`
}

/** The name of an ISO 3166-1 alpha-2 country. */
export function countryName(country: string, { uiLocales }: Reader): string {
  if (!/^[A-Z]{2}$/.test(country)) return country
  return new Intl.DisplayNames([dateLocale(uiLocales)], { type: 'region', fallback: 'code' }).of(country) ?? country
}
