/**
 * The part of a deciding node that answers the Data API: one thread, one set of active bundles, swapped whole. What is active
 * is taken once for each question, so that no answer mixes two revisions; without a platform bundle nothing is answered. It
 * knows nothing of the contract, whose schemas a thread that only answers the Data API need not load.
 */
import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import { PolicyUnavailable } from '../../kernel/errors.ts'
import type { Metrics } from '../../observability/metrics.ts'
import { registerCacheMetrics } from '../cache/cache-metrics.ts'
import { createDecisionCache } from '../cache/decision-cache.ts'
import type { DecisionLog } from '../decision-log/log.ts'
import type { UploadTrouble } from '../decision-log/upload/uploader.ts'
import type { BundleSet } from '../engine.ts'
import { registerBreakers } from '../remote/breaker-metrics.ts'
import { NO_REMOTES, type Remotes } from '../remote/remotes.ts'
import type { EvaluatorOptions } from '../wasm/open.ts'
import { openActive } from './active.ts'
import { lookUp } from './data-path.ts'
import type { Active, Judge } from './judge.ts'
import type { OpenOutside } from './outside.ts'
import { type Answer, createAnswers, type Outcome, type Question } from './question.ts'

export interface NodeStatus {
  readonly node: string
  /** Of the platform bundle. */
  readonly bundle?: string
  readonly revision?: string
  readonly version?: number
  readonly bundles?: Readonly<Record<string, { readonly revision: string; readonly version: number }>>
  /** RFC 3339. */
  readonly activated_at?: string
  /** Why its decision log is not uploaded. */
  readonly decision_log?: UploadTrouble
  /** Servers that answer decisions in its stead. */
  readonly remotes?: Remotes['states']
}

export interface DataNode {
  /** Throws PolicyUnavailable without bundle or log or beyond the deadline, EvaluationError when the policy traps. */
  evaluate(question: Question): Promise<Answer>
  /** Several questions in one, each a decision of its own in the log. Throws PolicyUnavailable without bundle. */
  evaluateAll(questions: readonly Question[]): Promise<readonly Outcome[]>
  /** `system.authz` over the Data API; false for anything but true. Not a decision: not logged. */
  allows(input: object): boolean
  /** A document of the policy that is no decision (a health check): not logged. */
  check(path: readonly string[], input: object): Checked
  /** Swaps all bundles at once; rejects, and keeps what was active, when one cannot be loaded here. */
  activate(set: BundleSet): Promise<void>
  /** Nothing is decided until the next activation. */
  deactivate(): void
  /** Empties the decision cache, or what it holds on one subject. */
  purge(subject?: string): void
  readonly active: Active | undefined
  /** False while the decision log cannot be written. */
  readonly healthy: boolean
  status(): NodeStatus
  close(): Promise<void>
}

export interface Checked {
  /** Undefined where the document is. */
  readonly value?: unknown
  /** It trapped, or there is no bundle. */
  readonly failed: boolean
}

export interface NodeOptions {
  readonly name: string
  readonly log: DecisionLog
  readonly metrics: Metrics
  readonly clock?: Clock
  /** Most that the decision cache may hold; 0 keeps nothing. */
  readonly cacheBytes?: number
  /** What policies reach of the world; absent: nothing. */
  readonly outside?: OpenOutside | undefined
  /** Of one decision, with all that it waits for; default 1,000. */
  readonly deadlineMs?: number | undefined
  /** What each evaluation is held to. */
  readonly evaluation?: EvaluatorOptions
  /** What is answered elsewhere; closed with the node. */
  readonly remotes?: Remotes
  /** After each slice of an activation, while decisions go on. */
  readonly onSlice?: () => void
}

const DEFAULT_DEADLINE_MS = 1000

/** The node, and what whoever decides by the contract on this thread judges with. */
export function createDataNode(options: NodeOptions): { readonly node: DataNode; readonly judge: Judge } {
  const {
    name,
    log,
    metrics,
    clock = systemClock,
    evaluation = {},
    remotes = NO_REMOTES,
    onSlice,
    outside,
    deadlineMs = DEFAULT_DEADLINE_MS,
  } = options
  const cache = createDecisionCache(options.cacheBytes, clock)
  registerCacheMetrics(metrics.registry, cache)
  registerBreakers(metrics.registry, new Map([...remotes.engines].map(([name, { breaker }]) => [name, breaker])))
  let active: Active | undefined
  const take = (decision: string): Active => {
    if (active !== undefined) {
      active.lease.take()
      return active
    }
    metrics.decisions.inc({ decision, outcome: 'no_bundle' })
    throw new PolicyUnavailable('no_bundle', decision)
  }
  const judge: Judge = { take, log, metrics, clock, cache, remotes, deadlineMs, newId: randomUUID }
  const release = () => {
    active?.lease.retire()
    active = undefined
    cache.purge()
  }

  const answers = createAnswers(judge)
  const swap = async (set: BundleSet, asked: number): Promise<void> => {
    const next = await openActive(set, { clock, evaluation: { ...evaluation, outside }, onSlice })
    // Out of force meanwhile: nothing that was asked for before may come back.
    if (asked < ended) return next.lease.retire()
    release()
    active = next
    for (const bundle of set) metrics.bundleActivation.set({ name: bundle.name }, clock.nowMs() * 1e6)
  }
  /** One activation after the other, in the order in which they were asked for. */
  let activating: Promise<void> = Promise.resolve()
  let activations = 0
  /** Activations up to this one are over. */
  let ended = 0
  const end = () => {
    ended = activations + 1
    release()
  }

  const node: DataNode = {
    evaluate: answers.one,
    evaluateAll: answers.all,
    allows: (input) => {
      try {
        return active?.evaluator.evaluate('system/authz/allow', input) === true
      } catch {
        return false
      }
    },
    check: (path, input) => {
      if (active === undefined) return { failed: true }
      try {
        return { value: lookUp(active.evaluator, path, input), failed: false }
      } catch {
        return { failed: true }
      }
    },
    activate: (set) => {
      const asked = ++activations
      const turn = activating.then(() => swap(set, asked))
      activating = turn.catch(() => {})
      return turn
    },
    deactivate: end,
    purge: (subject) => cache.purge(subject),
    get active() {
      return active
    },
    get healthy() {
      return log.healthy
    },
    status: () => ({
      node: name,
      ...(active !== undefined && statusOf(active)),
      ...(log.uploadTrouble && { decision_log: log.uploadTrouble }),
      ...(remotes.engines.size > 0 && { remotes: remotes.states }),
    }),
    close: async () => {
      end()
      await remotes.close()
      await outside?.close()
      await log.close()
    },
  }
  return { node, judge }
}

function statusOf({ platform, versions, activatedAt }: Active): Omit<NodeStatus, 'node'> {
  const { name: bundle, revision, version } = platform
  return { bundle, revision, version, bundles: versions, activated_at: activatedAt }
}
