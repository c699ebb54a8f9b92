/** Whose pages they are: a name, a mark, a few colours and links. What the configuration says nothing of is ours. */
import type { Language } from './language.ts'

export type PerLanguage = Readonly<Partial<Record<Language, string>>>

export interface Theme {
  readonly name: string
  /** Address of the logo, which we serve; absent: our own mark. */
  readonly logo?: string | undefined
  /** Custom properties that replace those of the style sheet. */
  readonly style: string
  readonly links: Readonly<Partial<Record<'support' | 'privacy' | 'terms', string>>>
  /** Above the sign-in, in place of our own. */
  readonly headline: PerLanguage
}

export const PLAIN_THEME: Theme = { name: 'Sallyport', style: '', links: {}, headline: {} }
