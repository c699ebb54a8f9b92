/** Opens a set of bundles on this thread as one value, which questions take and give back. */
import { createHash } from 'node:crypto'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import { prepareSet } from '../bundle/all-data.ts'
import { checkRoots } from '../bundle/roots.ts'
import { readCacheRules } from '../cache/rule.ts'
import type { BundleSet } from '../engine.ts'
import { type EvaluatorOptions, openBundle } from '../wasm/open.ts'
import type { Active } from './judge.ts'
import { Lease } from './lease.ts'
import { type OpenBundle, routed } from './routed.ts'

export interface ActivationOptions {
  readonly clock?: Clock | undefined
  readonly evaluation?: EvaluatorOptions | undefined
  readonly onSlice?: (() => void) | undefined
}

/**
 * In slices, so that decisions go on meanwhile. Rejects with BundleError where roots overlap, with EvaluationError where a
 * module cannot be loaded; nothing stays open then.
 */
export async function openActive(
  given: BundleSet,
  { clock = systemClock, evaluation = {}, onSlice }: ActivationOptions = {},
): Promise<Active> {
  checkRoots(given)
  const set = prepareSet(given)
  const [platform] = set
  const opened: OpenBundle[] = []
  try {
    for (const bundle of set) opened.push({ bundle, evaluator: await openBundle(bundle, evaluation, onSlice) })
    const [first, ...rest] = opened
    if (first === undefined) throw new Error('a set has a platform bundle')
    const evaluator = routed([first, ...rest])
    const digest = digestOf(set)
    return {
      platform,
      set,
      revision: platform.revision,
      bundles: Object.fromEntries(set.map(({ name, revision }) => [name, { revision }])),
      versions: Object.fromEntries(set.map(({ name, revision, version }) => [name, { revision, version }])),
      digest,
      evaluator,
      cacheRules: readCacheRules(set, digest),
      lease: new Lease(() => evaluator.close()),
      activatedAt: new Date(clock.nowMs()).toISOString(),
    }
  } catch (error) {
    for (const { evaluator } of opened) evaluator.close()
    throw error
  }
}

/** One bundle's own digest where there is but one. */
function digestOf(set: BundleSet): string {
  if (set.length === 1) return set[0].digest
  const hash = createHash('sha256')
  for (const { name, digest } of set) hash.update(`${name}\0${digest}\n`)
  return hash.digest('hex')
}
