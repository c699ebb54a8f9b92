/** What built-ins that need I/O reach of the world: connections, and what `http.send` keeps between decisions of one thread. */

import type { Egress } from '../../egress/egress.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Value } from '../wasm/value.ts'
import type { AnswerCache } from './http/answer-cache.ts'

export interface Outside {
  /** Lets policies out where the configuration says, and nowhere else. */
  readonly egress: Egress
  readonly answers: AnswerCache
  /** Largest answer, inflated. */
  readonly answerBytes: number
  readonly clock: Clock
  /** Equal questions that are under way, each asked once; by the digest of the question. */
  readonly flights: Map<string, Promise<Value>>
  /** Text of a file that the configuration lists; throws BuiltinError for any other. */
  readFile(name: string): Promise<string>
  /** An environment variable that the configuration lists. */
  variable(name: string): string | undefined
  /** Counts what was asked, for metrics. */
  count(outcome: CallOutcome): void
}

export type CallOutcome = 'answered' | 'failed' | 'denied' | 'cached' | 'revalidated' | 'joined'
