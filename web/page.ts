/**
 * The frame of every page: one style sheet in the page under a nonce, scripts as files of ours under the same nonce, nothing from
 * elsewhere and no script in the page. CSP Level 3; checklist 10 and 11. Language and direction are the reader's.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { addressOf, SCRIPTS, type ScriptName } from './assets.ts'
import { type Content, Html, html, keepWordsWhole } from './html.ts'
import { LANGUAGE_FACTS, LANGUAGES, type Language } from './language.ts'
import { type Reader, reader, readersLanguage } from './reader.ts'
import type { Theme } from './theme.ts'
import { FRAME } from './words/frame.ts'

export interface Page {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const STYLE = new Html(readFileSync(new URL('./style.css', import.meta.url), 'utf8'))

const MARK = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
  <path d="M4 28V9l3-3 3 3V6l3-3 3 3 3-3 3 3v3l3-3 3 3v19h-7v-6a5 5 0 0 0-10 0v6z" />
</svg>`

/**
 * Where a form of the page may lead, or a frame be from. Chrome checks `form-action` on each redirect that follows the POST, so that the
 * client's address must be named beside our own. An IPv6 literal cannot be named (CSP 2.3.1), its scheme can.
 */
export function formTarget(redirectUri: string): string {
  const uri = new URL(redirectUri)
  if (uri.protocol !== 'https:' && uri.protocol !== 'http:') return uri.protocol
  return /^[a-z0-9.-]+$/.test(uri.hostname) ? uri.origin : uri.protocol
}

/** That redirect URI and no other, as far as CSP 2.3.1 can say it: a query has no place in it, `;` and `,` would end it. */
export function exactTarget(redirectUri: string): string {
  const uri = new URL(redirectUri)
  if (!/^[a-z0-9.-]+$/.test(uri.hostname)) return uri.protocol
  return `${uri.origin}${uri.pathname.replaceAll(/[;,]/g, encodeURIComponent)}`
}

export interface PageParts {
  readonly title: string
  /** What was sent has a fault: the title says so first, which is what a screen reader reads first. */
  readonly faulty?: boolean | undefined
  readonly content: Content
  /** The client's redirect URI, where a form of this page may end there. */
  readonly leadsTo?: string | undefined
  /** Addresses that the page frames; nothing else can be. */
  readonly frames?: readonly string[] | undefined
  /** Where the browser goes by itself after a moment. */
  readonly goesOnTo?: string | undefined
  /** Where its forms lead instead, as a CSP source. */
  readonly formAction?: string | undefined
  /** A file of web/scripts. */
  readonly script?: ScriptName | undefined
  /** More style than every page has. */
  readonly style?: Html | undefined
  /** BCP 47 tags that the client or the account would like, in order. */
  readonly uiLocales?: readonly string[] | undefined
}

/** Frames have that long to load before the page is left. */
const MOMENT_SECONDS = 2

function policyOf(parts: PageParts, nonce: string, theme: Theme): string {
  const usual = parts.leadsTo === undefined ? "'self'" : `'self' ${formTarget(parts.leadsTo)}`
  const script = parts.script && SCRIPTS[parts.script]
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(theme.logo === undefined ? [] : ["img-src 'self'"]),
    ...(script ? [`script-src 'nonce-${nonce}'`] : []),
    ...(script?.connects ? ["connect-src 'self'"] : []),
    `form-action ${parts.formAction ?? usual}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    ...(parts.frames?.length ? [`frame-src ${[...new Set(parts.frames.map(formTarget))].join(' ')}`] : []),
  ].join('; ')
}

const brand = ({ name, logo }: Theme): Html =>
  logo === undefined
    ? html`<p class="brand">${MARK}<span>${name}</span></p>`
    : html`<p class="brand"><img class="logo" src="${logo}" alt="${name}"></p>`

/** Links, so that it works without script; each names its language in that language. */
const languages = (addressIn: NonNullable<Reader['addressIn']>, current: Language, label: string): Html =>
  html`<nav class="languages" aria-label="${label}"><ul>${LANGUAGES.map((language) => {
    const { name, direction } = LANGUAGE_FACTS[language]
    const own = html` lang="${language}" dir="${direction}"`
    return language === current
      ? html`<li><span aria-current="true"${own}>${name}</span></li>`
      : html`<li><a href="${addressIn(language)}" hreflang="${language}"${own}>${name}</a></li>`
  })}</ul></nav>
`

function footer({ addressIn, theme }: Reader, language: Language): Html | false {
  const says = FRAME[language]
  const links = (['support', 'privacy', 'terms'] as const).flatMap((kind) => {
    const href = theme.links[kind]
    return href === undefined ? [] : html`<li><a href="${href}" rel="noreferrer">${says[kind]}</a></li>`
  })
  return (
    (links.length > 0 || addressIn !== undefined) &&
    html`<footer>
${addressIn && languages(addressIn, language, says.languages)}${
  links.length > 0 &&
  html`<ul class="links">${links}</ul>
`
}</footer>
`
  )
}

export function page(parts: PageParts): Page {
  const nonce = randomBytes(16).toString('base64')
  const reading = reader()
  const { theme } = reading
  const language = readersLanguage(parts.uiLocales)
  const title = parts.faulty ? FRAME[language].faulty(parts.title) : parts.title
  const body = html`<!doctype html>
<html lang="${language}" dir="${LANGUAGE_FACTS[language].direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${parts.goesOnTo !== undefined && html`<meta http-equiv="refresh" content="${MOMENT_SECONDS};url=${parts.goesOnTo}">`}
<title>${title} · ${theme.name}</title>
<style nonce="${nonce}">${STYLE}${parts.style}${new Html(theme.style)}</style>
${parts.script && html`<script nonce="${nonce}" src="${addressOf(SCRIPTS[parts.script].asset)}" defer></script>`}
</head>
<body>
<main class="card">
${brand(theme)}
${keepWordsWhole(parts.content)}
</main>
${footer(reading, language)}</body>
</html>
`
  return {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-language': language,
      'content-security-policy': policyOf(parts, nonce, theme),
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
    },
    body: body.toString(),
  }
}
