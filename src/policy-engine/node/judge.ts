/** What every question to a node is answered with: the active bundle, the log, metrics, clock and cache of its thread. */
import type { Clock } from '../../kernel/clock.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { DecisionCache } from '../cache/decision-cache.ts'
import type { CacheRule } from '../cache/rule.ts'
import type { DecisionEvent } from '../decision-log/event.ts'
import type { DecisionLog } from '../decision-log/log.ts'
import type { BundleSet, Evaluator, Revisions, VerifiedBundle } from '../engine.ts'
import type { Remotes } from '../remote/remotes.ts'
import type { Lease } from './lease.ts'

/** What is active, as one value: all bundles and what evaluates them change together. */
export interface Active {
  /** The platform bundle, whose rules answer the contract's questions and judge the log. */
  readonly platform: VerifiedBundle
  readonly set: BundleSet
  /** Of the platform bundle, where one revision is to stand for all. */
  readonly revision: string
  readonly bundles: Revisions
  readonly versions: Readonly<Record<string, { readonly revision: string; readonly version: number }>>
  /** Of all bundles together. */
  readonly digest: string
  /** Answers for every bundle by the roots they own; `authz` and `system` are always the platform's. */
  readonly evaluator: Evaluator
  /** By entrypoint; what stands in no line is not kept. */
  readonly cacheRules: ReadonlyMap<string, CacheRule>
  /** Held while a question is answered: one that waits for I/O may outlive a swap. */
  readonly lease: Lease
  readonly activatedAt: string
}

export interface Judge {
  /** Throws PolicyUnavailable when nothing is active. Whoever takes it ends with `lease.done()`. */
  take(decision: string): Active
  readonly log: DecisionLog
  readonly metrics: Metrics
  readonly clock: Clock
  readonly cache: DecisionCache
  /** Of one decision, with all that it waits for. */
  readonly deadlineMs: number
  readonly remotes: Remotes
  newId(): string
}

/** The event of a question before it is judged; each question has one decision id, on the answer and in the log. */
export function newEvent(judge: Judge, on: Active, path: string, requestId: string | undefined): DecisionEvent {
  const timestampMs = judge.clock.nowMs()
  return { decisionId: judge.newId(), path, bundles: on.bundles, requestId, timestampMs, evaluationNs: 0 }
}
