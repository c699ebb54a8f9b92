/** Where something happened, in the words of whoever it happened to. */
import type { Content } from '../html.ts'
import { countryName, type Whose } from '../moment.ts'
import { OVERVIEW } from '../words/account-overview.ts'
import { words } from '../words/words.ts'

export interface Place {
  /** Names from lists of ours, or `other`. */
  readonly browser: string
  readonly system: string
  readonly network: string
  readonly country?: string | undefined
}

const OTHER = 'other'

export function browserWords({ browser, system }: Pick<Place, 'browser' | 'system'>, reader: Whose): string {
  const says = words(OVERVIEW, reader.uiLocales)
  if (browser === OTHER) return system === OTHER ? says.someBrowser : says.someBrowserOn(system)
  return system === OTHER ? browser : says.browserOn(browser, system)
}

export function placeWords(place: Place, reader: Whose): Content {
  const { network, country } = place
  const named = country === undefined ? undefined : countryName(country, reader)
  return words(OVERVIEW, reader.uiLocales).place(browserWords(place, reader), network, named)
}
