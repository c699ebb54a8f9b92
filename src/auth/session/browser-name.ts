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

/** Read once: a browser sends the same text with every request. */
const read = new Map<string, BrowserName>()
const MAX_READ = 500

export function browserName(request: Pick<HttpRequest, 'headers'>): BrowserName {
  const text = (request.headers['user-agent'] ?? '').slice(0, MAX_LENGTH)
  const known = read.get(text)
  if (known !== undefined) return known
  const name = { browser: named(BROWSERS, text), system: named(SYSTEMS, text) }
  if (read.size >= MAX_READ) read.clear()
  read.set(text, name)
  return name
}
