/**
 * Holds a tree to the table of arrows and to the house's sizes and names, and finds circles; answers one line for each violation.
 * Tests and scripts may import whatever they try.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { basename, dirname, join, posix, relative, sep } from 'node:path'
import {
  BARRELS,
  COMPOSITION,
  GUARDED_BUILTINS,
  LINES,
  type Line,
  MAX_DEPTH,
  MAX_LINES,
  MEANINGLESS,
} from './arrows.ts'
import { circlesIn } from './circles.ts'
import { importsOf } from './imports.ts'

const ROOTS = ['src', 'web']
const BESIDE = ['test', 'policy-tests', 'bench', 'scripts', 'examples']

export function violations(root: string): readonly string[] {
  const files = [...ROOTS, ...BESIDE]
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .toSorted()
  const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))
  const found = [...sources].flatMap(([file, source]) => {
    const own = [...shape(file, source), ...(isProduct(file) ? arrows(file, source) : [])]
    return own.map((message) => `${file}${message}`)
  })
  return [...found, ...circles(sources)]
}

function circles(sources: ReadonlyMap<string, string>): readonly string[] {
  const imports = new Map(
    [...sources].map(([file, source]) => {
      const relatives = importsOf(source).flatMap(({ specifier }) => (specifier?.startsWith('.') ? [specifier] : []))
      return [file, relatives.map((specifier) => targetOf(file, specifier)).filter((target) => sources.has(target))]
    }),
  )
  return circlesIn(imports).map((way) => `${way[0]}: stands in a circle of imports: ${way.join(' → ')}`)
}

const targetOf = (file: string, specifier: string) => posix.normalize(posix.join(posix.dirname(file), specifier))

const isProduct = (file: string) =>
  ROOTS.some((folder) => within(file, folder)) && !/\.(test|d)\.ts$/.test(file) && !isTestSupport(file)

/** Suites and fixtures that only tests load, by name. */
const isTestSupport = (file: string) => /(^|[/-])(conformance|fixture|oracle)s?(\/|\.ts$|-)/.test(file)

function shape(file: string, source: string): readonly string[] {
  const found: string[] = []
  const lines = source.split('\n').length - (source.endsWith('\n') ? 1 : 0)
  if (lines > MAX_LINES) found.push(`: has ${lines} lines, more than ${MAX_LINES}`)
  const folders = dirname(file).split('/').slice(1)
  if (folders.length > MAX_DEPTH) found.push(`: lies more than ${MAX_DEPTH} folders deep`)
  for (const name of [...folders, basename(file)]) {
    if (MEANINGLESS.test(name)) found.push(`: the name ${name} says nothing`)
  }
  if (basename(file) === 'index.ts' && !BARRELS.includes(file)) found.push(': is a barrel')
  if (/^export default\b/m.test(source)) found.push(': has a default export')
  return found
}

function arrows(file: string, source: string): readonly string[] {
  const line = lineOf(file)
  if (!line) return [': its folder has no line in test/boundaries/arrows.ts']
  return importsOf(source).flatMap((found) => {
    const message = judge(file, line, found.specifier)
    return message === undefined ? [] : [`:${found.line}: ${message}`]
  })
}

const within = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`)

/** The longest line that fits. Folders of auth need a line each, so `src/auth` itself has none. */
const lineOf = (path: string): Line | undefined =>
  LINES.filter((line) => within(path, line.from)).toSorted((a, b) => b.from.length - a.from.length)[0]

function judge(file: string, line: Line, specifier: string | undefined): string | undefined {
  if (specifier === undefined) return 'imports a computed address'
  if (isBuiltin(specifier)) {
    const only = GUARDED_BUILTINS[specifier]
    return only && !only.some((folder) => within(file, folder)) ? `may not import ${specifier}` : undefined
  }
  if (!specifier.startsWith('.')) {
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/')
    return line.packages.includes(name) ? undefined : `may not import the package ${name}`
  }
  const target = targetOf(file, specifier)
  return mayImport(file, line, target) ? undefined : `may not import ${target}`
}

function mayImport(file: string, line: Line, target: string): boolean {
  const fromComposition = COMPOSITION.some((folder) => within(file, folder))
  if (COMPOSITION.some((folder) => within(target, folder))) return fromComposition
  if (target === 'package.json') return fromComposition
  if (!ROOTS.some((root) => within(target, root))) return false
  if (line.to.includes('*')) return true
  const targetLine = lineOf(target)
  // Its own folder, and a folder of its own that has no line of its own.
  if (targetLine === line) return true
  return line.to.some((allowed) => within(target, allowed) && isOpen(allowed, targetLine))
}

/** Leave to import a folder does not reach into a folder below it that has its own line. */
const isOpen = (allowed: string, targetLine: Line | undefined) =>
  targetLine === undefined || !within(targetLine.from, allowed) || targetLine.from === allowed
