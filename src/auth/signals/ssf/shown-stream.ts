/** A stream's configuration as its client reads it. SSF 1.0 8.1.1. */
import { EVENT_TYPES, SIGNAL_TYPES } from '../caep.ts'
import type { StreamReceiver } from '../receivers.ts'
import { DELIVERY } from './ssf-configuration.ts'

export interface ShownStream {
  readonly stream_id: string
  readonly iss: string
  readonly aud: string
  readonly events_supported: readonly string[]
  readonly events_requested: readonly string[]
  readonly events_delivered: readonly string[]
  readonly delivery: { readonly method: string; readonly endpoint_url: string }
  readonly description?: string
}

/** What goes in an Authorization header of ours is shown to nobody. */
export function shownStream(issuer: string, stream: StreamReceiver): ShownStream {
  const { name, clientId, events, description, delivery, stored } = stream
  const delivered = (events ?? SIGNAL_TYPES).map((type) => EVENT_TYPES[type])
  return {
    stream_id: name,
    iss: issuer,
    aud: clientId,
    events_supported: SIGNAL_TYPES.map((type) => EVENT_TYPES[type]),
    events_requested: stored?.requested ?? delivered,
    events_delivered: delivered,
    delivery:
      delivery.method === 'push'
        ? { method: DELIVERY.push, endpoint_url: delivery.url.href }
        : { method: DELIVERY.poll, endpoint_url: `${issuer}/ssf/poll/${name}` },
    ...(description !== undefined && { description }),
  }
}
