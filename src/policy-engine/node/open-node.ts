/** Opens a node with its log and metrics; each thread that decides or answers opens one. */
import type { Clock } from '../../kernel/clock.ts'
import type { Logger } from '../../observability/logger.ts'
import { maskText } from '../../observability/mask-text.ts'
import { createMetrics, type Metrics } from '../../observability/metrics.ts'
import type { ChainHead } from '../../storage/records.ts'
import { openDecisionLog } from '../decision-log/log.ts'
import { type LogRules, logOptions, uploaderOf } from '../decision-log/rules.ts'
import { openRemotes, type RemotePlace } from '../remote/remotes.ts'
import type { EvaluatorOptions } from '../wasm/open.ts'
import type { DataNode, NodeOptions } from './data-node.ts'
import { type OutsideSettings, openOutside } from './outside.ts'

export interface NodePlace {
  /** Name of the thread: `auth`, `api` or `policy`. Its log is `decisions-<name>.jsonl`. */
  readonly name: string
  readonly logDirectory: string
  /** Labels of the decision log: id of this deployment, version of the product. */
  readonly id: string
  readonly version: string
  /** Most that its decision cache may hold; 0 keeps nothing. */
  readonly cacheBytes?: number | undefined
  readonly log?: LogRules
  /** What policies reach; absent: nothing. */
  readonly outside?: OutsideSettings | undefined
  /** Servers that answer decisions in its stead. */
  readonly remotes?: readonly RemotePlace[] | undefined
  /** After which a decision counts as unavailable, with all that it waits for; the default is the configuration's. */
  readonly deadlineMs?: number | undefined
}

/** One decision is up to four evaluations: its own, and the log's rules on it. */
const EVALUATIONS = 4
/** No thread stands still for so long that whoever watches it would end it. */
const MOST_MS = 400

/** What is printed goes to the operational log: no rule masks it, so what can be told by its form is taken out here. */
const printed =
  (logger: Logger): NonNullable<EvaluatorOptions['print']> =>
  ({ kind, text, place }, decisionId) =>
    logger[kind === 'print' ? 'info' : 'debug'](
      { place, decision_id: decisionId, printed: maskText(text) },
      kind === 'print' ? 'policy print' : 'policy trace',
    )

function evaluationOf({ deadlineMs }: NodePlace, logger: Logger): EvaluatorOptions {
  const limit = deadlineMs === undefined ? {} : { deadlineMs: Math.min(deadlineMs / EVALUATIONS, MOST_MS) }
  return { ...limit, print: printed(logger) }
}

export interface NodeDeps {
  readonly logger: Logger
  /** Keeps heads of the log's chain. */
  readonly register?: ((head: ChainHead) => Promise<void>) | undefined
  readonly clock?: Clock
  /** After each turn of a remote server's breaker. */
  readonly onRemotes?: (() => void) | undefined
}

export interface OpenNode<N extends DataNode> {
  readonly node: N
  readonly metrics: Metrics
  /** Starts new log files after a rotation. */
  reopenLog(): void
}

export function openNode<N extends DataNode>(
  place: NodePlace,
  create: (options: NodeOptions) => N,
  { logger, register, clock, onRemotes }: NodeDeps,
): OpenNode<N> {
  const { name, logDirectory: directory, id, version, cacheBytes } = place
  const metrics = createMetrics(name)
  const log = openDecisionLog({
    directory,
    labels: { id, version, node: name },
    metrics,
    ...logOptions(place.log ?? {}),
    register,
    upload: place.log && uploaderOf(place.log, { metrics, logger }),
    onTrouble: (what, cause) => logger.error({ err: cause, log: name }, what),
    ...(clock && { clock }),
  })
  const outside = place.outside && openOutside(place.outside, metrics.registry, clock)
  const { deadlineMs } = place
  const evaluation = evaluationOf(place, logger)
  const remotes = openRemotes(place.remotes ?? [], { logger, ...(onRemotes && { onChange: onRemotes }) })
  const node = create({
    name,
    log,
    metrics,
    outside,
    deadlineMs,
    evaluation,
    remotes,
    ...(clock && { clock }),
    ...(cacheBytes !== undefined && { cacheBytes }),
  })
  return { node, metrics, reopenLog: () => log.reopen() }
}
