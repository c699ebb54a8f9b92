/**
 * Evaluates until no built-in waits for I/O: each answer is got outside the module and recorded, and the evaluation runs
 * again from its start with what is recorded. No instance is held while waiting. ADR 8.
 */
import { BuiltinError } from '../builtins/builtin.ts'
import { type EvaluationOptions, EvaluationPending, EvaluationTimeout, type RecordedCall } from '../engine.ts'

export interface SettleOptions {
  /** From the first turn to the last. */
  readonly deadlineMs: number
  /** Answers that one decision may wait for, one after the other. */
  readonly maxCalls?: number
}

/** What every turn of one decision has in common: `evaluate` hands it on to the evaluator. */
export type Turn = Required<Pick<EvaluationOptions, 'recorded' | 'nowNs'>>

export const newTurn = (nowMs: number): Turn => ({
  recorded: new Map(),
  nowNs: BigInt(Math.floor(nowMs)) * 1_000_000n,
})

const MAX_CALLS = 32

/**
 * At once where nothing waits; else a promise. Throws, or rejects with, what `evaluate` throws, and EvaluationTimeout beyond
 * the limits.
 */
export function settle<T>(turn: Turn, evaluate: () => T, options: SettleOptions): T | Promise<T> {
  const started = performance.now()
  try {
    return evaluate()
  } catch (error) {
    if (!(error instanceof EvaluationPending)) throw error
    return proceed(turn, evaluate, error, { ...options, endsMs: started + options.deadlineMs })
  }
}

async function proceed<T>(
  turn: Turn,
  evaluate: () => T,
  first: EvaluationPending,
  { endsMs, maxCalls = MAX_CALLS }: SettleOptions & { readonly endsMs: number },
): Promise<T> {
  const ended = new AbortController()
  const late = Promise.withResolvers<never>()
  const end = () => {
    late.reject(new EvaluationTimeout('the decision waited too long'))
    ended.abort()
  }
  const timer = setTimeout(end, endsMs - performance.now())
  let pending = first
  try {
    for (let calls = 0; calls < maxCalls; calls++) {
      const value = await Promise.race([answerOf(pending, ended.signal), late.promise])
      turn.recorded.set(pending.key, { ...pending.call, value })
      // Answers that are there at once let no timer fire.
      if (performance.now() > endsMs) throw new EvaluationTimeout('the decision took too long')
      const next = turnOf(evaluate)
      if (!(next instanceof EvaluationPending)) return next.result
      pending = next
    }
  } finally {
    clearTimeout(timer)
    ended.abort()
  }
  throw new EvaluationTimeout('the decision waits for too many answers')
}

function turnOf<T>(evaluate: () => T): { readonly result: T } | EvaluationPending {
  try {
    return { result: evaluate() }
  } catch (error) {
    if (error instanceof EvaluationPending) return error
    throw error
  }
}

async function answerOf({ answer }: EvaluationPending, signal: AbortSignal): Promise<RecordedCall['value']> {
  try {
    return await answer(signal)
  } catch (error) {
    if (error instanceof BuiltinError) return undefined
    throw error
  }
}
