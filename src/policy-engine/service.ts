/** The policy service of the split shape, in a process of its own: watches its bundle, decides, and serves the policy API. */
import { randomId } from '../kernel/ids.ts'
import type { Logger } from '../observability/logger.ts'
import type { ChainStore, MarkStore } from '../storage/port.ts'
import { createPolicyApi } from './api/server.ts'
import type { LogRules } from './decision-log/rules.ts'
import { createExplainer } from './explain/explainer.ts'
import { type Bundles, createActivators } from './life/activators.ts'
import { type BundleAudit, createBundleDesk } from './life/desk.ts'
import { type ApiOptions, resolveApi } from './listen.ts'
import { createDataNode } from './node/data-node.ts'
import { openNode } from './node/open-node.ts'
import type { OutsideSettings } from './node/outside.ts'
import { createNoticeHub, type NoticeHub } from './notices/hub.ts'
import type { RemotePlace } from './remote/remotes.ts'
import { type PolicyStatus, policyStatus } from './status.ts'

export interface PolicyServiceOptions {
  readonly bundles: Bundles
  readonly marks: MarkStore
  /** Keeps the heads of the decision log. */
  readonly chains?: ChainStore
  /** The decision log goes here: `decisions-policy.jsonl`. */
  readonly logDirectory: string
  readonly log?: LogRules
  readonly version: string
  readonly id?: string
  readonly api: ApiOptions
  /** Most that the decision cache may hold; 0 keeps nothing. */
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
}

export interface PolicyService {
  readonly port: number
  readonly notices: NoticeHub
  status(): PolicyStatus
  /** Told after each change of the status. */
  onStatus(listener: () => void): void
  /** Empties the decision cache on another's notice: nobody is told. */
  forget(subject?: string): void
  reopenLogs(): void
  close(): Promise<void>
}

/** Listens from the start, and answers 503 until a bundle is active. Throws ConfigError where it may not start. */
export async function startPolicyService(options: PolicyServiceOptions): Promise<PolicyService> {
  const { logger, version } = options
  const api = await resolveApi(options.api)
  const { chains, log, logDirectory, cacheBytes, deadlineMs, remotes, outside } = options
  const place = {
    name: 'policy',
    logDirectory,
    ...(log && { log }),
    id: options.id ?? randomId(),
    version,
    cacheBytes,
    deadlineMs,
    outside,
    remotes,
  }
  const { node, metrics, reopenLog } = openNode(place, (options) => createDataNode(options).node, {
    logger,
    register: chains && ((head) => chains.register(head)),
  })
  const notices = createNoticeHub()
  const listeners = new Set<() => void>()
  const activators = createActivators({
    ...options.bundles,
    marks: options.marks,
    logger,
    metrics,
    activate: (set) => node.activate(set),
    deactivate: () => node.deactivate(),
    notices,
    onStatus: () => {
      for (const listener of listeners) listener()
    },
  })
  const status = () => policyStatus(activators.statuses, [node.status()], node.healthy)
  const desk = createBundleDesk({
    bundles: () => activators.followed,
    ...(options.audit && { audit: options.audit }),
    now: () => new Date().toISOString(),
  })
  const explainer = createExplainer(api.opaFile)
  const app = createPolicyApi({
    node,
    credentials: api.credentials,
    loopback: api.loopback,
    limits: api.limits,
    tls: api.tls,
    defaultDecision: api.defaultDecision,
    config: api.shownConfig,
    explainer,
    version,
    logger,
    metrics,
    status,
    metricsText: () => metrics.registry.metrics(),
    desk,
    notices,
    purge: (subject) => {
      node.purge(subject)
      notices.publish('cache.purged', subject === undefined ? {} : { subject })
    },
    ...(chains && { heads: () => chains.list() }),
  })
  try {
    const port = await app.listen(api)
    await activators.open()
    return {
      port,
      notices,
      status,
      onStatus: (listener) => void listeners.add(listener),
      forget: (subject) => node.purge(subject),
      reopenLogs: reopenLog,
      close: async () => {
        await activators.close()
        await app.close()
        explainer.close()
        await node.close()
      },
    }
  } catch (error) {
    await activators.close()
    await app.close()
    explainer.close()
    await node.close()
    throw error
  }
}
