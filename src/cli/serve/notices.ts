/** Who is told of activations and states: webhooks and the status service; and whose notices this instance hears. */
import type { Config } from '../../config/schema.ts'
import { openEgress } from '../../egress/open.ts'
import { hostWithPort } from '../../egress/service.ts'
import type { Logger } from '../../observability/logger.ts'
import { startStatusReports } from '../../policy-engine/life/status-report.ts'
import { readToken } from '../../policy-engine/listen.ts'
import type { NoticeHub } from '../../policy-engine/notices/hub.ts'
import { subscribeToNotices } from '../../policy-engine/notices/subscriber.ts'
import { sendToWebhook } from '../../policy-engine/notices/webhooks.ts'
import type { PolicyStatus } from '../../policy-engine/status.ts'
import { webhookSecret } from '../settings/webhook-secret.ts'
import { VERSION } from '../version.ts'
import type { Services } from './services.ts'

export interface Told {
  readonly notices: NoticeHub
  status(): PolicyStatus
  /** Told after each change of the status. */
  onStatus(listener: () => void): void
  /** Empties the decision caches without telling anybody. */
  forget(subject?: string): void
}

export interface TellDeps {
  readonly services: Services
  readonly logger: Logger
  /** Of this deployment. */
  readonly id: string
  readonly ends: Pick<AsyncDisposableStack, 'defer'>
}

/** Throws ConfigError where a secret is none, or a service is not there. */
export function tellOthers(config: Config, told: Told, deps: TellDeps): void {
  const { services, logger, id, ends } = deps
  const { service, partition_name: partition, interval_seconds } = config.status
  if (service !== undefined) {
    const reports = startStatusReports({
      service: services.open(service, 'status.service'),
      ...(partition !== undefined && { partition }),
      intervalMs: interval_seconds * 1000,
      labels: { id, version: VERSION },
      status: () => told.status(),
      logger,
    })
    told.onStatus(() => reports.changed())
    ends.defer(() => reports.close())
  }
  for (const [at, { url, secret_file }] of config.notices.webhooks.entries()) {
    const webhook = { url: new URL(url), secret: webhookSecret(secret_file, `notices.webhooks.${at}.secret_file`) }
    const egress = openEgress({ allow: [hostWithPort(webhook.url)], unlisted: 'none' })
    const sender = sendToWebhook({ webhook, egress, notices: told.notices, logger })
    ends.defer(async () => {
      await sender.close()
      await egress.close()
    })
  }
  for (const { url, token_file } of config.notices.peers) {
    const subscriber = subscribeToNotices({
      url,
      token: async () => (token_file === undefined ? undefined : readToken(token_file)),
      onPurge: (subject) => told.forget(subject),
      logger,
    })
    ends.defer(() => subscriber.close())
  }
}
