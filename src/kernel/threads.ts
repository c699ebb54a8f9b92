/** What every thread of ours is started with: its file as this program is run, and next to no environment. */
import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'

/** `path` without extension, from `base`. Services run from source; an installed package is built. */
export const threadFile = (path: string, base: string): URL =>
  new URL(`${path}${base.endsWith('.ts') ? '.ts' : '.js'}`, base)

/**
 * Nothing of ours; only where this process keeps compiled code, if it does: each thread is told by itself, and one that is
 * not strips types anew, for which it loads ten times its own size.
 */
export function threadEnvironment(): Record<string, string> {
  const folder = getCompileCacheDir()
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) }
}
