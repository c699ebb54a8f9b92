/** How the platform asks policy: one function type, whoever answers. Both implementations fail closed. */
import { DECISIONS, type DecisionInput, type DecisionName, type DecisionResult, type Reason } from './contract/index.ts'

export interface DecideContext {
  /** Correlates the log event with the request; never a secret. */
  readonly requestId?: string
}

/** A validated answer, with the revision that gave it. */
export type Verdict<N extends DecisionName> = DecisionResult<N> & {
  readonly decisionId: string
  readonly revision: string
}

/** Asks decision `name`. Throws PolicyUnavailable when policy gives no usable answer; never answers for it. */
export type Decide = <N extends DecisionName>(
  name: N,
  input: DecisionInput<N>,
  context?: DecideContext,
) => Promise<Verdict<N>>

type CodeOf<N extends DecisionName> = (typeof DECISIONS)[N]['reasons'][Reason<N> &
  keyof (typeof DECISIONS)[N]['reasons']]

/** The public code of a deny: that of its first reason in the contract's order, or `fallback` where policy gave none. */
export function publicCode<N extends DecisionName>(
  name: N,
  verdict: Extract<DecisionResult<N>, { allow: false }>,
  fallback: CodeOf<N>,
): CodeOf<N> {
  const codes: Readonly<Record<string, unknown>> = DECISIONS[name].reasons
  const given: readonly string[] = verdict.reasons
  const first = Object.keys(codes).find((reason) => given.includes(reason))
  return first === undefined ? fallback : (codes[first] as CodeOf<N>)
}
