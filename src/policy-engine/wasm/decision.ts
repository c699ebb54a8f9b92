/** What the built-ins of one evaluation know: its time, its fuel, its cache; made at the first call of one. */
import { randomBytes } from 'node:crypto'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import type { Outside } from '../builtins/outside.ts'
import type { EvaluationOptions, RecordedCall } from '../engine.ts'
import type { DecisionCalls } from './builtin-calls.ts'
import { RegoObject } from './value.ts'

export interface DecisionDefaults {
  readonly clock?: Clock
  /** What `opa.runtime` answers: never the environment. */
  readonly runtime?: RegoObject
  readonly print?: (line: string) => void
  /** Where built-ins that need I/O get it; without it they fail. */
  readonly outside?: Outside | undefined
}

const NO_RUNTIME = new RegoObject()

export function newDecision(
  { clock = systemClock, runtime = NO_RUNTIME, print = () => {}, outside }: DecisionDefaults,
  options: EvaluationOptions,
  charge: (units: number) => void,
): DecisionCalls {
  let nowNs = options.nowNs
  const recorded = options.recorded ?? new Map<string, RecordedCall>()
  return {
    strict: options.strict === true,
    recorded,
    context: {
      nowNs: () => {
        nowNs ??= BigInt(clock.nowMs()) * 1_000_000n
        return nowNs
      },
      random: (length) => randomBytes(length),
      cache: new Map(),
      charge,
      print: options.print ?? print,
      runtime,
      outside,
      recorded,
    },
  }
}
