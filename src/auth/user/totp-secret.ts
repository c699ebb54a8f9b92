/**
 * The shared secret of a TOTP, as it lies in the store: sealed by the envelope key under its person's name, so that another
 * person's never opens in its place. RFC 6238 5.1; checklist 40.
 */
import type { Envelope } from '../../kernel/envelope.ts'

export const totpSecretName = (tenant: string, sub: string): string => `totp/${tenant}/${sub}`

/** The caller zeroizes `secret`. */
export const sealTotpSecret = (envelope: Envelope, tenant: string, sub: string, secret: Uint8Array): string =>
  envelope.seal(totpSecretName(tenant, sub), secret)

/** Hands it to `use`; no byte of it stays. Throws EnvelopeError. */
export function withTotpSecret<T>(
  envelope: Envelope,
  tenant: string,
  sub: string,
  sealed: string,
  use: (secret: Uint8Array) => T,
): T {
  const secret = envelope.open(totpSecretName(tenant, sub), sealed)
  try {
    return use(secret)
  } finally {
    secret.fill(0)
  }
}
