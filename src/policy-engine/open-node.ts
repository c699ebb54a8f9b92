/** Opens a node with its log and metrics; each thread that decides or answers opens one. */
import type { Clock } from '../kernel/clock.ts'
import { createMetrics, type Metrics } from '../observability/metrics.ts'
import type { DataNode, NodeOptions } from './data-node.ts'
import { openDecisionLog } from './decision-log/log.ts'

export interface NodePlace {
  /** Name of the thread: `auth`, `api` or `policy`. Its log is `decisions-<name>.jsonl`. */
  readonly name: string
  readonly logDirectory: string
  /** Labels of the decision log: id of this deployment, version of the product. */
  readonly id: string
  readonly version: string
  /** Most that its decision cache may hold; 0 keeps nothing. */
  readonly cacheBytes?: number | undefined
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
  clock?: Clock,
): OpenNode<N> {
  const { name, logDirectory: directory, id, version, cacheBytes } = place
  const metrics = createMetrics(name)
  const log = openDecisionLog({ directory, labels: { id, version, node: name }, metrics })
  const node = create({ name, log, metrics, ...(clock && { clock }), ...(cacheBytes !== undefined && { cacheBytes }) })
  return { node, metrics, reopenLog: () => log.reopen() }
}
