/** Opens a node with its log and metrics; each thread that decides or answers opens one. */
import type { Clock } from '../kernel/clock.ts'
import type { Logger } from '../observability/logger.ts'
import { createMetrics, type Metrics } from '../observability/metrics.ts'
import type { ChainHead } from '../storage/records.ts'
import type { DataNode, NodeOptions } from './data-node.ts'
import { openDecisionLog } from './decision-log/log.ts'
import { type LogRules, logOptions, uploaderOf } from './decision-log/rules.ts'
import { type OutsideSettings, openOutside } from './outside.ts'
import { openRemotes, type RemotePlace } from './remote/remotes.ts'

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
  /** Of one decision, with all that it waits for. */
  readonly deadlineMs?: number | undefined
  /** What policies reach; absent: nothing. */
  readonly outside?: OutsideSettings | undefined
  /** Servers that answer decisions in its stead. */
  readonly remotes?: readonly RemotePlace[] | undefined
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
  const remotes = openRemotes(place.remotes ?? [], { logger, ...(onRemotes && { onChange: onRemotes }) })
  const node = create({
    name,
    log,
    metrics,
    outside,
    deadlineMs,
    remotes,
    ...(clock && { clock }),
    ...(cacheBytes !== undefined && { cacheBytes }),
  })
  return { node, metrics, reopenLog: () => log.reopen() }
}
