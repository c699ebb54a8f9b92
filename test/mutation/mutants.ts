/** Mutants of a Rego file: for every condition of every body, at any depth, the file without that condition. */
import type { Compiler } from '../../scripts/build/compiler.ts'

export interface Mutant {
  /** `file:row:column`. */
  readonly at: string
  readonly removed: string
  readonly source: string
}

interface Location {
  readonly row: number
  readonly col: number
  /** Base64. */
  readonly text: string
}

type Tree = Readonly<Record<string, unknown>> | readonly unknown[]

/** Reads the compiler's own syntax tree, so that nothing that it sees as a condition is overlooked. */
export async function mutantsOf(file: string, source: string, folder: string, compiler: Compiler): Promise<Mutant[]> {
  const args = ['parse', '--format', 'json', '--json-include', 'locations,-comments', file]
  const { code, stdout, stderr } = await compiler.run(args, folder)
  if (code !== 0) throw new Error(stderr)
  const places = new Map<string, Location>()
  collect(JSON.parse(stdout), places)
  return [...places.values()].map((location) => mutate(file, source, location))
}

/** Bodies stand in rules, in their `else` branches, in comprehensions and in `every`; the tree calls each of them `body`. */
function collect(tree: unknown, places: Map<string, Location>): void {
  if (!isTree(tree)) return
  for (const [key, value] of Object.entries(tree)) {
    if (key === 'body' && Array.isArray(value)) {
      for (const expression of value) {
        const location = writtenAt(expression)
        if (location !== undefined) places.set(`${location.row}:${location.col}:${location.text}`, location)
      }
    }
    collect(value, places)
  }
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null

/** A rule without a condition has a generated one, which nobody can remove. */
function writtenAt(expression: unknown): Location | undefined {
  if (!isTree(expression) || !('location' in expression) || 'generated' in expression) return undefined
  return expression.location as Location
}

/** `true` in its place: an empty body would not parse. */
function mutate(file: string, source: string, { row, col, text }: Location): Mutant {
  const removed = Buffer.from(text, 'base64').toString()
  const lineStart = source.split('\n', row - 1).join('\n').length + (row > 1 ? 1 : 0)
  const start = lineStart + col - 1
  const at = `${file}:${row}:${col}`
  if (!source.startsWith(removed, start)) throw new Error(`${at}: expected ${removed}`)
  return { at, removed, source: `${source.slice(0, start)}true${source.slice(start + removed.length)}` }
}
