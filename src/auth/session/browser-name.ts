/**
 * What a browser calls itself, as one of a few names. People recognise their devices by them, and a change of one tells that
 * another browser has the cookie; nothing that would tell one person's browser from another's is kept. RFC 9110 10.1.5.
 */
import type { HttpRequest } from '../../http/message.ts'

export interface BrowserName {
  readonly browser: string
  readonly system: string
}

const OTHER = 'other'

/** In this order: many carry the names of those that come after them here. */
const BROWSERS: readonly (readonly [name: string, told: RegExp])[] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\bOPR\/|\bOpera\b/],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|CriOS|HeadlessChrome|Chromium)\//],
  ['Safari', /\bSafari\//],
]

const SYSTEMS: readonly (readonly [name: string, told: RegExp])[] = [
  ['Android', /\bAndroid\b/],
  ['iOS', /\b(?:iPhone|iPad|iPod)\b/],
  ['Windows', /\bWindows\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['macOS', /\bMac ?OS ?X\b|\bMacintosh\b/],
  ['Linux', /\bLinux\b/],
]

/** A longer one is no browser's. */
const MAX_LENGTH = 1024

const named = (list: readonly (readonly [string, RegExp])[], text: string): string =>
  list.find(([, told]) => told.test(text))?.[0] ?? OTHER

export function browserName(request: Pick<HttpRequest, 'headers'>): BrowserName {
  const text = (request.headers['user-agent'] ?? '').slice(0, MAX_LENGTH)
  return { browser: named(BROWSERS, text), system: named(SYSTEMS, text) }
}
