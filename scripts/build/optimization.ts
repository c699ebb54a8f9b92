/**
 * `--optimize`: partial evaluation by the compiler. It takes whatever lies under the bundle's roots and is not there at build
 * time for empty, and answers allow where a negated look-up must deny; so the roots are named, narrow, and hold all policies.
 */
import { BuildError } from './build-error.ts'

export interface Optimization {
  /** As `opa build --optimize`. */
  readonly level: 1 | 2
  /** Paths of `data` that this bundle owns whole: nothing under them arrives at run time. */
  readonly roots: readonly string[]
}

/** From the flags; undefined without `--optimize`. Throws BuildError. */
export function readOptimization(
  level: string | undefined,
  roots: readonly string[] | undefined = [],
): Optimization | undefined {
  if (level === undefined) {
    if (roots.length > 0) throw new BuildError('--root: goes with --optimize')
    return undefined
  }
  if (level !== '1' && level !== '2') throw new BuildError(`--optimize ${level}: must be 1 or 2`)
  const narrow = roots.map((root) => root.replace(/^\/+|\/+$/g, ''))
  if (narrow.length === 0)
    throw new BuildError('--optimize: name what the bundle owns whole with --root, once for each')
  if (narrow.includes(''))
    throw new BuildError(
      '--root "": an optimised bundle owns no open root; data that arrive later would count as empty',
    )
  return { level: level === '1' ? 1 : 2, roots: narrow }
}

/** Throws BuildError where policies or data stand outside the roots. */
export function checkOptimizedRoots({ roots }: Optimization, tops: readonly string[]): void {
  const stray = tops.find((top) => !roots.includes(top))
  if (stray !== undefined) throw new BuildError(`--root: policies/${stray} lies under no root; add --root ${stray}`)
  const idle = roots.find((root) => !tops.includes(root))
  if (idle !== undefined) throw new BuildError(`--root ${idle}: there is no policies/${idle}`)
}
