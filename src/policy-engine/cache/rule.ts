/** Whether and how the answers of one entrypoint may be kept: what its metadata declares, under what is active. */
import type { Active, Judge } from '../judge.ts'
import type { CacheScope } from './decision-cache.ts'
import { MAX_TTL_SECONDS } from './round-time.ts'

export interface CacheRule {
  readonly ttlSeconds: number
  readonly nondeterministic: boolean
  /** Begins the names of its scopes: the content that is active, and the entrypoint. */
  readonly name: string
}

const rules = new WeakMap<Active, Map<string, CacheRule | undefined>>()

/** Undefined where nothing of the entrypoint is kept: without a declaration nothing is. */
export function cacheRule(on: Active, entrypoint: string): CacheRule | undefined {
  let known = rules.get(on)
  if (known === undefined) {
    known = new Map()
    rules.set(on, known)
  }
  if (known.has(entrypoint)) return known.get(entrypoint)
  const rule = declared(on, entrypoint)
  known.set(entrypoint, rule)
  return rule
}

function declared({ bundle }: Active, entrypoint: string): CacheRule | undefined {
  const ttl = bundle.cacheTtlSeconds[entrypoint]
  if (ttl === undefined) return undefined
  const nondeterministic = bundle.cacheNondeterministic.includes(entrypoint)
  return {
    // What may read the clock is never older than a minute.
    ttlSeconds: nondeterministic ? Math.min(ttl, MAX_TTL_SECONDS) : ttl,
    nondeterministic,
    name: `${bundle.digest} ${entrypoint}`,
  }
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

export const scopeOf = ({ cache }: Pick<Judge, 'cache'>, { name }: CacheRule, kind: string): CacheScope | undefined =>
  cache.scope(`${name} ${kind}`)
