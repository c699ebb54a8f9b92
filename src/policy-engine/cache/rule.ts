/** Whether and how the answers of one entrypoint may be kept: what its metadata declares, under what is active. */
import type { BundleSet } from '../engine.ts'
import type { CacheScope, DecisionCache } from './decision-cache.ts'
import { MAX_TTL_SECONDS } from './round-time.ts'

export interface CacheRule {
  readonly ttlSeconds: number
  readonly nondeterministic: boolean
  /** Begins the names of its scopes: the content that is active, and the entrypoint. */
  readonly name: string
}

/** By entrypoint, of all bundles that are active together; without a declaration nothing is kept. */
export function readCacheRules(set: BundleSet, digest: string): ReadonlyMap<string, CacheRule> {
  const rules = new Map<string, CacheRule>()
  for (const { entrypoints, cacheTtlSeconds, cacheNondeterministic } of set) {
    for (const entrypoint of entrypoints) {
      const ttl = cacheTtlSeconds[entrypoint]
      if (ttl === undefined) continue
      const nondeterministic = cacheNondeterministic.includes(entrypoint)
      // What may read the clock is never older than a minute.
      const ttlSeconds = nondeterministic ? Math.min(ttl, MAX_TTL_SECONDS) : ttl
      rules.set(entrypoint, { ttlSeconds, nondeterministic, name: `${digest} ${entrypoint}` })
    }
  }
  return rules
}

/** Whose answers go when their rights change: the person of the input, else of its token. */
export function subjectOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined
  for (const key of ['subject', 'token']) {
    const facts: unknown = Reflect.get(input, key)
    const sub: unknown = typeof facts === 'object' && facts !== null ? Reflect.get(facts, 'sub') : undefined
    if (typeof sub === 'string') return sub
  }
  return undefined
}

export const scopeOf = (
  { cache }: { readonly cache: DecisionCache },
  { name }: CacheRule,
  kind: string,
): CacheScope | undefined => cache.scope(`${name} ${kind}`)
