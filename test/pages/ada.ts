/** Ada, as she stands on every page of the gallery. */
import type { Page } from '../../web/page.ts'

/** The states of one page, by name. */
export type Shown = Readonly<Record<string, () => Page>>

export const formToken = 'Zm9ybSB0b2tlbiBvZiB0aGUgZ2FsbGVyeQ'

export const accountName = 'ada.lovelace@example.com'

export const AT = 1_780_000_000

export const providers = [
  { id: 'google', name: 'Google', available: true },
  { id: 'github', name: 'GitHub', available: false },
]
