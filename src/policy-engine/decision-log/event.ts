/**
 * One event of the decision log, with the members of OPA's (OPA, "Decision Logs"; EventV1 in v1/plugins/logs). What OPA has no
 * member for stands in `custom`: our request id, and the link of the chain, which is added when the line is written.
 */
import { timestampText } from '../../kernel/clock.ts'
import { redactedCall } from '../builtins/http/redact.ts'
import { redactedTokenCall } from '../builtins/jwt/redact.ts'
import {
  EvaluationError,
  EvaluationTimeout,
  type PolicyLocation,
  type RecordedCall,
  type Revisions,
} from '../engine.ts'
import { jsonOfValue, writeJson } from '../wasm/json-value.ts'

/** With the members of OPA's evaluation errors; never a value of the decision. */
export interface EventError {
  readonly code: string
  readonly message?: string
  readonly location?: PolicyLocation
}

/** What is told of the error that an evaluation ended with. */
export function eventError(code: string, cause: unknown): EventError {
  if (!(cause instanceof EvaluationError) || cause instanceof EvaluationTimeout) return { code }
  const { message, location } = cause
  return { code, message, ...(location && { location }) }
}

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
  readonly error?: EventError | undefined
  readonly requestedBy?: string | undefined
  /** Of the request that asked this together with others. */
  readonly batchDecisionId?: string | undefined
  /** Answers of non-deterministic built-ins, which replay the decision. */
  readonly recorded?: ReadonlyMap<string, RecordedCall> | undefined
  /** JSON members for `custom`. */
  readonly custom?: Readonly<Record<string, unknown>> | undefined
  /** Pointers to what was left out, as masks tell it of what they take. */
  readonly erased?: readonly string[]
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

/**
 * The event as policy judges it and as its line is written, but for `custom`. Input and result are the caller's own: never
 * changed here.
 */
export function eventValue(labels: EventLabels, event: DecisionEvent): Record<string, unknown> {
  const { recorded } = event
  // One literal, so that all events have one shape; a member that is undefined is none.
  return {
    labels,
    decision_id: event.decisionId,
    bundles: event.bundles,
    timestamp: timestampOf(event),
    batch_decision_id: event.batchDecisionId,
    path: event.path,
    input: event.input,
    result: event.result,
    nd_builtin_cache: recorded !== undefined && recorded.size > 0 ? cacheValue(recorded) : undefined,
    erased: event.erased,
    error: event.error,
    requested_by: event.requestedBy,
    metrics: {
      timer_rego_query_eval_ns: event.evaluationNs,
      counter_server_query_cache_hit: event.cached === true ? 1 : undefined,
    },
  }
}

/** `req_id` is a number in OPA's event; ours is text. */
export function customValue({ requestId, custom }: DecisionEvent): Record<string, unknown> | undefined {
  if (requestId === undefined) return custom
  return { ...custom, request_id: requestId }
}

/**
 * What stays of an event that policy drops: that it was, never what it was about. It begins unlike an event, so that whoever
 * uploads the log passes it over without reading on.
 */
export const stubValue = (labels: EventLabels, event: DecisionEvent): object => ({
  decision_id: event.decisionId,
  bundles: event.bundles,
  timestamp: timestampOf(event),
  labels,
})

/** RFC 3339 with nine digits, as OPA writes it. The clock gives milliseconds; a fraction of one is kept. */
const timestampOf = ({ timestampMs }: DecisionEvent): string => timestampText(timestampMs, 9)

/** By built-in, then by arguments; a call that failed has no answer to record. */
function cacheValue(recorded: ReadonlyMap<string, RecordedCall>): Record<string, Record<string, unknown>> {
  const cache: Record<string, Record<string, unknown>> = {}
  for (const call of recorded.values()) {
    const { name, args, value } = redactedTokenCall(redactedCall(call))
    if (value === undefined) continue
    cache[name] ??= {}
    cache[name][writeJson(args)] = jsonOfValue(value)
  }
  return cache
}

/** Whether what the event holds is all that the decision was judged by: nothing kept out, and the answer of each call. */
export const holdsAllFacts = ({ erased, recorded }: DecisionEvent): boolean =>
  erased === undefined && (recorded === undefined || recorded.values().every(isWhole))

function isWhole(call: RecordedCall): boolean {
  const { value } = redactedTokenCall(redactedCall(call))
  return value !== undefined && call.value !== undefined && writeJson(value) === writeJson(call.value)
}
