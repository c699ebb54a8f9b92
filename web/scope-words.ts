/** What a scope or claim gives to a client, in words that a person can judge; others are shown by their name. */
import type { Content, Html } from './html.ts'
import { html } from './html.ts'
import { SCOPES } from './words/scopes.ts'
import { words } from './words/words.ts'

const own = <T extends object>(texts: T, name: string): string | undefined =>
  Object.hasOwn(texts, name) ? (texts as Readonly<Record<string, string>>)[name] : undefined

/** What a client can do with it. */
export function scopeWords(scope: string, uiLocales?: readonly string[]): Content {
  const says = words(SCOPES, uiLocales)
  return own(says.scopes, scope) ?? says.otherScope(scope)
}

function claimWords(claim: string, uiLocales?: readonly string[]): string {
  const says = words(SCOPES, uiLocales)
  return own(says.claims, claim) ?? says.otherClaim(claim)
}

/** As a person reads them: who you are first, what goes on while you are away last. */
export const inReadingOrder = (scopes: readonly string[]): readonly string[] =>
  scopes.toSorted((one, other) => placeOf(one) - placeOf(other))

const placeOf = (scope: string): number => (scope === 'openid' ? 0 : scope === 'offline_access' ? 2 : 1)

/** Everything that is asked for, under a heading with the id `scopes`. */
export const scopeList = (
  scopes: readonly string[],
  claims: readonly string[] = [],
  uiLocales?: readonly string[],
): Html =>
  html`<ul class="scopes" aria-labelledby="scopes">${inReadingOrder(scopes).map(
    (scope) => html`<li>${scopeWords(scope, uiLocales)}</li>`,
  )}${claims.map((claim) => html`<li>${claimWords(claim, uiLocales)}</li>`)}</ul>`
