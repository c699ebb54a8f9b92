/** Reads the theme of the configuration; a colour that cannot be read on ours, or a file that is no picture, stops the start. */
import { readFileSync } from 'node:fs'
import { type Asset, addressOf, assetOf } from '../../../web/assets.ts'
import type { Theme } from '../../../web/theme.ts'
import type { AuthServiceOptions } from '../../auth/service.ts'
import type { Config } from '../../config/schema.ts'
import { ConfigError } from '../../kernel/errors.ts'
import { contrast, LEAST_CONTRAST } from './contrast.ts'

type Pages = Config['pages']
type Scheme = 'light' | 'dark'

/** Of web/style.css: what stands there where the configuration says nothing, and the grounds that links are read on. */
export const GROUNDS: Readonly<Record<Scheme, { accent: string; onAccent: string; card: string; ground: string }>> = {
  light: { accent: '#1f4fbf', onAccent: '#ffffff', card: '#ffffff', ground: '#f2f4f8' },
  dark: { accent: '#8fb2ff', onAccent: '#0c1a3a', card: '#161d28', ground: '#0d1219' },
}

const MAX_LOGO_BYTES = 256 * 1024
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

function requireContrast(key: string, colour: string, on: string, what: string): void {
  const found = contrast(colour, on)
  if (found < LEAST_CONTRAST)
    throw new ConfigError(
      `pages.${key}: ${colour} on ${what} (${on}) has a contrast of ${found.toFixed(2)} to 1; choose one of at least ${LEAST_CONTRAST} to 1 (WCAG 1.4.3)`,
    )
}

function coloursOf(pages: Pages, scheme: Scheme): string {
  const own = pages[scheme]
  if (own === undefined) return ''
  const { card, ground, ...ours } = GROUNDS[scheme]
  const accent = own.accent ?? ours.accent
  const onAccent = own.on_accent ?? ours.onAccent
  requireContrast(`${scheme}.accent`, accent, card, 'the card')
  requireContrast(`${scheme}.accent`, accent, ground, 'the ground')
  requireContrast(`${scheme}.on_accent`, onAccent, accent, 'a button')
  // Pointed at, a button keeps its contrast: it keeps its colour.
  return `:root{--accent:${accent};--accent-strong:${accent};--on-accent:${onAccent}}`
}

function styleOf(pages: Pages): string {
  const [light, dark] = [coloursOf(pages, 'light'), coloursOf(pages, 'dark')]
  return `${light && `@media (prefers-color-scheme:light){${light}}`}${dark && `@media (prefers-color-scheme:dark){${dark}}`}`
}

function readLogo(file: string): Asset {
  let content: Buffer
  try {
    content = readFileSync(file)
  } catch {
    throw new ConfigError(`pages.logo_file: ${file} cannot be read`)
  }
  if (content.length > MAX_LOGO_BYTES) throw new ConfigError(`pages.logo_file: ${file} is larger than 256 KiB`)
  if (content.subarray(0, PNG.length).equals(PNG)) return assetOf('logo.png', 'image/png', content)
  if (/<svg[\s>]/.test(content.toString('utf8', 0, 4096))) return assetOf('logo.svg', 'image/svg+xml', content)
  throw new ConfigError(`pages.logo_file: ${file} is neither SVG nor PNG`)
}

const given = <T extends object>(texts: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }

export function pageTheme({ pages }: Pick<Config, 'pages'>): NonNullable<AuthServiceOptions['theme']> {
  const logo = pages.logo_file === undefined ? undefined : readLogo(pages.logo_file)
  const theme: Theme = {
    name: pages.name,
    ...(logo && { logo: addressOf(logo) }),
    style: styleOf(pages),
    links: given({ support: pages.support_url, privacy: pages.privacy_url, terms: pages.terms_url }),
    headline: given(pages.headline ?? {}),
  }
  return { theme, assets: logo ? [logo] : [] }
}
