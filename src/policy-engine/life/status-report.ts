/**
 * Status reports to a service (OPA, "Status"): `POST status[/<partition>]` on each change and in between, in OPA's schema
 * (`UpdateRequestV1`) and nothing beyond it. Only the newest state matters: a report that failed is made anew.
 */

import type { RemoteService } from '../../egress/service.ts'
import type { Logger } from '../../observability/logger.ts'
import type { BundleStatus, PolicyStatus } from '../status.ts'
import { backOff, Pause } from './delay.ts'

export interface StatusReportOptions {
  readonly service: RemoteService
  readonly partition?: string
  readonly intervalMs: number
  readonly labels: Readonly<Record<string, string>>
  readonly status: () => PolicyStatus
  readonly logger: Logger
}

export interface StatusReporter {
  /** Something may have changed: a report is made where it did. */
  changed(): void
  close(): Promise<void>
}

/** Changes come in bursts: two reports are no closer together. */
const MIN_GAP_MS = 200

export function startStatusReports(options: StatusReportOptions): StatusReporter {
  const { service, partition, intervalMs, labels, status, logger } = options
  const path = partition === undefined ? 'status' : `status/${partition}`
  const pause = new Pause()
  const ended = new AbortController()
  let wanted = true
  let last = ''
  let failures = 0

  const send = async (body: string): Promise<boolean> => {
    try {
      const answer = await service.request({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json' },
        body,
        signal: ended.signal,
      })
      if (answer.status >= 200 && answer.status < 300) return true
      if (failures === 0) logger.warn({ service: service.name, status: answer.status }, 'a status report was refused')
    } catch (error) {
      if (ended.signal.aborted) return true
      if (failures === 0) logger.warn({ service: service.name, err: error }, 'a status report cannot be sent')
    }
    return false
  }
  const turn = async (isDue: boolean): Promise<number> => {
    wanted = false
    const body = JSON.stringify(reportOf(labels, status()))
    if (body === last && !isDue) return intervalMs
    if (!(await send(body))) {
      failures += 1
      return backOff(failures - 1, intervalMs)
    }
    failures = 0
    last = body
    return intervalMs
  }
  const run = async (): Promise<void> => {
    let isDue = true
    while (!ended.signal.aborted) {
      const began = performance.now()
      const waitMs = await turn(isDue)
      if (!ended.signal.aborted && !wanted) await pause.wait(waitMs)
      isDue = failures > 0 || performance.now() - began >= intervalMs
      if (!ended.signal.aborted) await pause.wait(MIN_GAP_MS)
    }
  }
  const running = run()
  return {
    changed: () => {
      wanted = true
      pause.wake()
    },
    close: async () => {
      ended.abort()
      pause.wake()
      await running
    },
  }
}

/** As Go writes a time that never was: OPA's fields for times have no other "never". */
const NEVER = '0001-01-01T00:00:00Z'

function reportOf(labels: Readonly<Record<string, string>>, { bundles, decision_logs, plugins }: PolicyStatus): object {
  return {
    labels,
    bundles: Object.fromEntries(Object.entries(bundles).map(([name, bundle]) => [name, bundleReport(bundle)])),
    ...(decision_logs && { decision_logs }),
    plugins,
  }
}

function bundleReport(bundle: BundleStatus): object {
  const { name, active_revision, size, code, message, http_code } = bundle
  return {
    name,
    ...(active_revision !== undefined && { active_revision, type: 'snapshot' }),
    last_successful_activation: bundle.last_successful_activation ?? NEVER,
    last_successful_download: bundle.last_successful_download ?? NEVER,
    last_successful_request: bundle.last_successful_request ?? NEVER,
    last_request: bundle.last_request ?? NEVER,
    ...(size !== undefined && { size }),
    // OPA has one code for all; which of ours it is stands in the message.
    ...(code !== undefined && { code: 'bundle_error', message: `${code}: ${message ?? ''}` }),
    ...(http_code !== undefined && { http_code }),
  }
}
