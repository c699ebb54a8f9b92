/** For tests: an auth service that tells a webhook of its security events, and how many that has heard of. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { INBOX } from '../../src/auth/signals/receivers.ts'
import type { TestService, TestServiceOptions } from '../servers/auth-service.ts'
import { makeCertificates } from '../servers/certificates.ts'
import { startEventSink } from '../servers/event-sink.ts'
import { TENANT } from '../servers/population.ts'
import { until } from '../servers/until.ts'
import { startWithReceivers } from './security-events.ts'

export interface WithWebhook {
  readonly service: TestService
  /** How many of this type it has heard of, once nothing is on its way. */
  told(type: string): Promise<number>
  stop(): Promise<void>
}

export async function startWithWebhook(more: TestServiceOptions): Promise<WithWebhook> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-webhook-'))
  const certificates = await makeCertificates(folder)
  const sink = await startEventSink(certificates)
  const webhook = { kind: 'webhook', name: 'siem', url: new URL(sink.url), secrets: [randomBytes(32)] } as const
  const service = await startWithReceivers(certificates, { receivers: [webhook] }, more)
  const { outbox } = service.store
  const waiting = () => Promise.all([INBOX, 'webhook:siem'].map((queue) => outbox.waiting(TENANT, queue)))
  return {
    service,
    told: async (type) => {
      await until(async () => (await waiting()).every((count) => count === 0), 'all events are delivered')
      return sink.kept.filter(({ body }) => JSON.parse(body).type === type).length
    },
    stop: async () => {
      await service.close()
      await sink.shut()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
