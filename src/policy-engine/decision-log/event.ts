/** One event of the decision log, with the field names of OPA's (OPA, "Decision Logs"), as one line of JSON. */
import { timestampText } from '../../kernel/clock.ts'

export interface DecisionEvent {
  readonly decisionId: string
  /** Path of the asked document, without `data`: `authz/token/decision`. */
  readonly path: string
  readonly bundle: { readonly name: string; readonly revision: string }
  /** JSON text; absent where the input is undefined, or must not be written. */
  readonly input?: string | undefined
  /** JSON text; absent where the result is undefined. */
  readonly result?: string | undefined
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

/** The constant start of every line of one node. */
export const labelsText = (labels: EventLabels): string => `{"labels":${JSON.stringify(labels)}`

/** The event as JSON text. Composed from texts at hand: input and result are never serialized twice. */
export function eventText(start: string, event: DecisionEvent): string {
  let text = `${head(start, event)},"path":${JSON.stringify(event.path)}`
  if (event.input !== undefined) text += `,"input":${event.input}`
  if (event.result !== undefined) text += `,"result":${event.result}`
  if (event.error !== undefined) text += `,"error":${JSON.stringify(event.error)}`
  if (event.requestedBy !== undefined) text += `,"requested_by":${JSON.stringify(event.requestedBy)}`
  if (event.requestId !== undefined) text += `,"req_id":${JSON.stringify(event.requestId)}`
  const hit = event.cached === true ? ',"counter_server_query_cache_hit":1' : ''
  return `${text},"metrics":{"timer_rego_query_eval_ns":${event.evaluationNs}${hit}}}`
}

/** What stays of an event that policy drops: that it was, never what it was about. */
export const stubText = (start: string, event: DecisionEvent): string => `${head(start, event)},"dropped":true}`

function head(start: string, event: DecisionEvent): string {
  // RFC 3339 with nine digits, as OPA writes it. The clock gives milliseconds; a fraction of one is kept.
  const timestamp = timestampText(event.timestampMs, 9)
  return `${start},"decision_id":"${event.decisionId}","bundles":${bundlesText(event.bundle)},"timestamp":"${timestamp}"`
}

const bundleTexts = new WeakMap<object, string>()

/** One bundle judges many events. */
function bundlesText(bundle: DecisionEvent['bundle']): string {
  const known = bundleTexts.get(bundle)
  if (known !== undefined) return known
  const text = `{${JSON.stringify(bundle.name)}:{"revision":${JSON.stringify(bundle.revision)}}}`
  bundleTexts.set(bundle, text)
  return text
}
