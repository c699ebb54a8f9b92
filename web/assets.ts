/**
 * Files that pages name: scripts. Read once; each is served under a digest of what is in it, so that it may be kept for ever and a
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
} as const satisfies Readonly<Record<string, { readonly asset: Asset; readonly connects: boolean }>>

export type ScriptName = keyof typeof SCRIPTS

export const addressOf = ({ digest, name }: Asset): string => `/assets/${digest}/${name}`
