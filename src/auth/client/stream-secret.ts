/** What a client wants sent along with each event that is pushed to it (RFC 8935 2.1), sealed with the envelope key. */
import type { Envelope } from '../../kernel/envelope.ts'

/** The name under which it is sealed: that of another stream never opens in its place. */
export const streamSecretName = (tenant: string, streamId: string): string =>
  `stream-authorization/${tenant}/${streamId}`

export function sealStreamSecret(envelope: Envelope, tenant: string, streamId: string, header: string): string {
  const bytes = Buffer.from(header)
  try {
    return envelope.seal(streamSecretName(tenant, streamId), bytes)
  } finally {
    bytes.fill(0)
  }
}

/** Throws EnvelopeError. */
export function openStreamSecret(envelope: Envelope, tenant: string, streamId: string, sealed: string): string {
  const bytes = envelope.open(streamSecretName(tenant, streamId), sealed)
  try {
    return Buffer.from(bytes).toString()
  } finally {
    bytes.fill(0)
  }
}
