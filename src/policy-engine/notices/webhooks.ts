/**
 * Notices to webhooks (Standard Webhooks 1.0): signed by HMAC-SHA256 over `id.timestamp.body`, in order, tried again with
 * back-off. What a receiver misses in the end is told to it as `resync`: it forgets all decisions.
 */
import { createHmac } from 'node:crypto'
import type { Egress } from '../../egress/egress.ts'
import { type Clock, epochSeconds, systemClock } from '../../kernel/clock.ts'
import type { Logger } from '../../observability/logger.ts'
import { backOff, Pause, type Random } from '../life/delay.ts'
import type { Notice, NoticeHub } from './hub.ts'

export interface Webhook {
  readonly url: URL
  /** 24 to 64 bytes. */
  readonly secret: Uint8Array
}

export interface WebhookOptions {
  readonly webhook: Webhook
  /** Lets out to the webhook's host. */
  readonly egress: Egress
  readonly notices: NoticeHub
  readonly logger: Logger
  readonly clock?: Clock
  readonly random?: Random
  /** Between two tries at most; default 5 minutes. */
  readonly maxDelayMs?: number
  /** Notices that wait at most; default 256. */
  readonly queue?: number
}

export interface WebhookSender {
  close(): Promise<void>
}

const DEADLINE_MS = 15_000
const MAX_ANSWER_BYTES = 64 * 1024

interface Message {
  readonly id: string
  readonly body: string
}

export function sendToWebhook(options: WebhookOptions): WebhookSender {
  const {
    webhook,
    egress,
    notices,
    logger,
    clock = systemClock,
    random,
    maxDelayMs = 5 * 60_000,
    queue = 256,
  } = options
  const host = webhook.url.host
  const ended = new AbortController()
  const pause = new Pause()
  let waiting: Message[] = []

  const { stop } = notices.subscribe((notice) => {
    waiting.push(messageOf(notice))
    if (waiting.length > queue) {
      // Everything that is known of what waits is in this one.
      waiting = [messageOf({ ...notice, id: `${notice.id}-resync` }, 'resync')]
      logger.warn({ webhook: host }, 'a webhook takes no notices: it will be told to forget all decisions')
    }
    if (waiting.length === 1) pause.wake()
  })

  const deliver = async ({ id, body }: Message): Promise<'delivered' | 'gone' | 'again'> => {
    const timestamp = epochSeconds(clock)
    try {
      const { status } = await egress.request({
        method: 'POST',
        url: webhook.url,
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': signatureOf(webhook.secret, id, timestamp, body),
        },
        body,
        deadlineMs: DEADLINE_MS,
        maxBytes: MAX_ANSWER_BYTES,
        signal: ended.signal,
      })
      if (status >= 200 && status < 300) return 'delivered'
      return status === 410 ? 'gone' : 'again'
    } catch {
      return 'again'
    }
  }
  const run = async (): Promise<void> => {
    let failures = 0
    while (!ended.signal.aborted) {
      const [message] = waiting
      if (message === undefined) {
        await pause.wait(maxDelayMs)
        continue
      }
      const outcome = await deliver(message)
      if (outcome === 'gone') {
        logger.warn({ webhook: host }, 'a webhook answers 410 Gone: it is told nothing more until the next start')
        return stop()
      }
      if (outcome === 'delivered') {
        failures = 0
        waiting = waiting.filter((other) => other !== message)
        continue
      }
      if (failures === 0) logger.warn({ webhook: host, type: 'notice' }, 'a webhook does not take a notice')
      failures += 1
      // A wake is for what is new, and that waits behind this one.
      if (!ended.signal.aborted) await pause.wait(backOff(failures - 1, maxDelayMs, random))
    }
  }
  const running = run()
  return {
    close: async () => {
      stop()
      ended.abort()
      pause.wake()
      await running
    },
  }
}

const messageOf = ({ id, type, timestamp, data }: Notice, as: string = type): Message => ({
  id,
  body: JSON.stringify({ type: as, timestamp, data: as === type ? data : {} }),
})

/** Standard Webhooks, "Signature scheme": symmetric, version 1. */
const signatureOf = (secret: Uint8Array, id: string, timestamp: number, body: string): string =>
  `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`
