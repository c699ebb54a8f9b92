/**
 * A security event by webhook. Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, by each secret that is live. The id
 * is the event's and the same with each try, so that who gets it twice can tell; the timestamp is of the try.
 */
import { createHmac } from 'node:crypto'
import { epochSeconds } from '../../kernel/clock.ts'
import type { OutboxTask } from '../../storage/outbox-port.ts'
import { sessionIdentifier } from '../token/session-identifier.ts'
import { type PostDeps, type Posted, post } from './post.ts'
import type { WebhookReceiver } from './receivers.ts'

/** Standard Webhooks, "Signature scheme": symmetric, version 1. */
const signatureOf = (secret: Uint8Array, id: string, timestamp: number, body: string): string =>
  `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`

/** A session's own id stays with us: it is the key of what clients know it by. */
function bodyOf(receiver: WebhookReceiver, tenant: string, { event }: OutboxTask): string {
  const data = {
    sub: event.sub,
    actor: event.by,
    client_id: event.clientId,
    session: event.sid === undefined ? undefined : sessionIdentifier(event.sid, `webhook ${receiver.name}`),
    detail: event.detail,
    resource: event.resource,
    changed: event.changed,
    request_id: event.requestId,
    decision_id: event.decisionId,
  }
  const timestamp = new Date(event.at * 1000).toISOString()
  return JSON.stringify({ id: event.id, type: event.name, timestamp, tenant, data })
}

export async function sendWebhook(
  deps: PostDeps,
  tenant: string,
  receiver: WebhookReceiver,
  task: OutboxTask,
  signal: AbortSignal,
): Promise<Posted> {
  const body = bodyOf(receiver, tenant, task)
  const { id } = task.event
  const timestamp = epochSeconds(deps.clock)
  const posted = await post(deps, receiver.url, {
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': receiver.secrets.map((secret) => signatureOf(secret, id, timestamp, body)).join(' '),
    },
    body,
    signal,
  })
  if (posted.status === undefined) return posted
  if (posted.status >= 200 && posted.status < 300) return { ...posted, outcome: 'delivered' }
  return { ...posted, outcome: posted.status === 410 ? 'gone' : 'refused' }
}
