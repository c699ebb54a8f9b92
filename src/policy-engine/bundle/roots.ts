/** Roots of bundles: the paths of `data` that a bundle owns alone (OPA, "Multiple Sources of Policy and Data"). */
import { BundleError } from '../engine.ts'

/** What the platform's own rules and roles stand under: no other bundle may own any of it, nor what lies above. */
export const PLATFORM_ROOTS: readonly string[] = ['authz', 'system', 'rbac']

/** Without leading and trailing slash, as OPA compares them; a manifest that names none owns everything. */
export function normalRoots(roots: readonly string[] = ['']): readonly string[] {
  const normal = roots.map((root) => root.replace(/^\/+|\/+$/g, ''))
  for (const [at, root] of normal.entries()) {
    const other = normal.slice(at + 1).find((later) => overlaps(root, later))
    if (other !== undefined) throw new BundleError('not_a_bundle', `the roots "${root}" and "${other}" overlap`)
  }
  return normal
}

/** Does the root hold the path? The root "" holds every one. */
export const covers = (root: string, path: string): boolean =>
  root === '' || path === root || path.startsWith(`${root}/`)

export const overlaps = (left: string, right: string): boolean => covers(left, right) || covers(right, left)

export const ownsPath = (roots: readonly string[], path: string): boolean => roots.some((root) => covers(root, path))

/** Throws where documents or entrypoints lie outside the bundle's roots: they would appear in what another bundle owns. */
export function checkContents(roots: readonly string[], entrypoints: readonly string[], data: unknown): void {
  const stray = entrypoints.find((entrypoint) => !ownsPath(roots, entrypoint)) ?? strayDocument(roots, data, '')
  if (stray === undefined) return
  const owned = roots.map((root) => `"${root}"`).join(', ')
  throw new BundleError('outside_roots', `${stray} lies outside the roots of the bundle: ${owned || 'it has none'}`)
}

function strayDocument(roots: readonly string[], document: unknown, path: string): string | undefined {
  if (ownsPath(roots, path)) return undefined
  const isAbove = path === '' || roots.some((root) => covers(path, root))
  if (!isAbove || typeof document !== 'object' || document === null || Array.isArray(document))
    return `data at "${path}"`
  for (const [key, member] of Object.entries(document)) {
    const found = strayDocument(roots, member, path === '' ? rootSegment(key) : `${path}/${rootSegment(key)}`)
    if (found !== undefined) return found
  }
  return undefined
}

/** A `/` within a key separates nothing: it stands for a character that no root has. */
export const rootSegment = (key: string): string => key.replaceAll('/', '\0')

const NARROW = '; name narrow roots in a .manifest and build with `opa build -b`'

export interface Rooted {
  readonly name: string
  readonly roots: readonly string[]
}

/** Throws where one of several bundles claims what is another's; the first is the platform's. */
export function checkRoots([platform, ...others]: readonly [Rooted, ...Rooted[]]): void {
  for (const other of others) {
    for (const root of other.roots) {
      const reserved = PLATFORM_ROOTS.find((owned) => overlaps(owned, root))
      if (reserved !== undefined) {
        throw new BundleError(
          'roots_conflict',
          `bundle ${other.name} claims the root "${root}": "${reserved}" belongs to the platform bundle ${platform.name} alone${root === '' ? NARROW : ''}`,
        )
      }
    }
  }
  const all = [platform, ...others]
  for (const [at, left] of all.entries()) for (const right of all.slice(at + 1)) checkPair(left, right)
}

function checkPair(left: Rooted, right: Rooted): void {
  for (const mine of left.roots) {
    const theirs = right.roots.find((root) => overlaps(mine, root))
    if (theirs === undefined) continue
    throw new BundleError(
      'roots_conflict',
      `the root "${theirs}" of bundle ${right.name} overlaps the root "${mine}" of bundle ${left.name}`,
    )
  }
}
