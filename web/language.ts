/** The languages that pages have words in, and which of them a reader gets: OIDC Core 3.1.2.1, `ui_locales`; RFC 4647 3.4; RFC 9110 12.5.4. */
import { weighed } from '../src/kernel/weighed.ts'

/** For `ui_locales_supported` in discovery. The first is what everyone else gets. */
export const LANGUAGES = ['en', 'de', 'ar'] as const
export type Language = (typeof LANGUAGES)[number]

export interface LanguageFacts {
  readonly direction: 'ltr' | 'rtl'
  /** As those who speak it call it. */
  readonly name: string
  /** Between the parts of a list. */
  readonly comma: string
}

export const LANGUAGE_FACTS: Readonly<Record<Language, LanguageFacts>> = {
  en: { direction: 'ltr', name: 'English', comma: ', ' },
  de: { direction: 'ltr', name: 'Deutsch', comma: ', ' },
  ar: { direction: 'rtl', name: 'العربية', comma: '، ' },
}

export const isLanguage = (text: string | undefined): text is Language => LANGUAGES.some((one) => one === text)

/** The first of `wanted`, BCP 47 tags in order of preference, whose language there is. */
export function pageLanguage(wanted: readonly string[] = []): Language {
  const languages = wanted.map((tag) => tag.split('-')[0]?.toLowerCase())
  return languages.find(isLanguage) ?? LANGUAGES[0]
}

/** No browser sends more; whoever does is not read on. */
const MAX_HEADER = 512

/** Tags of an Accept-Language header in lower case, the most wanted first. `q=0` is not wanted. */
export function acceptedLanguages(header = ''): readonly string[] {
  return weighed(header.slice(0, MAX_HEADER))
    .filter(({ name, weight }) => name !== '*' && weight > 0)
    .toSorted((one, other) => other.weight - one.weight)
    .map(({ name }) => name)
}
