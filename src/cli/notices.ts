/** Who is told of activations and states: webhooks and the status service; and whose notices this instance hears. */
import type { Config } from '../config/schema.ts'
import { readSecretFile } from '../config/secrets.ts'
import { openEgress } from '../egress/open.ts'
import { hostWithPort } from '../egress/service.ts'
import { ConfigError } from '../kernel/errors.ts'
import type { Logger } from '../observability/logger.ts'
import { startStatusReports } from '../policy-engine/life/status-report.ts'
import { readToken } from '../policy-engine/listen.ts'
import type { NoticeHub } from '../policy-engine/notices/hub.ts'
import { subscribeToNotices } from '../policy-engine/notices/subscriber.ts'
import { sendToWebhook } from '../policy-engine/notices/webhooks.ts'
import type { PolicyStatus } from '../policy-engine/status.ts'
import type { Services } from './services.ts'
import { VERSION } from './version.ts'

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

const MIN_SECRET_BYTES = 24
const MAX_SECRET_BYTES = 64

/** Standard Webhooks, "Secret": `whsec_` and base64. */
function webhookSecret(file: string, setting: string): Uint8Array {
  const text = readSecretFile(file, setting)
  const encoded = text.startsWith('whsec_') ? text.slice('whsec_'.length) : ''
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.byteLength < MIN_SECRET_BYTES || bytes.byteLength > MAX_SECRET_BYTES || !/^[A-Za-z0-9+/]+=*$/.test(encoded))
    throw new ConfigError(
      `${setting}: must be whsec_ and base64 of ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes (for one: echo whsec_$(openssl rand -base64 32))`,
    )
  return bytes
}
