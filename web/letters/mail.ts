/** The frame of a letter: the same words as plain text and as simple HTML, without images, style sheets or tracking. */
import { type Html, html } from '../html.ts'
import { LANGUAGE_FACTS, type Language, pageLanguage } from '../language.ts'
import { type ReadFrom, readersLanguage } from '../reader.ts'
import { LETTERS } from '../words/letters.ts'

export interface Letter {
  readonly subject: string
  readonly text: string
  readonly html: string
}

export interface LetterParts {
  readonly subject: string
  readonly what: string
  /** A line each: of which account, when, where. */
  readonly facts: readonly string[]
  /** One address to go to, with what happens there. */
  readonly link: { readonly href: string; readonly text: string }
  readonly afterLink?: readonly string[]
  /** Of the service that sends it. */
  readonly host: string
  readonly locales: readonly string[]
}

export type LetterWords = (typeof LETTERS)['en']

/** Of the account; where it names none, of whoever is at work here, who mostly is the same person. */
export const letterLanguage = (locales: readonly string[] = []): Language =>
  locales.length > 0 ? pageLanguage(locales) : readersLanguage()

export const letterWords = (locales: readonly string[]): LetterWords => LETTERS[letterLanguage(locales)]

/** Names that people gave are in it: a line stays a line. */
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')

const OTHER = 'other'

export function deviceOf(says: LetterWords, { browser, system }: Pick<ReadFrom, 'browser' | 'system'>): string {
  if (browser === OTHER) return ''
  return system === OTHER ? browser : says.on(browser, system)
}

/** Where something was done, in the words of who is written to: as their own page of activity tells it. */
export function whereOf(locales: readonly string[], from: ReadFrom): string {
  const says = letterWords(locales)
  const region = new Intl.DisplayNames([letterLanguage(locales)], { type: 'region', fallback: 'code' })
  const { network, country } = from
  const named = country !== undefined && /^[A-Z]{2}$/.test(country) ? region.of(country) : undefined
  return says.where(
    [deviceOf(says, from), says.network(network), named ?? ''].filter((part) => part !== '').join(' · '),
  )
}

const FONT = 'font-family:system-ui,-apple-system,Segoe UI,Roboto,sans-serif;font-size:16px;line-height:1.5'
const BUTTON = 'display:inline-block;padding:12px 20px;border-radius:8px;background:#1d4ed8;color:#ffffff'

export function letter({ subject, what, facts, link, afterLink = [], host, locales }: LetterParts): Letter {
  const language = letterLanguage(locales)
  const lines = facts.map(oneLine)
  const after = [...afterLink, LETTERS[language].closing(host)].map(oneLine)
  const paragraphs = after.map((text): Html => html`<p>${text}</p>\n`)
  const body = html`<!doctype html>
<html lang="${language}" dir="${LANGUAGE_FACTS[language].direction}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>${subject}</title></head>
<body style="margin:0">
<main style="max-width:560px;margin:0 auto;padding:24px;${FONT}">
<h1 style="font-size:22px;line-height:1.3">${subject}</h1>
<p>${oneLine(what)}</p>
<p>${lines.map((line, index) => html`${index > 0 && html`<br>`}${line}`)}</p>
<p><a href="${link.href}" style="${BUTTON}">${link.text}</a></p>
<p style="word-break:break-all" dir="ltr">${link.href}</p>
${paragraphs}</main>
</body>
</html>
`
  const blocks = [oneLine(what), lines.join('\n'), `${link.text}:\n${link.href}`, ...after]
  return { subject: oneLine(subject), text: `${blocks.join('\n\n')}\n`, html: body.toString() }
}
