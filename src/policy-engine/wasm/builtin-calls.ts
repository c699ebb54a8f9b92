/** The built-ins that one module asks of its host: resolved once, then called by id within a decision. */

import { type Builtin, type BuiltinContext, PendingAnswer } from '../builtins/builtin.ts'
import { callBuiltin } from '../builtins/call-builtin.ts'
import { unitsOf } from '../builtins/size.ts'
import {
  EvaluationError,
  type EvaluationErrorCode,
  EvaluationPending,
  type PrintedLine,
  type RecordedCall,
} from '../engine.ts'
import { NATIVE_IDS } from './fuel/natives.ts'
import { canonicalKey, type Value } from './value.ts'

/**
 * What OPA's capabilities call nondeterministic, but for the two that check schemas: ours fetch nothing. Asked twice with the
 * same arguments in one decision, they answer the same, and the log can replay them. `io.jwt.decode_verify` reads the clock.
 */
export const NON_DETERMINISTIC: ReadonlySet<string> = new Set([
  'http.send',
  'io.jwt.decode_verify',
  'io.jwt.encode_sign',
  'io.jwt.encode_sign_raw',
  'net.lookup_ip_addr',
  'opa.runtime',
  'rand.intn',
  'time.now_ns',
  'uuid.rfc4122',
])

export interface DecisionCalls {
  readonly context: BuiltinContext
  /** A failing built-in ends the evaluation instead of being undefined. */
  readonly strict: boolean
  readonly recorded: Map<string, RecordedCall>
  /** Printed so far. */
  readonly lines: readonly PrintedLine[]
}

interface Resolved {
  readonly name: string
  readonly run: Builtin
  readonly pinned: boolean
}

export type CallBuiltin = (id: number, args: Value[], decision: DecisionCalls) => Value | undefined

/** Throws EvaluationError where the module needs what the table lacks. */
export function bindBuiltins(listed: ReadonlyMap<string, number>, table: ReadonlyMap<string, Builtin>): CallBuiltin {
  const resolved = new Map<number, Resolved>()
  const missing: string[] = []
  for (const [name, id] of [...NATIVE_IDS, ...listed]) {
    const run = table.get(name)
    if (run !== undefined) resolved.set(id, { name, run, pinned: NON_DETERMINISTIC.has(name) })
    else if (listed.has(name)) missing.push(name)
  }
  if (missing.length > 0) {
    throw new EvaluationError(`the policy needs built-ins that this service lacks: ${missing.sort().join(', ')}`)
  }
  return (id, args, decision) => {
    const builtin = resolved.get(id)
    if (builtin === undefined) throw new EvaluationError(`the module calls a built-in that it did not list: ${id}`)
    return builtin.pinned ? pinned(builtin, args, decision) : once(builtin, args, decision)
  }
}

function pinned(builtin: Resolved, args: Value[], decision: DecisionCalls): Value | undefined {
  // The key is as long as they are.
  for (const arg of args) decision.context.charge(unitsOf(arg))
  const key = `${builtin.name}${canonicalKey(args)}`
  const found = decision.recorded.get(key)
  if (found?.value !== undefined) return found.value
  if (found !== undefined) return failed(builtin.name, 'eval_builtin_error', decision)
  try {
    const value = once(builtin, args, decision)
    decision.recorded.set(key, { name: builtin.name, args, value })
    return value
  } catch (error) {
    if (error instanceof PendingAnswer) throw new EvaluationPending(key, { name: builtin.name, args }, error.answer)
    throw error
  }
}

function once({ name, run }: Resolved, args: Value[], decision: DecisionCalls): Value | undefined {
  const { context } = decision
  context.charge(CALL_UNITS)
  const outcome = callBuiltin(name, run, context, args)
  return 'value' in outcome ? outcome.value : failed(name, outcome.failure.code, decision)
}

/** The message of a failure may hold values of the decision: it is not told. */
function failed(name: string, code: EvaluationErrorCode, { strict }: DecisionCalls): undefined {
  if (strict) throw new EvaluationError(`${name} failed`, { code })
}

/** Crossing into JavaScript costs about a microsecond; what is read and written there is charged by its size. */
const CALL_UNITS = 200
