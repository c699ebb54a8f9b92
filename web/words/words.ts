/**
 * Texts of pages, in every language. One file a page: `export const SIGN_IN = inAllLanguages({ …English }, { de: {…}, ar: {…} })`.
 * English gives the type, so that a missing, misspelt or superfluous word does not compile. Where a text has something in it, it
 * is a function.
 */
import type { Language } from '../language.ts'
import { readersLanguage } from '../reader.ts'

type Others = Exclude<Language, 'en'>

export type Catalogue<T> = Readonly<Record<Language, T>>

export const inAllLanguages = <T extends object>(
  english: T,
  others: Readonly<Record<Others, NoInfer<T>>>,
): Catalogue<T> => ({
  en: english,
  ...others,
})

/** The words for whoever reads; `uiLocales` as the page has them. */
export const words = <T>(catalogue: Catalogue<T>, uiLocales?: readonly string[]): T =>
  catalogue[readersLanguage(uiLocales)]
