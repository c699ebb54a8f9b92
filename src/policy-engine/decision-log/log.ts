/**
 * The decision log of one thread: every decision is one line, judged by `system.log.drop` and masked by `system.log.mask`
 * of the bundle that decided, before anything is written. A mask that fails erases; it never lets an event through raw.
 */
import { join } from 'node:path'
import { type LineWriterOptions, openLineWriter } from '../../audit/writer.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { Evaluator } from '../engine.ts'
import { type DecisionEvent, type EventLabels, eventValue, stubValue } from './event.ts'
import { applyMask } from './mask.ts'

export interface DecisionLog {
  /** Resolves when the event is written; rejects when it cannot be, and then no answer may leave. */
  record(event: DecisionEvent, evaluator: Evaluator): Promise<void>
  reopen(): void
  readonly healthy: boolean
  close(): Promise<void>
}

export interface DecisionLogOptions extends LineWriterOptions {
  readonly directory: string
  readonly labels: EventLabels
  readonly metrics: Metrics
}

const MASK = 'system/log/mask'
const DROP = 'system/log/drop'
/** Both in one evaluation, of bundles that have it. */
const LINE = 'system/log/line'
/** The event holds what was just asked and answered. */
const CONTINUES = { continues: true } as const

export function openDecisionLog(options: DecisionLogOptions): DecisionLog {
  const { directory, labels, metrics } = options
  const writer = openLineWriter(join(directory, `decisions-${labels.node}.jsonl`), options)

  const line = (event: DecisionEvent, evaluator: Evaluator): string => {
    const value = eventValue(labels, event)
    const { drop, mask } = judge(value, evaluator)
    if (drop) {
      metrics.dropped.inc()
      return JSON.stringify(stubValue(labels, event))
    }
    const masked = attempt(() => applyMask(JSON.stringify(value), mask))
    if (masked !== undefined) return masked
    metrics.maskFailures.inc()
    const { input: _input, result: _result, requestedBy: _by, ...rest } = event
    return JSON.stringify({ ...eventValue(labels, rest), erased: ['/input', '/result'] })
  }

  return {
    record: async (event, evaluator) => {
      try {
        await writer.append(line(event, evaluator))
      } catch (error) {
        metrics.logFailures.inc()
        throw error
      }
    },
    reopen: () => writer.reopen(),
    get healthy() {
      return writer.healthy
    },
    close: () => writer.close(),
  }
}

interface Judgement {
  readonly drop: boolean
  readonly mask: unknown
}

/** Where the two at once are undefined or trap, one of them does: each alone tells which. */
function judge(event: object, evaluator: Evaluator): Judgement {
  const line = evaluator.entrypoints.has(LINE) ? attempt(() => evaluator.evaluate(LINE, event, CONTINUES)) : undefined
  if (isLine(line)) return { drop: line.drop === true, mask: line.mask }
  const drop = attempt(() => evaluator.evaluate(DROP, event)) === true
  return { drop, mask: drop ? undefined : attempt(() => evaluator.evaluate(MASK, event)) }
}

const isLine = (value: unknown): value is { readonly drop: unknown; readonly mask: unknown } =>
  typeof value === 'object' && value !== null && 'drop' in value && 'mask' in value

function attempt<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch {
    // A rule that traps judges nothing: the event is kept, and erased.
    return undefined
  }
}
