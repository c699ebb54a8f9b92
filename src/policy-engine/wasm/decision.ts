/** What the built-ins of one evaluation know: its time, its fuel, its cache; made at the first call of one. */
import { randomBytes } from 'node:crypto'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import type { Outside } from '../builtins/outside.ts'
import type { EvaluationOptions, PrintedLine, RecordedCall } from '../engine.ts'
import type { DecisionCalls } from './builtin-calls.ts'
import { RegoObject } from './value.ts'

export interface DecisionDefaults {
  readonly clock?: Clock
  /** What `opa.runtime` answers: never the environment. */
  readonly runtime?: RegoObject
  readonly print?: EvaluationOptions['print']
  /** Where built-ins that need I/O get it; without it they fail. */
  readonly outside?: Outside | undefined
}

/** A rule may print for each row of its data; whoever reads the log is to find other things in it, too. */
const MAX_LINES = 100
const MAX_LINE_UNITS = 2000
const shortened = (text: string): string => (text.length > MAX_LINE_UNITS ? `${text.slice(0, MAX_LINE_UNITS)}…` : text)

const NO_RUNTIME = new RegoObject()

export function newDecision(
  { clock = systemClock, runtime = NO_RUNTIME, outside }: DecisionDefaults,
  options: EvaluationOptions,
  charge: (units: number) => void,
): DecisionCalls {
  let nowNs = options.nowNs
  const lines: PrintedLine[] = []
  const recorded = options.recorded ?? new Map<string, RecordedCall>()
  return {
    strict: options.strict === true,
    recorded,
    lines,
    context: {
      nowNs: () => {
        nowNs ??= BigInt(clock.nowMs()) * 1_000_000n
        return nowNs
      },
      random: (length) => randomBytes(length),
      cache: new Map(),
      charge,
      print: ({ kind, text, place }) => {
        if (lines.length < MAX_LINES) lines.push({ kind, text: shortened(text), place })
        else if (lines.length === MAX_LINES) lines.push({ kind, text: 'more lines were printed', place })
      },
      runtime,
      outside,
      recorded,
    },
  }
}
