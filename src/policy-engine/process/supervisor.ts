/**
 * Runs the policy service as a child process and keeps it running: when its heartbeats stop (a decision that never ends
 * blocks its only thread) it is killed and started again; when it crashes, it is started again, more slowly each time.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { ConfigError } from '../../kernel/errors.ts'
import type { Logger } from '../../observability/logger.ts'
import { restartDelayMs, START_DEADLINE_MS, watchBeats } from './heartbeat.ts'
import type { FromChild, ToChild } from './supervised.ts'

export interface SupervisorOptions {
  /** The file to fork; it calls `serveSupervised`. */
  readonly entry: URL
  /** Handed to its start function; structured-cloneable. */
  readonly options: unknown
  readonly logger: Logger
  /** Default 2,000. */
  readonly heartbeatMs?: number
  /** Its whole environment; empty by default, so that no secret of ours gets there unmeant. */
  readonly env?: Readonly<Record<string, string>>
}

export interface Supervisor {
  /** Of the child that runs now. */
  readonly pid: number | undefined
  readonly port: number
  readonly restarts: number
  reopenLogs(): void
  close(): Promise<void>
}

/** Resolves once the child listens; throws ConfigError when it says that it may not start. */
export async function supervise(options: SupervisorOptions): Promise<Supervisor> {
  const { logger, heartbeatMs = 2000 } = options
  const listening = Promise.withResolvers<number>()
  let started = false
  let port = 0
  let child: ChildProcess | undefined
  let restarts = 0
  let failures = 0
  let closed = false
  let restarting: NodeJS.Timeout | undefined

  const start = () => {
    const running = fork(options.entry, [], { env: options.env ?? {}, execArgv: [], serialization: 'advanced' })
    child = running
    const kill = (why: string) => () => {
      logger.error({ pid: running.pid, heartbeatMs }, why)
      running.kill('SIGKILL')
    }
    let beats = watchBeats(START_DEADLINE_MS, kill('the policy service does not start and is killed'))
    running.on('message', (message: FromChild) => {
      if (message.kind === 'beat') beats.beat()
      if (message.kind === 'refused') {
        logger.error({ why: message.message }, 'the policy service may not start')
        if (!started) listening.reject(new ConfigError(message.message))
      }
      if (message.kind !== 'listening') return
      beats.stop()
      beats = watchBeats(heartbeatMs, kill('the policy service hangs and is killed'))
      started = true
      failures = 0
      port = message.port
      listening.resolve(port)
    })
    running.once('error', (error) => {
      logger.error({ err: error }, 'the policy service failed')
      listening.reject(error)
    })
    running.once('exit', (code, signal) => {
      beats.stop()
      if (child === running) child = undefined
      if (closed) return
      logger.error({ code, signal }, 'the policy service ended and is started again')
      restarts += 1
      failures += 1
      restarting = setTimeout(start, restartDelayMs(failures))
    })
    say(running, { kind: 'start', options: options.options, heartbeatMs })
  }

  start()
  try {
    await listening.promise
  } catch (error) {
    closed = true
    clearTimeout(restarting)
    child?.kill('SIGKILL')
    throw error
  }
  return {
    get pid() {
      return child?.pid
    },
    get port() {
      return port
    },
    get restarts() {
      return restarts
    },
    reopenLogs: () => child && say(child, { kind: 'reopen' }),
    close: async () => {
      closed = true
      clearTimeout(restarting)
      const running = child
      if (running === undefined) return
      const ended = new Promise<void>((resolve) => running.once('exit', () => resolve()))
      say(running, { kind: 'close' })
      const late = setTimeout(() => running.kill('SIGKILL'), 2 * heartbeatMs)
      await ended
      clearTimeout(late)
    },
  }
}

/** A child that is gone gets nothing; its exit says the rest. */
function say(child: ChildProcess, message: ToChild): void {
  if (child.connected) child.send(message, () => {})
}
