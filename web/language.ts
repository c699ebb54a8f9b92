/** The language of a page, of those that there are words in: OIDC Core 3.1.2.1, `ui_locales`; RFC 4647 3.4. */

/** For `ui_locales_supported` in discovery. The first is what everyone else gets. */
export const LANGUAGES: readonly [string, ...string[]] = ['en']

/** The first of `wanted`, BCP 47 tags in order of preference, whose language there is. */
export function pageLanguage(wanted: readonly string[] = []): string {
  const languages = wanted.map((tag) => tag.split('-')[0]?.toLowerCase())
  return languages.find((language) => language !== undefined && LANGUAGES.includes(language)) ?? LANGUAGES[0]
}
