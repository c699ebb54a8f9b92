/** Streams that their clients made, as receivers: read from the store each time, since any node may change them. SSF 1.0 8.1.1. */
import type { Envelope } from '../../kernel/envelope.ts'
import type { StreamRecord, StreamStore } from '../../storage/streams-port.ts'
import { openStreamSecret } from '../client/stream-secret.ts'
import { EVENT_TYPES, SIGNAL_TYPES, type SignalType } from './caep.ts'
import type { StreamReceiver } from './receivers.ts'

export interface StoredStreams {
  find(tenant: string, id: string): Promise<StreamReceiver | undefined>
  /** The oldest first. */
  list(tenant: string): Promise<readonly StreamReceiver[]>
}

export interface StoredStreamsDeps {
  readonly envelope: Envelope
  readonly store: { readonly streams: Pick<StreamStore, 'find' | 'list'> }
}

/** What is asked for and not known here is passed over (SSF 1.0 8.1.1). */
export const typesOf = (requested: readonly string[]): readonly SignalType[] =>
  SIGNAL_TYPES.filter((type) => requested.includes(EVENT_TYPES[type]))

export function receiverOf(envelope: Envelope, tenant: string, record: StreamRecord): StreamReceiver {
  const { streamId, clientId, requested, description, pushUrl, sealed } = record
  const authorization =
    sealed === undefined ? undefined : async () => openStreamSecret(envelope, tenant, streamId, sealed)
  return {
    kind: 'stream',
    name: streamId,
    clientId,
    events: requested && typesOf(requested),
    description,
    delivery: pushUrl === undefined ? { method: 'poll' } : { method: 'push', url: new URL(pushUrl), authorization },
    stored: record,
  }
}

export const storedStreams = ({ envelope, store: { streams } }: StoredStreamsDeps): StoredStreams => ({
  find: async (tenant, id) => {
    const record = await streams.find(tenant, id)
    return record && receiverOf(envelope, tenant, record)
  },
  list: async (tenant) => (await streams.list(tenant)).map((record) => receiverOf(envelope, tenant, record)),
})

/** Where clients make none. */
export const NO_STORED_STREAMS: StoredStreams = { find: async () => undefined, list: async () => [] }
