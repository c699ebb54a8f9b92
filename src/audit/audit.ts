/** The audit log: security events as JSON lines, each with its time and its place in the chain. */
import { type Clock, systemClock, timestampText } from '../kernel/clock.ts'
import { type ChainedLogOptions, openChainedLog } from './chained-log.ts'
import type { Audit } from './events.ts'

export interface AuditLog {
  readonly audit: Audit
  reopen(): void
  readonly healthy: boolean
  close(): Promise<void>
}

export interface AuditOptions extends ChainedLogOptions {
  readonly clock?: Clock
}

/** Opens (creates, mode 0600) the log. */
export function openAudit(path: string, options: AuditOptions = {}): AuditLog {
  const { clock = systemClock } = options
  const log = openChainedLog(path, { ...options, gather: 'tick' })
  return {
    audit: (event) =>
      log.append(`{"timestamp":"${timestampText(clock.nowMs(), 3)}",`, `,${JSON.stringify(event).slice(1)}`),
    reopen: () => log.reopen(),
    get healthy() {
      return log.healthy
    },
    close: () => log.close(),
  }
}
