/**
 * The decision log of one thread: every decision is one line, judged by `system.log.drop` and masked by `system.log.mask`
 * of the bundle that decided, before anything is written. A mask that fails erases; it never lets an event through raw.
 */
import { join } from 'node:path'
import { type ChainedLog, type ChainedLogOptions, openChainedLog } from '../../audit/chained-log.ts'
import type { Metrics } from '../../observability/metrics.ts'
import type { Evaluator } from '../engine.ts'
import { customValue, type DecisionEvent, type EventLabels, eventValue, holdsAllFacts, stubValue } from './event.ts'
import { applyMask } from './mask.ts'
import type { Uploader, UploadTrouble } from './upload/uploader.ts'

export interface DecisionLog {
  /**
   * Resolves when the event is written; rejects when it cannot be, and then no answer may leave. Events that are written
   * together have one promise.
   */
  record(event: DecisionEvent, evaluator: Evaluator): Promise<void>
  reopen(): void
  readonly healthy: boolean
  /** Why nothing is uploaded; undefined where that goes well, or is not asked for. */
  readonly uploadTrouble?: UploadTrouble | undefined
  close(): Promise<void>
}

export interface DecisionLogOptions extends ChainedLogOptions {
  readonly directory: string
  readonly labels: EventLabels
  readonly metrics: Metrics
  readonly upload?: ((log: ChainedLog) => Uploader) | undefined
}

const MASK = 'system/log/mask'
const DROP = 'system/log/drop'
/** Both in one evaluation, of bundles that have it. */
const LINE = 'system/log/line'
/** The event holds what was just asked and answered. */
const CONTINUES = { continues: true } as const

export const decisionLogPath = (directory: string, node: string): string => join(directory, `decisions-${node}.jsonl`)

export function openDecisionLog(options: DecisionLogOptions): DecisionLog {
  const { directory, labels, metrics } = options
  const onLost = (lines: number) => metrics.logGap.inc(lines)
  const onRefused = (lines: number) => metrics.logFailures.inc(lines)
  const writer = openChainedLog(decisionLogPath(directory, labels.node), { onLost, onRefused, ...options })
  const uploader = options.upload?.(writer)

  const line = (value: Record<string, unknown>, event: DecisionEvent, mask: unknown): Line => {
    let isReplayable = holdsAllFacts(event)
    const onFacts = () => {
      isReplayable = false
    }
    const masked = attempt(() => applyMask(JSON.stringify(value), mask, onFacts))
    if (masked !== undefined) return { text: masked, isReplayable }
    metrics.maskFailures.inc()
    const { input: _input, result: _result, recorded: _recorded, requestedBy: _by, ...rest } = event
    const erased = value.nd_builtin_cache === undefined ? ERASED : [...ERASED, '/nd_builtin_cache']
    return { text: JSON.stringify({ ...eventValue(labels, rest), erased }), isReplayable: false }
  }
  const append = (event: DecisionEvent, evaluator: Evaluator): Promise<void> => {
    const value = eventValue(labels, event)
    const custom = customValue(event)
    const { drop, mask } = judge(custom === undefined ? value : { ...value, custom }, evaluator)
    if (!drop) {
      const { text, isReplayable } = line(value, event, mask)
      return writer.append(openCustom(text, isReplayable ? custom : { ...custom, ...NOT_REPLAYABLE }), '}}')
    }
    metrics.dropped.inc()
    return writer.append(openCustom(JSON.stringify(stubValue(labels, event)), { dropped: true }), '}}')
  }

  return {
    record: (event, evaluator) => {
      try {
        return append(event, evaluator)
      } catch (error) {
        onRefused(1)
        return Promise.reject(error)
      }
    },
    reopen: () => writer.reopen(),
    get healthy() {
      return writer.healthy
    },
    get uploadTrouble() {
      return uploader?.trouble
    },
    close: async () => {
      await uploader?.close()
      await writer.close()
    },
  }
}

interface Line {
  readonly text: string
  /** Whether policy, asked again with what the line holds, must answer the same. */
  readonly isReplayable: boolean
}

const NOT_REPLAYABLE = { not_replayable: true } as const
const ERASED = ['/input', '/result']

/** The text of an object, with `custom` begun as its last member. */
function openCustom(text: string, custom: Readonly<Record<string, unknown>> | undefined): string {
  const begun = `${text.slice(0, -1)},"custom":{`
  const members = custom === undefined ? '' : JSON.stringify(custom).slice(1, -1)
  return members === '' ? begun : `${begun}${members},`
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
