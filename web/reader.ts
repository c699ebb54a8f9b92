/**
 * Who reads the page that is being made: the languages they want, where they are, in whose colours. It goes along with the request
 * (AsyncLocalStorage), entered once around every page's endpoint, so that no page and no endpoint hands it on and none can forget it.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { LANGUAGE_FACTS, type Language, pageLanguage } from './language.ts'
import { PLAIN_THEME, type Theme } from './theme.ts'

/** Where a request comes from, as its person may know it again: names from lists of ours, or `other`, and never the whole address. */
export interface ReadFrom {
  readonly browser: string
  readonly system: string
  readonly network: string
  /** ISO 3166-1 alpha-2, where known. */
  readonly country?: string | undefined
}

export interface Reader {
  /** Chosen here by the person: before all others. */
  readonly chosen?: Language | undefined
  /** `ui_locales` of the address, where it has some. */
  readonly asked?: readonly string[] | undefined
  /** What the browser accepts, the most wanted first. */
  readonly accepted: readonly string[]
  /** The address of this page in another language; absent where it cannot be read again. */
  readonly addressIn?: ((language: Language) => string) | undefined
  /** What was posted is answered. Of that only a form that comes back with a fault is shown at `addressIn`; what was done is not. */
  readonly answersPost?: boolean | undefined
  readonly theme: Theme
  /** Letters tell it to who is written to because of this request. */
  readonly from?: (() => ReadFrom) | undefined
}

const NOBODY: Reader = { accepted: [], theme: PLAIN_THEME }

const readers = new AsyncLocalStorage<Reader>()

/** Whatever page `show` makes is for that reader. */
export const readBy = <T>(reader: Reader, show: () => T): T => readers.run(reader, show)

export const reader = (): Reader => readers.getStore() ?? NOBODY

/** `uiLocales`: what the client or the account wants, where that is known. */
export function readersLanguage(uiLocales: readonly string[] = []): Language {
  const { chosen, asked = [], accepted } = reader()
  return chosen ?? pageLanguage([...uiLocales, ...asked, ...accepted])
}

export const comma = (uiLocales?: readonly string[]): string => LANGUAGE_FACTS[readersLanguage(uiLocales)].comma
