/** Opens a deciding node with its log and metrics; each thread that decides opens one. */
import type { Clock } from '../kernel/clock.ts'
import { createMetrics, type Metrics } from '../observability/metrics.ts'
import { openDecisionLog } from './decision-log/log.ts'
import { createNode, type PolicyNode } from './node.ts'

export interface NodePlace {
  /** Name of the thread: `auth`, `api` or `policy`. Its log is `decisions-<name>.jsonl`. */
  readonly name: string
  readonly logDirectory: string
  /** Labels of the decision log: id of this deployment, version of the product. */
  readonly id: string
  readonly version: string
}

export interface OpenNode {
  readonly node: PolicyNode
  readonly metrics: Metrics
  /** Starts new log files after a rotation. */
  reopenLog(): void
}

export function openNode(place: NodePlace, clock?: Clock): OpenNode {
  const { name, logDirectory: directory, id, version } = place
  const metrics = createMetrics(name)
  const log = openDecisionLog({ directory, labels: { id, version, node: name }, metrics })
  const node = createNode({ name, log, metrics, ...(clock && { clock }) })
  return { node, metrics, reopenLog: () => log.reopen() }
}
