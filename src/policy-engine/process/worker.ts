/**
 * Runs the policy API in a thread of its own and keeps it running: a thread that crashes, or whose decisions never end, is
 * ended and started again. Meanwhile 8181 does not answer; the main thread decides on, untouched.
 */
import { Worker } from 'node:worker_threads'
import { threadEnvironment, threadFile } from '../../kernel/threads.ts'
import type { Logger } from '../../observability/logger.ts'
import type { ChainHead } from '../../storage/records.ts'
import { type BundleSet, EvaluationError } from '../engine.ts'
import type { BundleDesk } from '../life/desk.ts'
import { answerDesk } from '../life/desk-calls.ts'
import type { ResolvedApi } from '../listen.ts'
import type { NodeStatus } from '../node/data-node.ts'
import type { NodePlace } from '../node/open-node.ts'
import type { Notice } from '../notices/hub.ts'
import type { PolicyStatus } from '../status.ts'
import { BEATS_PER_DEADLINE, restartDelayMs, START_DEADLINE_MS, watchBeats } from './heartbeat.ts'
import type { FromWorker, MetricValues, ToWorker, WorkerStart } from './worker-messages.ts'

export interface PolicyWorkerOptions {
  readonly api: ResolvedApi
  readonly place: NodePlace
  readonly logger: Logger
  /** Default 2,000. */
  readonly heartbeatMs?: number
  /** The main thread's own. */
  readonly metrics: () => Promise<MetricValues>
  readonly status: () => PolicyStatus
  /** What the API asks of the bundles. */
  readonly desk: BundleDesk
  /** A head of the thread's log, and those of all logs. */
  readonly onHead: (head: ChainHead) => void
  readonly heads: () => Promise<readonly ChainHead[]>
  /** Somebody asked the API to empty the decision caches. */
  readonly onPurge: (subject?: string) => void
  /** The thread activated something, stopped, or came back. */
  readonly onChange: () => void
}

export interface PolicyWorker {
  /** Its port once it listens; rejects when the first start fails. */
  readonly listening: Promise<number>
  /** The port that it listens on; the same after each restart. */
  readonly port: number
  /** Rejects when the thread cannot load them. One that ends meanwhile loads them when it comes back. */
  activate(set: BundleSet): Promise<void>
  /** Nothing is decided there until the next activation. */
  deactivate(): void
  notify(notice: Notice): void
  /** Hands the present status over, for `/v1/status`. */
  tell(): void
  purge(subject?: string): void
  reopenLog(): void
  readonly node: NodeStatus
  readonly healthy: boolean
  readonly restarts: number
  close(): Promise<void>
}

/** Short-lived objects get less room than V8 would take: it keeps what it once took. */
const LIMITS = { maxYoungGenerationSizeMb: 8 }

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'

/** Starts at once; what it is told before it listens reaches it then. */
export function startPolicyWorker(options: PolicyWorkerOptions): PolicyWorker {
  const { logger, heartbeatMs = 2000 } = options
  const listening = Promise.withResolvers<number>()
  let { port } = options.api
  let thread: Worker | undefined
  let set: BundleSet | undefined
  const activations = new Map<number, PromiseWithResolvers<void>>()
  let lastActivation = 0
  let node: NodeStatus = { node: options.place.name }
  let healthy = true
  let restarts = 0
  let failures = 0
  let closed = false
  let restarting: NodeJS.Timeout | undefined
  const say = (message: ToWorker) => thread?.postMessage(message)

  const start = () => {
    const data: WorkerStart = {
      api: { ...options.api, port },
      place: options.place,
      logLevel: logger.level,
      beatMs: heartbeatMs / BEATS_PER_DEADLINE,
    }
    const worker = new Worker(threadFile('../api/worker-main', import.meta.url), {
      workerData: data,
      env: threadEnvironment(),
      execArgv: [],
      name: 'policy-api',
      resourceLimits: LIMITS,
    })
    thread = worker
    const end = () => {
      logger.error({ heartbeatMs }, 'the policy API thread hangs and is ended')
      void worker.terminate()
    }
    let beats = watchBeats(START_DEADLINE_MS, end)
    worker.on('message', (message: FromWorker) => {
      beats.beat()
      if (message.kind === 'listening') {
        beats.stop()
        beats = watchBeats(heartbeatMs, end)
      }
      hear(message)
    })
    worker.once('error', (error) => {
      // At the start, whoever asked for an address that is taken says what to do about it.
      if (restarts > 0 || !isTaken(error)) logger.error({ err: error }, 'the policy API thread failed')
      listening.reject(error)
    })
    worker.once('exit', () => {
      beats.stop()
      thread = undefined
      for (const { resolve } of activations.values()) resolve()
      activations.clear()
      node = { node: options.place.name }
      if (closed) return
      restarts += 1
      failures += 1
      options.onChange()
      restarting = setTimeout(start, restartDelayMs(failures))
    })
    if (set !== undefined) say({ kind: 'activate', id: ++lastActivation, set })
    say({ kind: 'status', status: options.status() })
  }

  const hear = (message: FromWorker): void => {
    switch (message.kind) {
      case 'beat':
        return
      case 'listening':
        port = message.port
        failures = 0
        listening.resolve(port)
        return
      case 'node':
        node = message.status
        healthy = message.healthy
        options.onChange()
        return
      case 'activated':
        if (message.failure === undefined) activations.get(message.id)?.resolve()
        else activations.get(message.id)?.reject(new EvaluationError(message.failure))
        activations.delete(message.id)
        return
      case 'metrics?':
        void options.metrics().then((values) => say({ kind: 'metrics', values }))
        return
      case 'desk?':
        void answerDesk(options.desk, message.request, logger).then((answer) =>
          say({ kind: 'desk', id: message.id, answer }),
        )
        return
      case 'head':
        options.onHead(message.head)
        return
      case 'heads?':
        void options.heads().then(
          (heads) => say({ kind: 'heads', heads }),
          () => say({ kind: 'heads', heads: undefined }),
        )
        return
      case 'purge':
        options.onPurge(message.subject)
    }
  }

  start()
  // A thread that never listened is not started again: whoever waits for it hears why.
  listening.promise.catch(() => {
    closed = true
  })
  return {
    listening: listening.promise,
    get port() {
      return port
    },
    activate: (next) => {
      const before = set
      const id = ++lastActivation
      const done = Promise.withResolvers<void>()
      set = next
      if (thread === undefined) done.resolve()
      else activations.set(id, done)
      say({ kind: 'activate', id, set: next })
      return done.promise.catch((error: unknown) => {
        // What it cannot load now it could not load when it comes back either.
        if (set === next) set = before
        throw error
      })
    },
    deactivate: () => {
      set = undefined
      say({ kind: 'deactivate' })
    },
    notify: (notice) => say({ kind: 'notice', notice }),
    tell: () => say({ kind: 'status', status: options.status() }),
    purge: (subject) => say({ kind: 'purge', ...(subject !== undefined && { subject }) }),
    reopenLog: () => say({ kind: 'reopen' }),
    get node() {
      return node
    },
    get healthy() {
      return healthy
    },
    get restarts() {
      return restarts
    },
    close: async () => {
      closed = true
      clearTimeout(restarting)
      const worker = thread
      if (worker === undefined) return
      const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
      say({ kind: 'close' })
      const late = setTimeout(() => void worker.terminate(), heartbeatMs)
      await ended
      clearTimeout(late)
    },
  }
}
