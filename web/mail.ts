/** The frame of a letter: the same words as plain text and as simple HTML, without images, style sheets or tracking. */
import { type Html, html } from './html.ts'
import { LANGUAGE_FACTS, type Language, pageLanguage } from './language.ts'
import { readersLanguage } from './reader.ts'
import { LETTERS } from './words/letters.ts'

export interface Letter {
  readonly subject: string
  readonly text: string
  readonly html: string
}

export interface LetterParts {
  readonly subject: string
  readonly paragraphs: readonly string[]
  /** One address to go to, with what happens there. */
  readonly link?: { readonly href: string; readonly text: string }
  readonly afterLink?: readonly string[]
  readonly locales?: readonly string[] | undefined
}

/** Of the account; where it names none, of whoever is at work here, who mostly is the same person. */
export const letterLanguage = (locales: readonly string[] = []): Language =>
  locales.length > 0 ? pageLanguage(locales) : readersLanguage()

export const letterWords = (locales: readonly string[]): (typeof LETTERS)['en'] => LETTERS[letterLanguage(locales)]

/** Names that people gave are in it: a line stays a line. */
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')

export function letter({ subject, paragraphs, link, afterLink = [], locales }: LetterParts): Letter {
  const [before, after] = [paragraphs.map(oneLine), afterLink.map(oneLine)]
  const language = letterLanguage(locales)
  const asHtml = (texts: readonly string[]): Html[] => texts.map((text) => html`<p>${text}</p>\n`)
  const body = html`<!doctype html>
<html lang="${language}" dir="${LANGUAGE_FACTS[language].direction}">
<head><meta charset="utf-8"><title>${subject}</title></head>
<body>
${asHtml(before)}${link && html`<p><a href="${link.href}">${link.text}</a></p>\n<p>${link.href}</p>\n`}${asHtml(after)}</body>
</html>
`
  return {
    subject: oneLine(subject),
    text: `${[...before, ...(link ? [`${link.text}:\n${link.href}`] : []), ...after].join('\n\n')}\n`,
    html: body.toString(),
  }
}
