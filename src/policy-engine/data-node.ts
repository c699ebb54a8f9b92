/**
 * The part of a deciding node that answers the Data API: one thread, one active bundle, swapped whole. The active bundle is
 * taken once for each question, so that no answer mixes two revisions; without one nothing is answered. It knows nothing of
 * the contract, whose schemas a thread that only answers the Data API need not load.
 */
import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../kernel/clock.ts'
import { PolicyUnavailable } from '../kernel/errors.ts'
import type { Metrics } from '../observability/metrics.ts'
import { registerCacheMetrics } from './cache/cache-metrics.ts'
import { createDecisionCache } from './cache/decision-cache.ts'
import type { DecisionLog } from './decision-log/log.ts'
import type { VerifiedBundle } from './engine.ts'
import type { Active, Judge } from './judge.ts'
import { type Answer, createAnswer, type Question } from './question.ts'
import { openBundle } from './wasm/open.ts'

export interface NodeStatus {
  readonly node: string
  readonly bundle?: string
  readonly revision?: string
  readonly version?: number
  /** RFC 3339. */
  readonly activated_at?: string
}

export interface DataNode {
  /** Throws PolicyUnavailable without bundle or log or beyond the deadline, EvaluationError when the policy traps. */
  evaluate(question: Question): Promise<Answer>
  /** `system.authz` over the Data API; false for anything but true. Not a decision: not logged. */
  allows(input: object): boolean
  /** Swaps at once; throws EvaluationError, and keeps what was active, when the module cannot be loaded here. */
  activate(bundle: VerifiedBundle): void
  /** Nothing is decided until the next activation. */
  deactivate(): void
  /** Empties the decision cache, or what it holds on one subject. */
  purge(subject?: string): void
  readonly active: VerifiedBundle | undefined
  /** False while the decision log cannot be written. */
  readonly healthy: boolean
  status(): NodeStatus
  close(): Promise<void>
}

export interface NodeOptions {
  readonly name: string
  readonly log: DecisionLog
  readonly metrics: Metrics
  readonly clock?: Clock
  /** Most that the decision cache may hold; 0 keeps nothing. */
  readonly cacheBytes?: number
}

/** The node, and what whoever decides by the contract on this thread judges with. */
export function createDataNode(options: NodeOptions): { readonly node: DataNode; readonly judge: Judge } {
  const { name, log, metrics, clock = systemClock } = options
  const cache = createDecisionCache(options.cacheBytes, clock)
  registerCacheMetrics(metrics.registry, cache)
  let active: Active | undefined
  const take = (decision: string): Active => {
    if (active !== undefined) return active
    metrics.decisions.inc({ decision, outcome: 'no_bundle' })
    throw new PolicyUnavailable('no_bundle', decision)
  }
  const judge: Judge = { take, log, metrics, clock, cache, newId: randomUUID }
  const release = () => {
    active?.evaluator.close()
    active = undefined
    cache.purge()
  }

  const node: DataNode = {
    evaluate: createAnswer(judge),
    allows: (input) => {
      try {
        return active?.evaluator.evaluate('system/authz/allow', input) === true
      } catch {
        return false
      }
    },
    activate: (bundle) => {
      const evaluator = openBundle(bundle)
      release()
      active = { bundle, evaluator, activatedAt: new Date(clock.nowMs()).toISOString() }
      metrics.bundleActivation.set({ name: bundle.name }, clock.nowMs() * 1e6)
    },
    deactivate: release,
    purge: (subject) => cache.purge(subject),
    get active() {
      return active?.bundle
    },
    get healthy() {
      return log.healthy
    },
    status: () => {
      if (active === undefined) return { node: name }
      const { name: bundle, revision, version } = active.bundle
      return { node: name, bundle, revision, version, activated_at: active.activatedAt }
    },
    close: async () => {
      release()
      await log.close()
    },
  }
  return { node, judge }
}
