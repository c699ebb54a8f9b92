/** Who we are to authenticators: the issuer's host is the RP ID, its origin the only one that counts. WebAuthn Level 3 5.1.2. */
import type { X509Certificate } from 'node:crypto'

export interface RelyingParty {
  readonly rpId: string
  readonly origin: string
  readonly name: string
  /** By which attestations are verified; none: none is. */
  readonly attestationRoots: readonly X509Certificate[]
}

export function relyingParty(issuer: string, name: string, roots: readonly X509Certificate[]): RelyingParty {
  const { hostname, origin } = new URL(issuer)
  return { rpId: hostname, origin, name, attestationRoots: roots }
}
