/** The audit log: security events as JSON lines, each with its time and its place in the sequence. */
import { type Clock, systemClock, timestampText } from '../kernel/clock.ts'
import { randomId } from '../kernel/ids.ts'
import type { Audit } from './events.ts'
import { type LineWriterOptions, openLineWriter } from './writer.ts'

export interface AuditLog {
  readonly audit: Audit
  reopen(): void
  readonly healthy: boolean
  close(): Promise<void>
}

export interface AuditOptions extends LineWriterOptions {
  readonly clock?: Clock
}

/** Opens (creates, mode 0600) the log. `chain` names this run of it: `seq` counts from 1 in each. */
export function openAudit(path: string, options: AuditOptions = {}): AuditLog {
  const { clock = systemClock } = options
  const writer = openLineWriter(path, { ...options, gather: 'tick' })
  const chain = randomId(9)
  let sequence = 0
  return {
    audit: (event) => {
      sequence += 1
      const place = `{"timestamp":"${timestampText(clock.nowMs(), 3)}","chain":"${chain}","seq":${sequence},`
      return writer.append(place + JSON.stringify(event).slice(1))
    },
    reopen: () => writer.reopen(),
    get healthy() {
      return writer.healthy
    },
    close: () => writer.close(),
  }
}
