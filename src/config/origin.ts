/** Where each configured value came from, so that a refusal can point at it. */

/** Keys from the root, e.g. `['policy', 'bundle', 'keys', 0, 'id']`. */
export type KeyPath = readonly (string | number)[]

export interface Layer {
  /** Nested plain values, as a part of the configuration. */
  readonly values: Readonly<Record<string, unknown>>
  /** `sallyport.yaml:12`, `environment SALLYPORT_ISSUER`, `flag --set issuer`. */
  origin(path: KeyPath): string | undefined
  /** Folder against which the paths of this layer are read. */
  readonly folder: string
}

export const dotted = (path: KeyPath): string => path.join('.')

/** RFC 6901, as the validator reports places. */
export const fromPointer = (pointer: string): KeyPath =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A layer from single values, each with its own origin. */
export function layerOf(entries: readonly { path: KeyPath; value: unknown; origin: string }[], folder: string): Layer {
  const values: Record<string, unknown> = {}
  const origins = new Map<string, string>()
  for (const { path, value, origin } of entries) {
    let at = values
    for (const key of path.slice(0, -1)) {
      const next = at[key]
      const inner = isRecord(next) ? next : {}
      at[key] = inner
      at = inner
    }
    at[path[path.length - 1] ?? ''] = value
    origins.set(dotted(path), origin)
  }
  return { values, folder, origin: (path) => origins.get(dotted(path)) }
}

/** Later layers win, key by key; lists are replaced whole. */
export function merge(under: unknown, over: unknown): unknown {
  if (!isRecord(under) || !isRecord(over)) return over
  const merged: Record<string, unknown> = { ...under }
  for (const [key, value] of Object.entries(over)) merged[key] = key in under ? merge(under[key], value) : value
  return merged
}
