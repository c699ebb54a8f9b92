/**
 * Secrets of clients that authenticate by client_secret_jwt. A MAC is checked with the secret itself, so a digest is not
 * enough: of these clients alone the secret lies in the store too, sealed by the envelope key (ADR 17). OIDC Core 9.
 */
import type { Envelope } from '../../kernel/envelope.ts'
import type { ClientRecord } from '../../storage/records.ts'

/** The name under which the secrets of one client are sealed: a sealed text of another never opens in its place. */
export const secretName = (tenant: string, clientId: string): string => `client-secret/${tenant}/${clientId}`

export function sealSecret(envelope: Envelope, tenant: string, clientId: string, secret: string): string {
  const bytes = Buffer.from(secret)
  try {
    return envelope.seal(secretName(tenant, clientId), bytes)
  } finally {
    bytes.fill(0)
  }
}

/** Hands each live secret to `use` until it answers true; no byte of one stays. Throws EnvelopeError. */
export async function someSecret(
  envelope: Envelope,
  tenant: string,
  client: ClientRecord,
  use: (secret: Uint8Array) => Promise<boolean>,
): Promise<boolean> {
  for (const sealed of client.sealedSecrets ?? []) {
    const secret = envelope.open(secretName(tenant, client.clientId), sealed)
    try {
      if (await use(secret)) return true
    } finally {
      secret.fill(0)
    }
  }
  return false
}
