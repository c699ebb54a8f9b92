/**
 * The frame of every page: one style sheet in the page under a nonce, scripts as files of ours under the same nonce, nothing from
 * elsewhere and no script in the page. CSP Level 3; checklist 10 and 11. Language and direction are the reader's.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { addressOf, ICON, MARK_PATH, SCRIPTS, type ScriptName } from './assets.ts'
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
  <path d="${MARK_PATH}" />
</svg>`

/** Where a frame of the page may be from. An IPv6 literal cannot be named (CSP 2.3.1), its scheme can. */
function frameSource(uri: string): string {
  const { protocol, hostname, origin } = new URL(uri)
  return /^[a-z0-9.-]+$/.test(hostname) ? origin : protocol
}

/**
 * Where a form may lead that ends at another site. Chrome checks `form-action` on each redirect that follows the POST, also on those that
 * the other site sends: to its pages on a second host, or from a broker to the application behind it. Nobody here knows these, so that
 * only schemes can be named; an app's own scheme leads into the app, and no further.
 */
export function onward(uri: string): readonly string[] {
  const { protocol } = new URL(uri)
  return protocol === 'http:' ? ['https:', 'http:'] : [protocol]
}

export interface PageParts {
  readonly title: string
  /** What was sent has a fault: the title says so first, which is what a screen reader reads first. */
  readonly faulty?: boolean | undefined
  readonly content: Content
  /** Addresses of other sites where a form of this page may end: the client's redirect URI, or identity providers. */
  readonly leadsTo?: string | readonly string[] | undefined
  /** Addresses that the page frames; nothing else can be. */
  readonly frames?: readonly string[] | undefined
  /** Where the browser goes by itself after a moment. */
  readonly goesOnTo?: string | undefined
  /** A file of web/scripts, besides the one of every form. */
  readonly script?: ScriptName | undefined
  /** More style than every page has. */
  readonly style?: Html | undefined
  /** BCP 47 tags that the client or the account would like, in order. */
  readonly uiLocales?: readonly string[] | undefined
}

/** Frames have that long to load before the page is left. */
const MOMENT_SECONDS = 2

/** What is not markup of ours is escaped: where it says `<form`, there is one. */
function scriptsOf({ script, content }: PageParts): readonly (typeof SCRIPTS)[ScriptName][] {
  const names: ScriptName[] = String(html`${content}`).includes('<form') ? ['send-once.js'] : []
  return [...names, ...(script ? [script] : [])].map((name) => SCRIPTS[name])
}

function policyOf(parts: PageParts, nonce: string): string {
  const abroad = [parts.leadsTo ?? []].flat().flatMap(onward)
  const scripts = scriptsOf(parts)
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    "img-src 'self'",
    ...(scripts.length > 0 ? [`script-src 'nonce-${nonce}'`] : []),
    ...(scripts.some(({ connects }) => connects) ? ["connect-src 'self'"] : []),
    `form-action ${[...new Set(["'self'", ...abroad])].join(' ')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    ...(parts.frames?.length ? [`frame-src ${[...new Set(parts.frames.map(frameSource))].join(' ')}`] : []),
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

function footer({ theme, ...reading }: Reader, language: Language, faulty: boolean): Html | false {
  const addressIn = reading.answersPost && !faulty ? undefined : reading.addressIn
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
<link rel="icon" href="${theme.logo ?? addressOf(ICON)}">
<style nonce="${nonce}">${STYLE}${parts.style}${new Html(theme.style)}</style>
${scriptsOf(parts).map(
  ({ asset }) => html`<script nonce="${nonce}" src="${addressOf(asset)}" defer></script>
`,
)}</head>
<body>
<main class="card">
${brand(theme)}
${keepWordsWhole(parts.content)}
</main>
${footer(reading, language, parts.faulty === true)}</body>
</html>
`
  return {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-language': language,
      'content-security-policy': policyOf(parts, nonce),
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
    },
    body: body.toString(),
  }
}
