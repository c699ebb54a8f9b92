/** What every question to a node is answered with: the active bundle, the log, metrics, clock and cache of its thread. */
import type { Clock } from '../kernel/clock.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { DecisionCache } from './cache/decision-cache.ts'
import type { DecisionEvent } from './decision-log/event.ts'
import type { DecisionLog } from './decision-log/log.ts'
import type { Evaluator, VerifiedBundle } from './engine.ts'

/** What is active, as one value: bundle and evaluator change together. */
export interface Active {
  readonly bundle: VerifiedBundle
  readonly evaluator: Evaluator
  readonly activatedAt: string
}

export interface Judge {
  /** Throws PolicyUnavailable when nothing is active. */
  take(decision: string): Active
  readonly log: DecisionLog
  readonly metrics: Metrics
  readonly clock: Clock
  readonly cache: DecisionCache
  newId(): string
}

/** The event of a question before it is judged; each question has one decision id, on the answer and in the log. */
export function newEvent(judge: Judge, on: Active, path: string, requestId: string | undefined): DecisionEvent {
  const timestampMs = judge.clock.nowMs()
  return { decisionId: judge.newId(), path, bundle: on.bundle, requestId, timestampMs, evaluationNs: 0 }
}
