/** Who hears of security events, as the configuration names them or a client made itself one; each has a queue of its own in the outbox. */
import { digestOf } from '../../kernel/ids.ts'
import type { StreamRecord } from '../../storage/streams-port.ts'
import type { SignalType } from './caep.ts'

/** A place of the operator's: every event as it is, or those that are listed. */
export interface WebhookReceiver {
  readonly kind: 'webhook'
  readonly name: string
  readonly url: URL
  /** Names of events; absent: all that leave. */
  readonly events?: readonly string[] | undefined
  /** The newest first; two while one takes the place of the other. */
  readonly secrets: readonly Uint8Array[]
}

/** A client that gets Security Event Tokens: SSF 1.0 calls it the Event Receiver, and this its stream. */
export interface StreamReceiver {
  readonly kind: 'stream'
  readonly name: string
  readonly clientId: string
  /** Absent: all that streams carry. */
  readonly events?: readonly SignalType[] | undefined
  readonly description?: string | undefined
  readonly delivery: PushDelivery | { readonly method: 'poll' }
  /** As its client made it; absent: the configuration did. */
  readonly stored?: StreamRecord | undefined
}

export interface PushDelivery {
  readonly method: 'push'
  readonly url: URL
  /** Value of the Authorization header, RFC 8935 2.1; asked for each delivery, so that it can be turned. */
  readonly authorization?: (() => Promise<string>) | undefined
}

export type Receiver = WebhookReceiver | StreamReceiver

export const queueOf = ({ kind, name }: Receiver): string => `${kind}:${name}`

/** Of all streams that clients made, where there is room for a bounded number of names. */
export const MADE = 'stream:*'

/** In metrics. */
export const labelOf = (receiver: Receiver): string =>
  receiver.kind === 'stream' && receiver.stored !== undefined ? MADE : queueOf(receiver)

/** Events for which receivers are yet to be found. */
export const INBOX = 'events'

export const isPolled = (receiver: Receiver): boolean =>
  receiver.kind === 'stream' && receiver.delivery.method === 'poll'

/**
 * Of what is told to a stream: its `jti`, the same however often it is told, and another for each receiver, so that no two
 * find out by it that they serve the same person (OIDC Core 8). Sorts by time, as the event's id does.
 */
export const tokenId = (stream: StreamReceiver, eventId: string, index: number): string =>
  `${eventId.slice(0, TIME_DIGITS)}${digestOf(`${queueOf(stream)} ${eventId} ${index}`).slice(0, 22)}`

/** Of `orderedId`. */
const TIME_DIGITS = 11
