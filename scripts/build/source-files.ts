/** Which files are sources: policies and data under `policies/`, tests and their tables under `policy-tests/`. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { DECISIONS } from '../../src/policy-engine/contract/index.ts'
import { BuildError } from './build-error.ts'
import { COMPILER_VERSION, REPOSITORY } from './compiler.ts'

/** A user's own policy repository, laid over ours or in its place. */
export interface Sources {
  /** Holds `policies/` and, where it has tests, `policy-tests/`. */
  readonly folder?: string | undefined
  /** Ours are left out. */
  readonly replace?: boolean | undefined
}

/** Path in the staged tree → path of the file it comes from. */
export type SourceFiles = ReadonlyMap<string, string>

export interface FoundSources {
  readonly files: SourceFiles
  /** Files of the user's that replace none of ours. */
  readonly added: readonly string[]
}

/** Top-level names in `data` that only the platform's own files may fill. */
export const PLATFORM_ROOTS = ['authz', 'lib', 'rbac', 'system'] as const
export const RBAC_DATA = 'policies/rbac/data.yaml'

export async function findSources({ folder, replace }: Sources): Promise<FoundSources> {
  const ours = replace === true ? new Map<string, string>() : await list(REPOSITORY)
  const theirs = folder === undefined ? new Map<string, string>() : await list(folder)
  if (folder !== undefined && ![...theirs.keys()].some((path) => path.startsWith('policies/'))) {
    throw new BuildError(`${folder}: there is no policy under policies/`)
  }
  const files = new Map([...ours, ...theirs].sort(([left], [right]) => (left < right ? -1 : 1)))
  const problems = [...files].flatMap(([path, origin]) => problemsOf(path, origin))
  if (problems.length > 0) throw new BuildError(...problems)
  return { files, added: replace === true ? [] : [...theirs.keys()].filter((path) => !ours.has(path)) }
}

/** What a built bundle is made from, in one value: the policies, and what of the build itself shapes their output. */
export async function sourcesDigest(files: SourceFiles): Promise<string> {
  const hash = createHash('sha256').update(`opa ${COMPILER_VERSION}\n${Object.keys(DECISIONS).join(' ')}\n`)
  for (const [path, origin] of files) {
    if (!path.startsWith('policies/')) continue
    const digest = createHash('sha256')
      .update(await readFile(origin))
      .digest('hex')
    hash.update(`${path}\0${digest}\n`)
  }
  return hash.digest('hex')
}

async function list(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const top of ['policies', 'policy-tests']) {
    const entries = await readdir(join(folder, top), { recursive: true, withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const origin = join(entry.parentPath, entry.name)
      const path = relative(folder, origin)
      if (!entry.isDirectory() && isSource(path)) found.set(path, origin)
    }
  }
  return found
}

/** Editors leave backups, swap files and notes beside sources; these are neither built nor refused. */
function isSource(path: string): boolean {
  if (/(^|\/)\./.test(path)) return false
  if (path.startsWith('policies/')) return /\.(rego|ya?ml|json)$/.test(path)
  return /\.(rego|json)$/.test(path)
}

/** OPA merges or drops other data files without a word, and a negated look-up into what was dropped then allows. */
function problemsOf(path: string, origin: string): string[] {
  const shown = shownPath(origin)
  if (!path.startsWith('policies/')) return []
  if (path.endsWith('_test.rego')) return [`${shown}: tests belong under policy-tests/`]
  if (path.endsWith('.rego')) return []
  if (!path.endsWith('/data.yaml')) return [`${shown}: data under policies/ must be in a file named data.yaml`]
  const [, root] = path.split('/')
  if (root === 'data.yaml') return [`${shown}: data must be in a folder, which becomes its name`]
  const ownedByPlatform = PLATFORM_ROOTS.some((owned) => owned === root)
  return ownedByPlatform && path !== RBAC_DATA ? [`${shown}: the platform's data is ${RBAC_DATA} only`] : []
}

/** As a person would name it from where they are. */
export function shownPath(origin: string): string {
  const path = relative(process.cwd(), origin)
  return path.startsWith('..') ? origin : path
}
