/**
 * A question by way of the cache: found, or waited for where an equal one is being judged, or judged and kept. What failed is
 * never kept, nor what asked a built-in that answers differently each time, unless its rule declares that it may be.
 */
import type { RecordedCall } from '../engine.ts'
import type { CacheScope, DecisionCache } from './decision-cache.ts'
import { freeze } from './freeze.ts'

/** A question that may be answered from the cache. */
export interface Cacheable {
  readonly scope: CacheScope
  /** The input as JSON.stringify writes it. */
  readonly text: string
  readonly ttlSeconds: number
  readonly subject: string | undefined
  /** The rule declares `cache_nondeterministic`. */
  readonly nondeterministic: boolean
}

export interface Evaluated {
  readonly result: unknown
  /** False for what no caller may be given: it is not kept. */
  readonly isFit: boolean
  /** Answers of non-deterministic built-ins that it is made of. */
  readonly recorded: ReadonlyMap<string, RecordedCall>
}

export interface Answered extends Evaluated {
  readonly cached: boolean
  /** Of the result as JSON, where that is known. */
  readonly text?: string
  readonly maxAgeSeconds?: number
  readonly ageSeconds?: number
}

/** What the log carries of an answer that needed no evaluation of its own, beside OPA's counter. */
export const CACHED = { cached: true } as const

/** Rejects with what `evaluate` throws. */
export async function throughCache(
  cache: Pick<DecisionCache, 'epoch'>,
  question: Cacheable,
  evaluate: () => Evaluated | Promise<Evaluated>,
): Promise<Answered> {
  const hit = question.scope.get(question.text)
  if (hit !== undefined) {
    const { answer, maxAgeSeconds, ageSeconds } = hit
    return { ...answer, isFit: true, cached: true, maxAgeSeconds, ageSeconds }
  }
  const { answer, joined } = question.scope.once(question.text, () => judgeAndKeep(cache, question, evaluate))
  const answered = await answer
  if (!joined) return answered
  // What may not be kept for a moment later may not be shared either.
  if (answered.maxAgeSeconds === undefined) return judgeAndKeep(cache, question, evaluate)
  return { ...answered, cached: true }
}

async function judgeAndKeep(
  cache: Pick<DecisionCache, 'epoch'>,
  { scope, text: input, ttlSeconds, subject, nondeterministic }: Cacheable,
  evaluate: () => Evaluated | Promise<Evaluated>,
): Promise<Answered> {
  const { epoch } = cache
  const { result, isFit, recorded } = await evaluate()
  const text = isFit ? JSON.stringify(result) : undefined
  if (text === undefined || (recorded.size > 0 && !nondeterministic)) return { result, isFit, recorded, cached: false }
  freeze(result)
  scope.keep(input, { result, text, recorded }, { ttlSeconds, subject, epoch })
  return { result, isFit, recorded, text, cached: false, maxAgeSeconds: ttlSeconds, ageSeconds: 0 }
}
