/**
 * Evaluates until no built-in waits for I/O: each answer is got outside the module and recorded, and the evaluation runs
 * again from its start with what is recorded. No instance is held while waiting.
 */

import { BuiltinError } from '../builtins/builtin.ts'
import { type EvaluationError, EvaluationPending, EvaluationTimeout, type RecordedCall } from '../engine.ts'

export interface SettleOptions {
  /** Answers that one decision may wait for, one after the other. */
  readonly maxCalls?: number
  /** Aborted when whoever asked has gone, or has waited long enough. */
  readonly signal?: AbortSignal
}

const MAX_CALLS = 32

/**
 * `evaluate` must hand `recorded` on to the evaluator, and one time of its own at each turn. Throws what it throws, and
 * EvaluationTimeout beyond the limits.
 */
export async function settle<T>(
  evaluate: (recorded: Map<string, RecordedCall>) => T,
  { maxCalls = MAX_CALLS, signal }: SettleOptions = {},
): Promise<T> {
  const recorded = new Map<string, RecordedCall>()
  for (let calls = 0; ; calls++) {
    try {
      return evaluate(recorded)
    } catch (error) {
      if (!(error instanceof EvaluationPending)) throw error
      if (calls >= maxCalls) throw overrun('the decision waits for too many answers')
      recorded.set(error.key, { ...error.call, value: await answerOf(error, signal) })
    }
  }
}

async function answerOf(
  { answer }: EvaluationPending,
  signal: AbortSignal | undefined,
): Promise<RecordedCall['value']> {
  if (signal?.aborted === true) throw overrun('the decision waited too long')
  const gone = Promise.withResolvers<never>()
  const stop = () => gone.reject(overrun('the decision waited too long'))
  signal?.addEventListener('abort', stop)
  try {
    return await Promise.race([answer(), gone.promise])
  } catch (error) {
    if (error instanceof BuiltinError) return undefined
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

const overrun = (message: string): EvaluationError => new EvaluationTimeout(message)
