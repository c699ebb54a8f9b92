/**
 * Files that pages name. Each stands under a digest of what is in it and may be kept for ever; under another digest, as a page of
 * another version names it while nodes are renewed, it is served too, and not kept. Public.
 */
import { ASSETS, type Asset, addressOf } from '../../../web/assets.ts'
import type { HttpRequest, Reply } from '../../http/message.ts'
import { Problem } from '../../kernel/errors.ts'

export interface AssetsDeps {
  /** The operator's own, such as a logo. */
  readonly assets: readonly Asset[]
}

const KEPT = `public, max-age=${365 * 24 * 60 * 60}, immutable`

/** GET /assets/:digest/:name. */
export async function readAsset(deps: AssetsDeps, { route, path }: HttpRequest): Promise<Reply> {
  const asset = [...ASSETS, ...deps.assets].find(({ name }) => name === route.name)
  if (asset === undefined) throw new Problem('not_found')
  return {
    status: 200,
    headers: {
      'content-type': asset.contentType,
      'cache-control': path === addressOf(asset) ? KEPT : 'no-store',
      'cross-origin-resource-policy': 'same-origin',
      // A picture opened by itself is a document: it may do nothing (SVG 2 2.2).
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      'x-frame-options': 'DENY',
    },
    body: asset.content,
  }
}
