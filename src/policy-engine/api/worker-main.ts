/** The thread of the policy API in the one-process shape: its own node, its own log, no environment, no store. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { AggregatorRegistry } from 'prom-client'
import { StoreUnavailable } from '../../kernel/errors.ts'
import { giveWay } from '../../kernel/threads.ts'
import { createLogger } from '../../observability/logger.ts'
import type { ChainHead } from '../../storage/records.ts'
import { createExplainer } from '../explain/explainer.ts'
import { deskCalls } from '../life/desk-calls.ts'
import { createDataNode } from '../node/data-node.ts'
import { openNode } from '../node/open-node.ts'
import { createNoticeHub } from '../notices/hub.ts'
import type { FromWorker, MetricValues, ToWorker, WorkerStart } from '../process/worker-messages.ts'
import { type PolicyStatus, policyStatus } from '../status.ts'
import { createPolicyApi } from './server.ts'

const METRICS_WAIT_MS = 500
/** A load on the policy API must not make sign-ins and tokens wait: three parts in four of a busy processor are theirs. */
const NICE = 5

async function main(start: WorkerStart, port: NonNullable<typeof parentPort>): Promise<void> {
  giveWay(NICE)
  const say = (message: FromWorker) => port.postMessage(message)
  const logger = createLogger({ level: start.logLevel, name: 'policy-api' })
  const { node, metrics, reopenLog } = openNode(start.place, (options) => createDataNode(options).node, {
    logger,
    register: async (head) => say({ kind: 'head', head }),
    onRemotes: () => report(),
  })
  let known: PolicyStatus = policyStatus([], [], true)
  let awaited: PromiseWithResolvers<MetricValues> | undefined
  let awaitedHeads: PromiseWithResolvers<readonly ChainHead[]> | undefined

  const desk = deskCalls((id, request) => say({ kind: 'desk?', id, ...(request && { request }) }))
  const notices = createNoticeHub()

  let reported = ''
  const state = () => `${node.healthy} ${node.status().decision_log?.message}`
  const report = () => {
    reported = state()
    say({ kind: 'node', status: node.status(), healthy: node.healthy })
  }
  const status = (): PolicyStatus => ({
    ...known,
    nodes: [...known.nodes.filter((other) => other.node !== start.place.name), node.status()],
    plugins: { ...known.plugins, ...(!node.healthy && { decision_logs: { state: 'ERROR' } }) },
  })
  /** Main's metrics with ours; without them when main is too busy to answer. */
  const metricsText = async (): Promise<string> => {
    awaited ??= Promise.withResolvers<MetricValues>()
    say({ kind: 'metrics?' })
    const late = setTimeout(() => awaited?.resolve([]), METRICS_WAIT_MS)
    const theirs = await awaited.promise
    clearTimeout(late)
    awaited = undefined
    return AggregatorRegistry.aggregate([theirs, await metrics.registry.getMetricsAsJSON()]).metrics()
  }
  const heads = (): Promise<readonly ChainHead[]> => {
    awaitedHeads ??= Promise.withResolvers()
    say({ kind: 'heads?' })
    return awaitedHeads.promise
  }
  const explainer = createExplainer(start.api.opaFile)
  const app = createPolicyApi({
    node,
    credentials: start.api.credentials,
    loopback: start.api.loopback,
    limits: start.api.limits,
    tls: start.api.tls,
    defaultDecision: start.api.defaultDecision,
    config: start.api.shownConfig,
    explainer,
    version: start.place.version,
    logger,
    metrics,
    status,
    metricsText,
    desk,
    notices,
    heads,
    purge: (subject) => say({ kind: 'purge', ...(subject !== undefined && { subject }) }),
  })

  const obey = async (message: ToWorker): Promise<void> => {
    switch (message.kind) {
      case 'activate':
        try {
          await node.activate(message.set)
          report()
          say({ kind: 'activated', id: message.id })
        } catch (error) {
          logger.error({ err: error, revision: message.set[0].revision }, 'bundles not activated on this thread')
          const failure = 'the thread of the policy API cannot load the bundle beside the others'
          say({ kind: 'activated', id: message.id, failure })
        }
        return
      case 'deactivate':
        node.deactivate()
        return report()
      case 'notice':
        return notices.adopt(message.notice)
      case 'desk':
        return desk.settle(message.id, message.answer)
      case 'status':
        known = message.status
        return
      case 'metrics':
        return awaited?.resolve(message.values)
      case 'heads':
        if (message.heads === undefined) awaitedHeads?.reject(new StoreUnavailable('heads cannot be read'))
        else awaitedHeads?.resolve(message.heads)
        awaitedHeads = undefined
        return
      case 'purge':
        return node.purge(message.subject)
      case 'reopen':
        return reopenLog()
      case 'close':
        await app.close()
        explainer.close()
        await node.close()
        port.close()
    }
  }
  port.on('message', (message: ToWorker) => void obey(message))
  const beat = () => (state() === reported ? say({ kind: 'beat' }) : report())
  setInterval(beat, start.beatMs).unref()
  say({ kind: 'listening', port: await app.listen(start.api) })
}

if (!isMainThread && parentPort !== null) await main(workerData as WorkerStart, parentPort)
