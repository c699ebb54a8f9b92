/**
 * The policy engine of the one-process shape: the bundle is read and verified once, activated on this thread for the auth
 * service's own decisions, and handed to the thread of the policy API.
 */
import { createRegistrar } from '../audit/registrar.ts'
import { type Clock, systemClock } from '../kernel/clock.ts'
import { randomId } from '../kernel/ids.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { ChainStore, MarkStore } from '../storage/port.ts'
import type { ChainHead } from '../storage/records.ts'
import type { Decide } from './decide.ts'
import type { LogRules } from './decision-log/rules.ts'
import { type Activators, type Bundles, createActivators } from './life/activators.ts'
import { type BundleAudit, createBundleDesk } from './life/desk.ts'
import { type SwappedNode, swapTogether } from './life/swap-together.ts'
import { type ApiOptions, resolveApi } from './listen.ts'
import { createNode } from './node/node.ts'
import { openNode } from './node/open-node.ts'
import type { OutsideSettings } from './node/outside.ts'
import { createNoticeHub, type NoticeHub } from './notices/hub.ts'
import { type PolicyWorker, startPolicyWorker } from './process/worker.ts'
import type { MetricValues } from './process/worker-messages.ts'
import type { RemotePlace } from './remote/remotes.ts'
import { type PolicyStatus, policyStatus } from './status.ts'

export interface PolicyPlatformOptions {
  readonly bundles: Bundles
  readonly marks: MarkStore
  /** Keeps the heads of the decision logs. */
  readonly chains?: ChainStore
  /** Decision logs go here: `decisions-auth.jsonl`, `decisions-api.jsonl`. */
  readonly logDirectory: string
  readonly log?: LogRules
  /** Of the product; shows in logs and provenance. */
  readonly version: string
  /** Id of this deployment in the logs; at random by default. */
  readonly id?: string
  /** Absent: no policy API. */
  readonly api?: ApiOptions
  /** Most that each thread's decision cache may hold; 0 keeps nothing. */
  readonly cacheBytes?: number
  /** After which a decision counts as unavailable. */
  readonly deadlineMs?: number
  /** What policies reach with `http.send` and `net.lookup_ip_addr`; absent: nothing. */
  readonly outside?: OutsideSettings
  /** Servers that answer decisions in the bundle's stead. */
  readonly remotes?: readonly RemotePlace[]
  readonly logger: Logger
  /** Acts on bundles are noted here before they are done; without it none is. */
  readonly audit?: BundleAudit
  readonly clock?: Clock
  readonly heartbeatMs?: number
}

export interface PolicyPlatform {
  readonly decide: Decide
  /** Resolves when a bundle is active on every thread. */
  readonly ready: Promise<void>
  readonly metrics: Metrics
  /** Of the policy API; undefined where there is none. */
  readonly port: number | undefined
  /** What changes the ground of decisions. */
  readonly notices: NoticeHub
  status(): PolicyStatus
  /** Told after each change of the status. */
  onStatus(listener: () => void): void
  /** Empties the decision caches, or what they hold on one subject, and says so in a notice. */
  purge(subject?: string): void
  /** The same, on another's notice: nobody is told. */
  forget(subject?: string): void
  /** After log rotation. */
  reopenLogs(): void
  close(): Promise<void>
}

const LOG_WATCH_MS = 500

/** Resolves after the first attempt on the bundle, fit or not; throws ConfigError where it may not start. */
export async function openPolicyPlatform(options: PolicyPlatformOptions): Promise<PolicyPlatform> {
  const { logger, clock = systemClock, version } = options
  const api = options.api && (await resolveApi(options.api))
  const { chains, log, logDirectory, cacheBytes, deadlineMs, remotes, outside } = options
  const limits = { cacheBytes, deadlineMs, outside }
  const place = { logDirectory, ...(log && { log }), id: options.id ?? randomId(), version, ...limits, remotes }
  const register = chains && ((head: ChainHead) => chains.register(head))
  const { node, metrics, reopenLog } = openNode({ ...place, name: 'auth' }, createNode, {
    logger,
    register,
    clock,
    onRemotes: () => changed(),
  })
  const registrar = createRegistrar(register ?? (async () => {}), (what, cause) => logger.error({ err: cause }, what))
  let worker: PolicyWorker | undefined
  const everywhere = Promise.withResolvers<void>()
  const notices = createNoticeHub(clock)
  notices.subscribe((notice) => worker?.notify(notice))

  const status = (): PolicyStatus =>
    policyStatus(
      activators.statuses,
      worker === undefined ? [node.status()] : [node.status(), worker.node],
      node.healthy && (worker?.healthy ?? true),
    )
  const listeners = new Set<() => void>()
  let told = ''
  const logState = () => `${node.healthy} ${node.status().decision_log?.message}`
  const changed = () => {
    told = logState()
    worker?.tell()
    for (const listener of listeners) listener()
    const revision = node.active?.revision
    if (revision !== undefined && (worker === undefined || worker.node.revision === revision)) everywhere.resolve()
  }
  // A log that cannot be written shows in the health of the policy API, whose thread has it from here.
  const watching = setInterval(() => logState() !== told && changed(), LOG_WATCH_MS).unref()
  const there: SwappedNode = {
    activate: async (set) => worker?.activate(set),
    deactivate: () => worker?.deactivate(),
  }
  const here: SwappedNode = {
    // The auth service's own decisions need the platform's bundle alone.
    activate: async ([bundle]) => (node.active?.platform === bundle ? undefined : node.activate([bundle])),
    deactivate: () => node.deactivate(),
  }
  const activators: Activators = createActivators({
    ...options.bundles,
    marks: options.marks,
    logger,
    metrics,
    clock,
    ...swapTogether([there, here], (error) =>
      logger.error({ err: error }, 'the bundles before cannot be loaded again: a thread decides nothing'),
    ),
    notices,
    onStatus: changed,
  })
  const desk = createBundleDesk({
    bundles: () => activators.followed,
    ...(options.audit && { audit: options.audit }),
    now: () => new Date(clock.nowMs()).toISOString(),
  })
  const forget = (subject?: string) => {
    node.purge(subject)
    worker?.purge(subject)
  }
  const purge = (subject?: string) => {
    forget(subject)
    notices.publish('cache.purged', subject === undefined ? {} : { subject })
  }
  try {
    if (api !== undefined) {
      worker = startPolicyWorker({
        api,
        place: { ...place, name: 'api' },
        logger,
        status,
        metrics: async () => (await metrics.registry.getMetricsAsJSON()) as MetricValues,
        desk,
        onHead: registrar.add,
        heads: async () => (await chains?.list()) ?? [],
        onPurge: purge,
        onChange: changed,
        ...(options.heartbeatMs !== undefined && { heartbeatMs: options.heartbeatMs }),
      })
    }
    await activators.open()
    // Both started side by side.
    await worker?.listening
    return {
      decide: node.decide,
      ready: everywhere.promise,
      metrics,
      notices,
      get port() {
        return worker?.port
      },
      status,
      onStatus: (listener) => void listeners.add(listener),
      purge,
      forget,
      reopenLogs: () => {
        reopenLog()
        worker?.reopenLog()
      },
      close: async () => {
        clearInterval(watching)
        await activators.close()
        await worker?.close()
        await registrar.close()
        await node.close()
      },
    }
  } catch (error) {
    clearInterval(watching)
    await activators.close()
    await worker?.close()
    await node.close()
    throw error
  }
}
