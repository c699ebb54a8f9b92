/** What is found at a path of `data`, here or at another server, and whatever finds it. */
import type { Answered } from '../cache/through-cache.ts'
import type { EvaluationOptions, Revisions } from '../engine.ts'
import type { Turn } from '../wasm/settle.ts'

export type Found = Pick<Answered, 'result' | 'text' | 'cached' | 'maxAgeSeconds' | 'ageSeconds'> &
  Partial<Pick<Answered, 'recorded'>> & {
    /** Where it was judged elsewhere: by what, and what the log carries of that. */
    readonly elsewhere?: { readonly bundles: Revisions; readonly custom: Readonly<Record<string, unknown>> }
  }

/**
 * Throws, or rejects with, EvaluationError when a rule traps, PolicyUnavailable where another server is to answer and does
 * not. Waits only where the policy, the cache or that server does.
 */
export type Document = (input: unknown, how: How) => Found | Promise<Found>

type How = Turn & Pick<EvaluationOptions, 'strict' | 'decisionId'>
