/** Finds the route of an address by its unescaped segments: what `system.authz` judged is what is answered. */
import type { ApiRoute } from './exchange.ts'

interface Branch {
  readonly children: Map<string, Branch>
  /** By method: exactly here, and with all that is left. */
  readonly here: Map<string, ApiRoute>
  readonly below: Map<string, ApiRoute>
}

export interface Found {
  /** Routes by method; empty where there is nothing at the address. */
  readonly methods: ReadonlyMap<string, ApiRoute>
  readonly route: ApiRoute | undefined
  readonly rest: readonly string[]
}

export type FindRoute = (method: string, segments: readonly string[]) => Found

const NOTHING: Found = { methods: new Map(), route: undefined, rest: [] }
const newBranch = (): Branch => ({ children: new Map(), here: new Map(), below: new Map() })

export function routeTree(routes: readonly ApiRoute[]): FindRoute {
  const root = newBranch()
  for (const route of routes) {
    const segments = route.path.split('/').filter((segment) => segment !== '')
    const takesRest = segments.at(-1) === '{path}'
    let at = root
    for (const segment of takesRest ? segments.slice(0, -1) : segments) {
      const next = at.children.get(segment) ?? newBranch()
      at.children.set(segment, next)
      at = next
    }
    const methods = takesRest ? at.below : at.here
    methods.set(route.method, route)
  }
  return (method, segments) => {
    let at = root
    let depth = 0
    let owner: { methods: Map<string, ApiRoute>; depth: number } | undefined
    for (;;) {
      if (at.below.size > 0 && depth < segments.length) owner = { methods: at.below, depth }
      const next = depth < segments.length ? at.children.get(segments[depth] ?? '') : undefined
      if (next === undefined) break
      at = next
      depth += 1
    }
    if (depth === segments.length && at.here.size > 0) owner = { methods: at.here, depth }
    if (owner === undefined) return NOTHING
    return { methods: owner.methods, route: owner.methods.get(method), rest: segments.slice(owner.depth) }
  }
}
