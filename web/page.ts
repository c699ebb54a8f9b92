/**
 * The frame of every page: one style sheet in the page under a nonce, nothing from elsewhere, and no script but the one line
 * that sends a form on. CSP Level 3; checklist 10 and 11.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Content, Html, html } from './html.ts'
import { pageLanguage } from './language.ts'

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
  readonly content: Content
  /** The client's redirect URI, where a form of this page may end there. */
  readonly leadsTo?: string | undefined
  /** Addresses that the page frames; nothing else can be. */
  readonly frames?: readonly string[] | undefined
  /** Where the browser goes by itself after a moment. */
  readonly goesOnTo?: string | undefined
  /** Where its forms lead instead, as a CSP source. */
  readonly formAction?: string | undefined
  /** Ours, never made of what was sent. */
  readonly script?: string | undefined
  /** More style than every page has. */
  readonly style?: Html | undefined
  /** The script asks endpoints of ours. */
  readonly connects?: boolean | undefined
  /** BCP 47 tags that the person or the client would like, in order. */
  readonly uiLocales?: readonly string[] | undefined
}

/** Frames have that long to load before the page is left. */
const MOMENT_SECONDS = 2

export function page(parts: PageParts): Page {
  const nonce = randomBytes(16).toString('base64')
  const usual = parts.leadsTo === undefined ? "'self'" : `'self' ${formTarget(parts.leadsTo)}`
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(parts.script === undefined ? [] : [`script-src 'nonce-${nonce}'`]),
    ...(parts.connects === true ? ["connect-src 'self'"] : []),
    `form-action ${parts.formAction ?? usual}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    ...(parts.frames?.length ? [`frame-src ${[...new Set(parts.frames.map(formTarget))].join(' ')}`] : []),
  ]
  const body = html`<!doctype html>
<html lang="${pageLanguage(parts.uiLocales)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${parts.goesOnTo !== undefined && html`<meta http-equiv="refresh" content="${MOMENT_SECONDS};url=${parts.goesOnTo}">`}
<title>${parts.title} · Sallyport</title>
<style nonce="${nonce}">${STYLE}${parts.style}</style>
</head>
<body>
<main class="card">
<p class="brand">${MARK}<span>Sallyport</span></p>
${parts.content}
</main>
${parts.script !== undefined && html`<script nonce="${nonce}">${new Html(parts.script)}</script>`}
</body>
</html>
`
  return {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
    },
    body: body.toString(),
  }
}
