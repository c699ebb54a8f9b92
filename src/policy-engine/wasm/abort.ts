/** Why an evaluation ended without an answer, told so that no value of the decision gets into a log. */
import { EvaluationError, type EvaluationErrorCode, EvaluationTimeout, type PolicyLocation } from '../engine.ts'

/** The module called `opa_abort`. The text may hold values. */
export class PolicyAbort extends Error {
  override readonly name = 'PolicyAbort'
}

/** A host built-in asked for more fuel than was left. */
export class FuelExhausted extends Error {
  override readonly name = 'FuelExhausted'
}

/** What OPA's topdown calls the conflicts that the module reports in its own words. */
const CONFLICTS: Readonly<Record<string, string>> = {
  'var assignment conflict': 'complete rules must not produce multiple outputs',
  'object insert conflict': 'object keys must be unique',
}
const OUT_OF_MEMORY = 'opa_malloc: failed'

/** From whatever was thrown through the module. */
export function evaluationError(thrown: unknown, fuelLeft: number): EvaluationError {
  if (thrown instanceof EvaluationError) return thrown
  if (thrown instanceof FuelExhausted || (thrown instanceof WebAssembly.RuntimeError && fuelLeft < 0)) {
    return new EvaluationTimeout('the deadline was used up')
  }
  if (thrown instanceof PolicyAbort) return aborted(thrown.message)
  if (thrown instanceof RangeError) return new EvaluationError('nested too deeply')
  const cause = thrown instanceof Error ? thrown.name : typeof thrown
  return new EvaluationError(thrown instanceof WebAssembly.RuntimeError ? 'the module trapped' : 'the host failed', {
    cause: thrown instanceof WebAssembly.RuntimeError ? thrown.message : cause,
  })
}

function aborted(text: string): EvaluationError {
  if (text === OUT_OF_MEMORY) return new EvaluationError('out of memory')
  const parts = /^([^:\n]+):(\d+):(\d+): ([\w ]+)$/.exec(text)
  const conflict = CONFLICTS[parts?.[4] ?? '']
  if (parts === null || conflict === undefined) return new EvaluationError('the module aborted')
  const [, file = '', row, col] = parts
  const location: PolicyLocation = { file, row: Number(row), col: Number(col) }
  const code: EvaluationErrorCode = 'eval_conflict_error'
  return new EvaluationError(`${file}:${row}:${col}: ${code}: ${conflict}`, { code, location })
}
