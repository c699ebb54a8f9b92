/** What every thread of ours is started with: its file as this program is run, and next to no environment. */
import { getCompileCacheDir } from 'node:module'
import { setPriority } from 'node:os'
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

/**
 * The calling thread gives way to others where processors are short: `nice` from 1 to 19. On Linux that is a thread's own
 * (setpriority(2)); elsewhere it would be the whole process's, and nothing is done.
 */
export function giveWay(nice: number): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(nice)
  } catch {
    // A sandbox may forbid it: then threads share alike.
  }
}
