/**
 * Files that pages name: scripts, and our mark. Read once; each is served under a digest of what is in it, so that it may be kept for ever and a
 * page never runs another version than its own. No page has script in it (CSP Level 3; checklist 10).
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface Asset {
  readonly name: string
  readonly digest: string
  readonly contentType: string
  readonly content: string | Uint8Array
}

export const assetOf = (name: string, contentType: string, content: string | Uint8Array): Asset => ({
  name,
  contentType,
  content,
  digest: createHash('sha256').update(content).digest('base64url').slice(0, 22),
})

const script = (name: string): Asset =>
  assetOf(name, 'text/javascript; charset=utf-8', readFileSync(new URL(`./scripts/${name}`, import.meta.url), 'utf8'))

/** `connects`: it asks this service for something by itself. */
export const SCRIPTS = {
  'form-post.js': { asset: script('form-post.js'), connects: false },
  'passkey.js': { asset: script('passkey.js'), connects: true },
  'send-once.js': { asset: script('send-once.js'), connects: false },
} as const satisfies Readonly<Record<string, { readonly asset: Asset; readonly connects: boolean }>>

/** On a grid of 32. */
export const MARK_PATH = 'M4 28V9l3-3 3 3V6l3-3 3 3 3-3 3 3v3l3-3 3 3v19h-7v-6a5 5 0 0 0-10 0v6z'

/** For tabs and bookmarks, which show it by themselves: light or dark as they are. */
export const ICON = assetOf(
  'mark.svg',
  'image/svg+xml',
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><style>path{fill:#1f4fbf}@media(prefers-color-scheme:dark){path{fill:#8fb2ff}}</style><path d="${MARK_PATH}"/></svg>`,
)

export type ScriptName = keyof typeof SCRIPTS

/** All that pages of ours name. */
export const ASSETS: readonly Asset[] = [ICON, ...Object.values(SCRIPTS).map(({ asset }) => asset)]

export const addressOf = ({ digest, name }: Asset): string => `/assets/${digest}/${name}`
