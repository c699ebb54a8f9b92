/** A stream's record once its client has said what it wants of it. */
import type { Audit } from '../../../audit/events.ts'
import type { Envelope } from '../../../kernel/envelope.ts'
import type { StreamRecord, StreamStore } from '../../../storage/streams-port.ts'
import { sealStreamSecret } from '../../client/stream-secret.ts'
import type { StreamDeps } from './stream-access.ts'
import type { Wanted } from './stream-body.ts'

export type ManageDeps = StreamDeps & {
  readonly audit: Audit
  readonly envelope: Envelope
  readonly store: { readonly streams: Pick<StreamStore, 'create' | 'replace' | 'delete'> }
}

/** All that is the client's is what it wants now, and what it did not name is not there. A credential is sealed. */
export function configured(
  envelope: Envelope,
  tenant: string,
  { v, streamId, clientId, createdAt, version }: StreamRecord,
  { requested, description, delivery = 'poll' }: Wanted,
): StreamRecord {
  const base: StreamRecord = {
    v,
    streamId,
    clientId,
    ...(requested !== undefined && { requested }),
    ...(description !== undefined && { description }),
    createdAt,
    version,
  }
  if (delivery === 'poll') return base
  const { url, authorization } = delivery
  return {
    ...base,
    pushUrl: url.href,
    ...(authorization !== undefined && { sealed: sealStreamSecret(envelope, tenant, streamId, authorization) }),
  }
}
