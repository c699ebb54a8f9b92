/** Who we are to authenticators: the issuer's host is the RP ID, its origin the only one that counts. WebAuthn Level 3 5.1.2. */
import type { X509Certificate } from 'node:crypto'
import { readAttestationRoots } from './attestation.ts'

export interface RelyingParty {
  readonly rpId: string
  readonly origin: string
  readonly name: string
  /** By which attestations are verified; none: none is. */
  readonly attestationRoots: readonly X509Certificate[]
}

/** Throws ConfigError where a file of roots holds none. */
export function openRelyingParty(
  issuer: string,
  { name, attestationRoots }: { readonly name: string; readonly attestationRoots: readonly string[] } = {
    name: 'Sallyport',
    attestationRoots: [],
  },
): RelyingParty {
  const { hostname, origin } = new URL(issuer)
  return { rpId: hostname, origin, name, attestationRoots: readAttestationRoots(attestationRoots) }
}
