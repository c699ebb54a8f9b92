/** One event of the decision log, with the field names of OPA's (OPA, "Decision Logs"). */
import { timestampText } from '../../kernel/clock.ts'
import type { Revisions } from '../engine.ts'

export interface DecisionEvent {
  readonly decisionId: string
  /** Path of the asked document, without `data`: `authz/token/decision`. */
  readonly path: string
  /** Every bundle that was active. */
  readonly bundles: Revisions
  /** JSON value; absent where the input is undefined, or must not be written. */
  readonly input?: unknown
  /** JSON value; absent where the result is undefined. */
  readonly result?: unknown
  readonly error?: { readonly code: string } | undefined
  readonly requestedBy?: string | undefined
  readonly requestId?: string | undefined
  readonly evaluationNs: number
  readonly cached?: boolean
  readonly timestampMs: number
}

export interface EventLabels {
  /** Of this deployment; made at random where none is configured. */
  readonly id: string
  readonly version: string
  /** The deciding thread. */
  readonly node: string
}

/** The event as policy judges it and as its line is written. Input and result are the caller's own: never changed here. */
export function eventValue(labels: EventLabels, event: DecisionEvent): Record<string, unknown> {
  const { input, result, error, requestedBy, requestId, cached } = event
  return {
    ...head(labels, event),
    path: event.path,
    ...(input !== undefined && { input }),
    ...(result !== undefined && { result }),
    ...(error !== undefined && { error }),
    ...(requestedBy !== undefined && { requested_by: requestedBy }),
    ...(requestId !== undefined && { req_id: requestId }),
    metrics: {
      timer_rego_query_eval_ns: event.evaluationNs,
      ...(cached === true && { counter_server_query_cache_hit: 1 }),
    },
  }
}

/** What stays of an event that policy drops: that it was, never what it was about. */
export const stubValue = (labels: EventLabels, event: DecisionEvent): object => ({
  ...head(labels, event),
  dropped: true,
})

function head(labels: EventLabels, { decisionId, bundles, timestampMs }: DecisionEvent) {
  return {
    labels,
    decision_id: decisionId,
    bundles,
    // RFC 3339 with nine digits, as OPA writes it. The clock gives milliseconds; a fraction of one is kept.
    timestamp: timestampText(timestampMs, 9),
  }
}
