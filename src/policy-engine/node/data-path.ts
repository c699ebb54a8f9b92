/** What lies at a path of `data`: an entrypoint's value, a part of one, the base data, or all that is below the path. */
import type { EvaluationOptions, Evaluator } from '../engine.ts'

/** A document of `data`, for any input. Throws EvaluationError when a rule traps. */
export type Document = (input: unknown, how?: Omit<EvaluationOptions, 'exact'>) => unknown

/** The document at `path`, undefined where there is none. */
export const lookUp = (evaluator: Evaluator, path: readonly string[], input: unknown): unknown =>
  locate(evaluator, path)(input)

/** Finds out once what answers at `path`. */
export function locate(evaluator: Evaluator, path: readonly string[]): Document {
  const ask = (entrypoint: string, input: unknown, how: EvaluationOptions | undefined) =>
    evaluator.evaluate(entrypoint, input, { ...how, exact: true })
  const owner = longestEntrypoint(evaluator, path)
  if (owner > 0) {
    const entrypoint = path.slice(0, owner).join('/')
    const rest = path.slice(owner)
    return rest.length === 0
      ? (input, how) => ask(entrypoint, input, how)
      : (input, how) => walk(ask(entrypoint, input, how), rest)
  }
  const base = path.length > 0 ? evaluator.base(path) : withoutSystem(evaluator.base(path))
  const below = entrypointsBelow(evaluator, path).filter((parts) => path.length > 0 || parts[0] !== 'system')
  if (below.length === 0) return () => base
  return (input, how) => {
    const document = isObject(base) ? { ...base } : {}
    for (const entrypoint of below) {
      const value = ask(entrypoint.join('/'), input, how)
      if (value !== undefined) plant(document, entrypoint.slice(path.length), value)
    }
    return document
  }
}

/** All of `data` leaves the rules for the service itself out, as in OPA. */
function withoutSystem(base: unknown): unknown {
  if (!isObject(base) || !Object.hasOwn(base, 'system')) return base
  const { system: _system, ...rest } = base
  return rest
}

/**
 * How many segments of the path name the longest entrypoint on it; 0 for none. `%2F` in a segment names no separator. Anyone
 * may send a path: it costs no more than the deepest entrypoint is deep.
 */
export function longestEntrypoint({ entrypoints }: Evaluator, path: readonly string[]): number {
  const start = path.slice(0, deepest(entrypoints))
  const slash = start.findIndex((segment) => segment.includes('/'))
  for (let length = slash < 0 ? start.length : slash; length > 0; length--) {
    if (entrypoints.has(start.slice(0, length).join('/'))) return length
  }
  return 0
}

const depths = new WeakMap<ReadonlySet<string>, number>()

/** Segments of the longest entrypoint, counted once for each set that is active. */
function deepest(entrypoints: ReadonlySet<string>): number {
  let depth = depths.get(entrypoints)
  if (depth === undefined) {
    depth = entrypoints.values().reduce((most, entrypoint) => Math.max(most, entrypoint.split('/').length), 0)
    depths.set(entrypoints, depth)
  }
  return depth
}

/** Entrypoints under the path that no other entrypoint under it covers, packages before what they hold. */
function entrypointsBelow(evaluator: Evaluator, path: readonly string[]): string[][] {
  const below = [...evaluator.entrypoints]
    .map((entrypoint) => entrypoint.split('/'))
    .filter((parts) => parts.length > path.length && path.every((segment, at) => parts[at] === segment))
  const covered = (parts: readonly string[]) =>
    below.some((other) => other.length < parts.length && other.every((segment, at) => parts[at] === segment))
  return below.filter((parts) => !covered(parts))
}

/** A member of a JSON document; integer-like segments index arrays. */
export function walk(value: unknown, path: readonly string[]): unknown {
  let at = value
  for (const segment of path) {
    if (Array.isArray(at)) at = /^(0|[1-9]\d{0,15})$/.test(segment) ? at[Number(segment)] : undefined
    else at = isObject(at) && Object.hasOwn(at, segment) ? at[segment] : undefined
  }
  return at
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Sets a value below a document, which it may change: copies of what came from base data. */
function plant(document: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let parent = document
  for (const segment of path.slice(0, -1)) {
    const found = Object.hasOwn(parent, segment) ? parent[segment] : undefined
    const next: Record<string, unknown> = isObject(found) ? { ...found } : {}
    parent[segment] = next
    parent = next
  }
  const last = path.at(-1)
  if (last !== undefined) parent[last] = value
}

/** Documents above the roots are objects on both sides; below them only one side has any. */
export function mergeDocuments(left: unknown, right: unknown): unknown {
  if (!isObject(left) || !isObject(right)) return left
  const merged: Record<string, unknown> = { ...left }
  for (const [key, value] of Object.entries(right)) {
    const both = Object.hasOwn(merged, key) ? mergeDocuments(merged[key], value) : value
    Object.defineProperty(merged, key, { value: both, enumerable: true, configurable: true, writable: true })
  }
  return merged
}
